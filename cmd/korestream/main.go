// Command korestream consumes KORE Wireless event streams from AWS Kinesis.
//
// Exit codes: 0 clean, 1 runtime failure, 2 usage, 3 start-up check failed, 4
// drain timed out or cut short, 78 bad configuration.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"korestream/internal/app"
)

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	go func() {
		<-signals
		cancel()
		<-signals
		fmt.Fprintln(os.Stderr, "korestream: second signal: stopping at once")
		os.Exit(app.ExitDrainTimeout)
	}()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run executes one command line and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot(stdout, stderr)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return app.ExitOK
	}
	var usage *usageError
	if errors.As(err, &usage) {
		fmt.Fprintf(stderr, "korestream: %v\nsee korestream --help\n", err)
		return app.ExitUsage
	}
	fmt.Fprintf(stderr, "korestream: %v\n", err)
	return app.ExitCode(err)
}

// usageError is a command line that makes no sense.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }

func (e *usageError) Unwrap() error { return e.err }

func newRoot(stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:   "korestream",
		Short: "Consume KORE Wireless event streams from AWS Kinesis",
		Long: `korestream leases the shards of a Kinesis stream, decodes KORE's CloudEvents,
takes them to handlers in order per SIM, and checkpoints to DynamoDB.

Try it with nothing installed:  korestream dev`,
		SilenceErrors: true, SilenceUsage: true,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return &usageError{errors.New("name a command: run, dev, emulate, doctor, leases, explain, dlq, config or version")}
		},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	root.AddCommand(newRun(stdout), newDev(stdout, stderr), newEmulate(stdout), newDoctor(stdout), newLeases(stdout), newExplain(stdout), newDLQ(stdout, stderr),
		newConfig(stdout), newVersion(stdout))
	for _, c := range root.Commands() {
		if c.Args == nil {
			c.Args = noArgs
		}
	}
	root.Args = noArgs
	return root
}

func noArgs(c *cobra.Command, args []string) error {
	if err := cobra.NoArgs(c, args); err != nil {
		return &usageError{err}
	}
	return nil
}
