package cmd

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"korestream/consumer"
	"korestream/internal/app"
)

// replayPlanFlags are those that say what a replay is. A replay that is resumed
// is what it was.
var replayPlanFlags = []string{"from", "to", "type", "sim", "shard", "handlers", "dry-run"}

func newReplay(stdout, stderr io.Writer) *cobra.Command {
	var (
		s        settings
		o        app.ReplayOptions
		from, to string
	)
	c := &cobra.Command{
		Use:   "replay --from TIME [--to TIME] --handlers NAME,...",
		Short: "Take a time range of the stream to handlers again",
		Long: `replay takes the events that arrived from --from until before --to to handlers of
the configuration once more: in order per SIM, with retries, dead letters and
checkpoints as run does, beside a live korestream and without its leases. It reads
each shard once a second, of the five times and with half of the bytes that Kinesis
allows, and ends when the range is done.

It prints its ID. After Ctrl-C, SIGTERM or a crash it goes on with --resume ID, and
several processes with one ID share the work. The summary on standard output counts
what this process did. It exits with 1 if the range is not done.`,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := completeReplay(c, &o, from, to); err != nil {
				return &usageError{err}
			}
			cfg, err := s.load(o.DryRun)
			if err != nil {
				return err
			}
			level := cfg.Log.Level
			if f, ok := stderr.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
				o.Bar = stderr
				if level == "info" { // lines would tear the bar
					level = "warn"
				}
			}
			log, err := app.NewLogger(stderr, level, cfg.Log.Format)
			if err != nil {
				return &app.ExitError{Code: app.ExitConfig, Err: err}
			}
			consumer.RedirectLogrus(log)
			return app.Replay(c.Context(), cfg, o, log, stdout)
		},
	}
	s.flags(c)
	f := c.Flags()
	f.StringVar(&from, "from", "", "first arrival time: 2h (before now), or an RFC 3339 time")
	f.StringVar(&to, "to", "0s", "arrival time to end before: 1h (before now), or an RFC 3339 time")
	f.StringVar(&o.Type, "type", "", "only events of types that match this pattern")
	f.StringVar(&o.SIM, "sim", "", "only events of this SIM: its sid, or ICCID")
	f.StringVar(&o.Shard, "shard", "", "only events of this shard: its ID or number")
	f.StringSliceVar(&o.Handlers, "handlers", nil, "names of the handlers that get the events, or * for all")
	f.Float64Var(&o.Rate, "rate", 0, "this many events a second at most, of this process; 0 is no bound")
	f.BoolVar(&o.DryRun, "dry-run", false, "count events by type, and SIMs, and call no handler")
	f.StringVar(&o.Resume, "resume", "", "go on with, or join, the replay of this ID")
	return c
}

// completeReplay checks what the flags say together, and reads the times.
func completeReplay(c *cobra.Command, o *app.ReplayOptions, from, to string) (err error) {
	if o.Rate < 0 || math.IsNaN(o.Rate) {
		return errors.New("--rate is negative")
	}
	if o.Resume != "" {
		for _, name := range replayPlanFlags {
			if c.Flags().Changed(name) {
				return fmt.Errorf("--%s does not go with --resume: the replay is what it was begun as", name)
			}
		}
		return nil
	}
	if from == "" {
		return errors.New("--from: say where the replay begins, such as 2h, or which one goes on with --resume")
	}
	if len(o.Handlers) == 0 && !o.DryRun {
		return errors.New("--handlers: name the handlers that get the events again, or * for all; or make a --dry-run")
	}
	if o.From, err = app.SinceTime(from); err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	if o.To, err = app.SinceTime(to); err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	if o.To.IsZero() {
		o.To = time.Now()
	}
	return nil
}
