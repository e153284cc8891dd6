package cmd

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"korestream/internal/app"
)

func newLeases(stdout io.Writer) *cobra.Command {
	var (
		s      settings
		output string
	)
	c := &cobra.Command{
		Use:   "leases",
		Short: "Show who owns which shard, and how far it is read",
		Long: `leases reads the lease table and the stream and changes nothing. "behind" is for
how long the oldest record above the checkpoint has been on the stream; asking
costs two of a shard's five reads a second.`,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkOutput(output); err != nil {
				return err
			}
			cfg, err := s.load(true)
			if err != nil {
				return err
			}
			return app.Leases(c.Context(), cfg, stdout, output)
		},
	}
	s.flags(c)
	outputFlag(c, &output)
	c.AddCommand(newLeasesImport(stdout), newLeasesExport(stdout))
	return c
}

func outputFlag(c *cobra.Command, into *string) {
	c.Flags().StringVarP(into, "output", "o", "table", "table or json")
}

func checkOutput(output string) error {
	if output != "table" && output != "json" {
		return &usageError{fmt.Errorf("--output %s: want table or json", output)}
	}
	return nil
}
