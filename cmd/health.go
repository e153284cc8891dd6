package cmd

import (
	"errors"
	"io"

	"github.com/spf13/cobra"

	"korestream/internal/app"
)

func newHealth(stdout io.Writer) *cobra.Command {
	var (
		s                    settings
		live, ready, startup bool
	)
	c := &cobra.Command{
		Use:   "health",
		Short: "Ask the process on this host whether it is well",
		Long: `health asks the admin server that the configuration names and writes one line.
Its exit code is 0 if all is well and 1 if not: it is the probe for an image
without a shell. Without a flag it asks whether the process is alive.`,
		RunE: func(c *cobra.Command, _ []string) error {
			if live && ready || live && startup || ready && startup {
				return &usageError{errors.New("health asks one thing: --live, --ready or --startup")}
			}
			cfg, err := s.load(true)
			if err != nil {
				return err
			}
			probe := app.ProbeLive
			switch {
			case ready:
				probe = app.ProbeReady
			case startup:
				probe = app.ProbeStartup
			}
			return app.Health(c.Context(), cfg, probe, stdout)
		},
	}
	s.flags(c)
	c.Flags().BoolVar(&live, "live", false, "no loop stands still (/livez); the default")
	c.Flags().BoolVar(&ready, "ready", false, "it is consuming (/readyz)")
	c.Flags().BoolVar(&startup, "startup", false, "consuming has begun (/startupz)")
	return c
}
