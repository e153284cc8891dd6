package cmd

import (
	"errors"
	"io"

	"github.com/spf13/cobra"

	"korestream/internal/app"
)

func newExplain(stdout io.Writer) *cobra.Command {
	var (
		s      settings
		output string
	)
	c := &cobra.Command{
		Use:   "explain SHARD",
		Short: "Say why a shard is or is not moving",
		Long: `explain reads the lease table and the stream, asks the shard's owner where its
admin server can be reached, and says what holds the shard: a parent, a handler,
a parked event, a throttle, a dead owner. It changes nothing. A shard's number
will do for its ID.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &usageError{errors.New("explain needs one shard; korestream leases lists them")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkOutput(output); err != nil {
				return err
			}
			cfg, err := s.load(true)
			if err != nil {
				return err
			}
			return app.Explain(c.Context(), cfg, args[0], stdout, output)
		},
	}
	s.flags(c)
	outputFlag(c, &output)
	return c
}
