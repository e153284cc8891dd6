package cmd

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"korestream/internal/app"
)

func newDoctor(stdout io.Writer) *cobra.Command {
	var (
		s      settings
		output string
	)
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Examine the stream, the tables, the permissions and the fleet",
		Long: `doctor looks at everything that this configuration depends on: the stream and its
shards, each IAM action by a call without an effect, the tables, the place of dead
letters, the clock, other readers, and processes that share an ID. It changes
nothing, says what it found, what is wanted and how to mend the difference, and
exits with 3 if there is one. Advice alone is no such difference.`,
		RunE: func(c *cobra.Command, _ []string) error {
			if output != "table" && output != "json" {
				return &usageError{fmt.Errorf("--output %s: want table or json", output)}
			}
			cfg, err := s.load(true)
			if err != nil {
				return err
			}
			return app.Doctor(c.Context(), cfg, stdout, output)
		},
	}
	s.flags(c)
	c.Flags().StringVarP(&output, "output", "o", "table", "table or json")
	return c
}
