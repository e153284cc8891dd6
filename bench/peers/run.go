package peers

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"korestream/bench/tally"
)

// Consumer consumes a target, counting every event, until ctx ends. It returns
// nil when it has left everything as a planned stop does.
type Consumer func(ctx context.Context, t Target, c *tally.Counter) error

var errImpatient = errors.New("not all records came in time")

// Main is the main of a consumer's program.
func Main(consume Consumer) {
	var t Target
	t.Flags(flag.CommandLine)
	flag.Parse()
	if err := Run(consume, t, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Run runs a consumer until it has counted what there is, and writes the result.
func Run(consume Consumer, t Target, out io.Writer) error {
	if t.Kinesis == "" {
		return errors.New("no address of Kinesis")
	}
	patience, cancel := context.WithTimeoutCause(context.Background(), t.Patience, errImpatient)
	defer cancel()
	ctx, stop := context.WithCancel(patience)
	defer stop()
	handled := make(chan struct{})
	counter := tally.NewCounter(t.Records, func() { close(handled) })
	held := make(chan holding, 1)
	go func() {
		defer stop()
		held <- hold(ctx, t.Hold, handled, out)
	}()
	err := consume(ctx, t, counter)
	stop()
	h := <-held
	if err == nil && patience.Err() != nil {
		err = fmt.Errorf("%d of %d records: %w", counter.Tally().Records, t.Records, errImpatient)
	}
	if err = errors.Join(err, h.err); err != nil {
		return err
	}
	r := tally.NewResult(counter)
	r.HeldCPU = h.cpu.Seconds()
	return r.Write(out)
}

// settle is how long after the last event a consumer may still be busy with it.
const settle = 5 * time.Second

// holding is what a consumer cost while nothing came.
type holding struct {
	cpu time.Duration
	err error
}

// hold waits until everything is handled and then for so long as is asked.
func hold(ctx context.Context, d time.Duration, handled <-chan struct{}, out io.Writer) (h holding) {
	select {
	case <-handled:
	case <-ctx.Done():
		return h
	}
	if d == 0 || !sleep(ctx, settle) {
		return h
	}
	before, err := cpuTime()
	if err == nil {
		err = tally.Result{Holding: true}.Write(out)
	}
	if err != nil || !sleep(ctx, d) {
		return holding{err: err}
	}
	after, err := cpuTime()
	return holding{after - before, err}
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// cpuTime is what this process has used of user and system time.
func cpuTime() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, fmt.Errorf("ask for CPU time: %w", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}
