package cmd

import (
	"errors"
	"io"

	"github.com/spf13/cobra"

	"korestream/internal/app"
)

func newLeasesExport(stdout io.Writer) *cobra.Command {
	var (
		s  settings
		to string
	)
	c := &cobra.Command{
		Use:   "export --to TABLE",
		Short: "Leave the leases to an application of Amazon's KCL",
		Long: `export writes the leases into another table as Amazon's KCL writes them, without
korestream's own rows. KCL 3.5 skips those; versions before it trip over them, so
a move back to one goes through an export. Stop korestream first: it is refused
(exit code 3) while a worker lives. Nothing is overwritten.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if to == "" {
				return &usageError{errors.New("--to TABLE: name the lease table to export to")}
			}
			cfg, err := s.load(true)
			if err != nil {
				return err
			}
			return app.LeasesExport(c.Context(), cfg, to, stdout)
		},
	}
	s.flags(c)
	c.Flags().StringVar(&to, "to", "", "lease table for the application of Amazon's KCL")
	return c
}
