package cmd

import (
	"errors"
	"io"

	"github.com/spf13/cobra"

	"korestream/consumer"
	"korestream/internal/app"
)

func newDev(stdout, stderr io.Writer) *cobra.Command {
	o := app.DevOptions{Out: stdout, View: stderr}
	var level string
	c := &cobra.Command{
		Use:   "dev",
		Short: "Try everything on this machine, with nothing but this program",
		Long: `dev starts an AWS endpoint in this process, puts made-up KORE events on a
stream, consumes them as run does, and shows what happens. With --count it stops
by itself once everything is accounted for, and its last line on standard output
is a summary in JSON; it fails if anything is missing, twice or not checkpointed.`,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.Count < 0 || o.Shards < 1 || o.Rate < 0 {
				return &usageError{errors.New("--count and --rate must not be negative, and --shards is 1 or more")}
			}
			if o.Count == 0 && !c.Flags().Changed("rate") {
				o.Rate = 50 // for people to follow
			}
			log, err := app.NewLogger(stderr, level, app.FormatConsole)
			if err != nil {
				return &usageError{err}
			}
			consumer.RedirectLogrus(log)
			return app.Dev(c.Context(), o, log)
		},
	}
	f := c.Flags()
	f.IntVar(&o.Count, "count", 0, "records to put before stopping; 0 goes on until Ctrl-C")
	f.Float64Var(&o.Rate, "rate", 0, "records a second; 0 is as fast as they are taken (default 50 without --count)")
	f.IntVar(&o.Shards, "shards", 4, "shards of the stream")
	f.Uint64Var(&o.Seed, "seed", 1, "what decides the made-up events")
	f.StringVar(&o.Dir, "dir", "", "folder for the events and dead letters (default: a new temporary one)")
	f.StringVar(&level, "log-level", "warn", "debug, info, warn or error")
	return c
}
