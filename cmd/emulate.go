package cmd

import (
	"io"

	"github.com/spf13/cobra"

	"korestream/internal/app"
)

func newEmulate(stdout io.Writer) *cobra.Command {
	var o app.EmulateOptions
	c := &cobra.Command{
		Use:   "emulate",
		Short: "Serve Kinesis and DynamoDB in memory, for any AWS client",
		Long: `emulate serves an AWS endpoint with Kinesis and DynamoDB in memory. Point any
AWS client at it with AWS_ENDPOINT_URL and any credentials. With --stream it makes
a stream, and with --rate it puts the events of a made-up fleet on it.`,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.Validate(); err != nil {
				return &usageError{err}
			}
			log, err := app.NewLogger(stdout, "info", app.FormatJSON)
			if err != nil {
				return err
			}
			return app.Emulate(c.Context(), o, log)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Listen, "listen", "127.0.0.1:4566", "address; port 0 picks one and logs it")
	f.StringVar(&o.Region, "region", "us-east-1", "region in ARNs")
	f.StringVar(&o.Account, "account", "000000000000", "account in ARNs")
	f.BoolVar(&o.Quotas, "quotas", true, "refuse what is over a shard's quotas, as AWS does")
	f.StringVar(&o.Stream, "stream", "", "name of a stream to make; empty makes none")
	f.IntVar(&o.Shards, "shards", 4, "shards of the stream")
	f.Float64Var(&o.Rate, "rate", 0, "records a second of a made-up fleet, put on the stream; 0 is none")
	return c
}
