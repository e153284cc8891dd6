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
		Short: "Compare the stream with the configuration",
		Long: `doctor makes the check that run makes when it starts, changes nothing, and says
what it found, what is wanted and how to mend the difference. It exits with 3 if
there is one.`,
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
