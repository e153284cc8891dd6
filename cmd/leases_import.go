package cmd

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"korestream/internal/app"
)

func newLeasesImport(stdout io.Writer) *cobra.Command {
	var (
		s settings
		o app.LeasesImportOptions
	)
	c := &cobra.Command{
		Use:   "import --from TABLE",
		Short: "Go on where an application of Amazon's KCL has stopped",
		Long: `import reads the lease table of an application of Amazon's KCL 1.x, 2.x or 3.x and
writes the same leases for korestream, so that each shard goes on exactly where
it was checkpointed. Stop that application first, and start korestream after: it
is an offline move, and refused (exit code 3) while either runs. Nothing is
overwritten, and the other table is only read; made twice it does no harm.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case o.From == "":
				return &usageError{errors.New("--from TABLE: name the lease table to import from")}
			case o.Output != "table" && o.Output != "json":
				return &usageError{fmt.Errorf("--output %s: want table or json", o.Output)}
			}
			cfg, err := s.load(true)
			if err != nil {
				return err
			}
			return app.LeasesImport(c.Context(), cfg, o, stdout)
		},
	}
	s.flags(c)
	f := c.Flags()
	f.StringVar(&o.From, "from", "", "lease table of the application of Amazon's KCL")
	f.StringVar(&o.FromStream, "from-stream", "", "account:name:creationEpoch, if that table holds several streams of the name")
	f.DurationVar(&o.Watch, "watch", app.DefaultImportWatch, "how long to watch for a fleet that still runs; longer than its failover time")
	f.BoolVar(&o.DryRun, "dry-run", false, "say what would be done and write nothing")
	f.StringVarP(&o.Output, "output", "o", "table", "table or json")
	return c
}
