package cmd

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"korestream/internal/app"
)

func newWebhook(stdout io.Writer) *cobra.Command {
	var s settings
	c := &cobra.Command{
		Use:   "webhook",
		Short: "Receive KORE's webhooks and put their events on the stream",
		Long: `webhook takes the requests of KORE's webhooks at webhook.listen, verifies their
signatures and puts their events on the stream, for run to consume. A request gets
its 2xx once all of its events are there, else a 503, after which KORE sends it
again. On SIGTERM or SIGINT it finishes what is in flight.

The secrets are in webhook.secret_file, or in $KORE_WEBHOOK_SECRETS.`,
		RunE: func(c *cobra.Command, _ []string) error {
			return s.serve(c, stdout, true, func(ctx context.Context, p process) (runner, error) {
				return app.NewReceiver(ctx, p.cfg, p.log, p.level)
			})
		},
	}
	s.flags(c)
	return c
}
