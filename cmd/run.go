package cmd

import (
	"io"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"korestream/consumer"
	"korestream/internal/app"
)

func newRun(stdout io.Writer) *cobra.Command {
	var s settings
	c := &cobra.Command{
		Use:   "run",
		Short: "Consume a stream until told to stop",
		Long: `run checks the stream, leases its shards and consumes until SIGTERM or SIGINT;
then it drains, checkpoints and releases. A second signal stops it at once.`,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := s.load(false)
			if err != nil {
				return err
			}
			log, level, err := app.NewLevelLogger(stdout, cfg.Log.Level, cfg.Log.Format)
			if err != nil {
				return &app.ExitError{Code: app.ExitConfig, Err: err}
			}
			consumer.RedirectLogrus(log)
			d, err := app.NewDaemon(c.Context(), cfg, log, app.WithLevel(level))
			if err == nil {
				err = d.Run(c.Context())
			}
			if err != nil {
				log.Error("ended with an error", zap.NamedError("error", err), zap.Int("exit_code", app.ExitCode(err)))
			}
			return err
		},
	}
	s.flags(c)
	return c
}
