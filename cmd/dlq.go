package cmd

import (
	"errors"
	"io"
	"math"

	"github.com/spf13/cobra"

	"korestream/internal/app"
)

func newDLQ(stdout, stderr io.Writer) *cobra.Command {
	c := &cobra.Command{
		Use:   "dlq",
		Short: "Look at dead letters and handle them again",
		Long: `dlq shows the events and records that were given up on, and runs the handlers
again for them. It works while korestream runs.`,
		RunE: func(*cobra.Command, []string) error {
			return &usageError{errors.New("dlq: say what: ls, show or redrive")}
		},
	}
	c.AddCommand(newDLQList(stdout, stderr), newDLQShow(stdout, stderr), newDLQRedrive(stdout, stderr))
	return c
}

// letterFlags are the filters of dlq's commands.
type letterFlags struct {
	settings
	filter app.LetterFilter
	since  string
}

func (l *letterFlags) flags(c *cobra.Command) {
	l.settings.flags(c)
	f := c.Flags()
	f.StringVar(&l.filter.Type, "type", "", "only events of types that match this pattern")
	f.StringVar(&l.filter.SIM, "sim", "", "only events of this SIM: its sid, or ICCID")
	f.StringVar(&l.since, "since", "", "only what was buried since then: 2h, or an RFC 3339 time")
	f.StringVar(&l.filter.Reason, "reason", "", "only what was buried for this reason, such as handler_failed")
	f.IntVar(&l.filter.Limit, "limit", 0, "this many at most; 0 is all")
}

func (l *letterFlags) complete(ids []string) (err error) {
	if l.filter.Since, err = app.SinceTime(l.since); err != nil {
		return &usageError{err}
	}
	if l.filter.Limit < 0 {
		return &usageError{errors.New("--limit is negative")}
	}
	l.filter.IDs = ids
	return nil
}

func newDLQList(stdout, stderr io.Writer) *cobra.Command {
	var (
		l      letterFlags
		output string
	)
	c := &cobra.Command{
		Use:   "ls",
		Short: "List dead letters, the first buried first",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := errors.Join(checkOutput(output), l.complete(nil)); err != nil {
				return err
			}
			cfg, err := l.load(false)
			if err != nil {
				return err
			}
			return app.DLQList(c.Context(), cfg, l.filter, stdout, stderr, output)
		},
	}
	l.flags(c)
	outputFlag(c, &output)
	return c
}

func newDLQShow(stdout, stderr io.Writer) *cobra.Command {
	var s settings
	c := &cobra.Command{
		Use:   "show ID",
		Short: "Show one dead letter, payload and all, as JSON",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &usageError{errors.New("dlq show needs one ID; korestream dlq ls lists them")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := s.load(false)
			if err != nil {
				return err
			}
			return app.DLQShow(c.Context(), cfg, args[0], stdout, stderr)
		},
	}
	s.flags(c)
	return c
}

func newDLQRedrive(stdout, stderr io.Writer) *cobra.Command {
	var (
		l letterFlags
		o app.RedriveOptions
	)
	c := &cobra.Command{
		Use:   "redrive [ID...]",
		Short: "Run the handlers again for dead letters",
		Long: `redrive runs the handlers again, one letter after another, and removes a letter
when its event is handled, and only then. A letter goes to the handler that gave
up on it; one that could not be decoded, to all that match. Cut short, it is
simply made again. It exits with 1 if letters are left that could not be handled.`,
		RunE: func(c *cobra.Command, args []string) error {
			if err := errors.Join(checkOutput(o.Output), l.complete(args)); err != nil {
				return err
			}
			if o.Rate < 0 || math.IsNaN(o.Rate) {
				return &usageError{errors.New("--rate is negative")}
			}
			cfg, err := l.load(false)
			if err != nil {
				return err
			}
			log, err := app.NewLogger(stderr, cfg.Log.Level, cfg.Log.Format)
			if err != nil {
				return &app.ExitError{Code: app.ExitConfig, Err: err}
			}
			o.Filter = l.filter
			return app.DLQRedrive(c.Context(), cfg, o, log, stdout, stderr)
		},
	}
	c.Args = cobra.ArbitraryArgs
	l.flags(c)
	c.Flags().Float64Var(&o.Rate, "rate", 0, "this many letters a second at most; 0 is no bound")
	c.Flags().BoolVar(&o.DryRun, "dry-run", false, "say how many would be redriven and change nothing")
	outputFlag(c, &o.Output)
	return c
}
