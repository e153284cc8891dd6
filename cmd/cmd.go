// Package cmd is the command line of korestream, for cmd/korestream and for
// daemons with handlers of their own:
//
//	func main() {
//		handlers.Register("billing", newBilling)
//		cmd.Main()
//	}
//
// Such a daemon has all that korestream has: its commands, its configuration, in
// which a handler's type may now be billing, and its exit codes: 0 clean, 1
// runtime failure, 2 usage, 3 start-up check failed, 4 drain timed out or cut
// short, 78 bad configuration.
package cmd

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

// Main runs the command line of this process and ends it. SIGTERM and SIGINT stop
// it in order, a second one at once.
func Main() {
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
			return &usageError{errors.New("name a command: run, webhook, dev, emulate, doctor, iam-policy, verify, leases, explain, health, dlq, replay, sim, schema, config or version")}
		},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	root.AddCommand(newRun(stdout), newWebhook(stdout), newDev(stdout, stderr), newEmulate(stdout), newDoctor(stdout), newIAMPolicy(stdout), newVerify(stdout, stderr), newLeases(stdout), newExplain(stdout), newHealth(stdout), newDLQ(stdout, stderr), newReplay(stdout, stderr), newSIM(stdout, stderr),
		newSchema(stdout), newConfig(stdout), newVersion(stdout))
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
