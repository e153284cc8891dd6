package cmd

import (
	"errors"
	"io"

	"github.com/spf13/cobra"

	"korestream/internal/app"
)

func newSIM(stdout, stderr io.Writer) *cobra.Command {
	c := &cobra.Command{
		Use:   "sim",
		Short: "Show the last known state of SIMs",
		Long: `sim reads what a handler that keeps the states of SIMs (type simstate or
postgres) knows: attached or not, network, radio, data session with its bytes,
last error, attachments an hour.

Of a handler with store memory it asks every worker at its admin server, takes
the state of the youngest event, and says which workers did not answer.`,
		RunE: func(*cobra.Command, []string) error {
			return &usageError{errors.New("sim: say what: get or ls")}
		},
	}
	c.AddCommand(newSIMGet(stdout, stderr), newSIMList(stdout, stderr))
	return c
}

func newSIMGet(stdout, stderr io.Writer) *cobra.Command {
	var (
		s settings
		o app.SIMOptions
	)
	c := &cobra.Command{
		Use:   "get SIM",
		Short: "Show one SIM, by its sid or, where it has none, its ICCID",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &usageError{errors.New("sim get: name one SIM by its sid or ICCID")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkOutput(o.Output); err != nil {
				return err
			}
			cfg, err := s.load(true)
			if err != nil {
				return err
			}
			return app.SIMGet(c.Context(), cfg, args[0], o, stdout, stderr)
		},
	}
	simFlags(c, &s, &o)
	return c
}

func newSIMList(stdout, stderr io.Writer) *cobra.Command {
	var (
		s settings
		o app.SIMOptions
	)
	c := &cobra.Command{
		Use:   "ls",
		Short: "List SIMs in the order of their sids",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkOutput(o.Output); err != nil {
				return err
			}
			if o.Limit < 1 {
				return &usageError{errors.New("--limit: want 1 or more")}
			}
			cfg, err := s.load(true)
			if err != nil {
				return err
			}
			return app.SIMList(c.Context(), cfg, o, stdout, stderr)
		},
	}
	simFlags(c, &s, &o)
	c.Flags().StringVar(&o.After, "after", "", "begin behind this sid")
	c.Flags().IntVar(&o.Limit, "limit", 100, "this many at most")
	return c
}

func simFlags(c *cobra.Command, s *settings, o *app.SIMOptions) {
	s.flags(c)
	c.Flags().StringVar(&o.Handler, "handler", "", "name of the handler that keeps the states, if there are several")
	outputFlag(c, &o.Output)
}
