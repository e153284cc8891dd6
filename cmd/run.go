package cmd

import (
	"context"
	"io"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"korestream/consumer"
	"korestream/internal/app"
	"korestream/internal/config"
)

func newRun(stdout io.Writer) *cobra.Command {
	var s settings
	c := &cobra.Command{
		Use:   "run",
		Short: "Consume a stream until told to stop",
		Long: `run checks the stream, leases its shards and consumes until SIGTERM or SIGINT;
then it drains, checkpoints and releases. A second signal stops it at once.
With webhook.listen it takes KORE's webhooks too.`,
		RunE: func(c *cobra.Command, _ []string) error {
			return s.serve(c, stdout, false, func(ctx context.Context, p process) (runner, error) {
				consumer.RedirectLogrus(p.log)
				return app.NewDaemon(ctx, p.cfg, p.log, app.WithLevel(p.level))
			})
		},
	}
	s.flags(c)
	return c
}

// process is what every daemon is made of.
type process struct {
	cfg   *config.Config
	log   *zap.Logger
	level zap.AtomicLevel
}

// runner is a daemon.
type runner interface{ Run(context.Context) error }

// serve loads the configuration and runs a daemon of it until its end.
func (s *settings) serve(c *cobra.Command, stdout io.Writer, noFiles bool, open func(context.Context, process) (runner, error)) error {
	cfg, err := s.load(noFiles)
	if err != nil {
		return err
	}
	log, level, err := app.NewLevelLogger(stdout, cfg.Log.Level, cfg.Log.Format)
	if err != nil {
		return &app.ExitError{Code: app.ExitConfig, Err: err}
	}
	d, err := open(c.Context(), process{cfg, log, level})
	if err == nil {
		err = d.Run(c.Context())
	}
	if err != nil {
		log.Error("ended with an error", zap.NamedError("error", err), zap.Int("exit_code", app.ExitCode(err)))
	}
	return err
}
