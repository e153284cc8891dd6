package handlers

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"korestream/consumer"
)

// ErrTimeout is the cause with which a handler's context ends when an attempt
// took longer than [RetryPolicy].Timeout, and is in the error of that attempt.
// A handler may tell by it that it was too slow, not that the process stops.
var ErrTimeout = errors.New("handler timed out")

// timeout bounds each attempt. It never abandons a handler: were it to return
// while the handler still runs, the key's next event would overtake this one. It
// also turns a panic into an error, in the deferred call that it has anyway.
type timeout struct {
	next  Handler
	after time.Duration
	cause error
	stats *counters
	watch *watch
	slabs sync.Pool // of *attemptSlab that are not used up
}

func newTimeout(next Handler, name string, after time.Duration, stats *counters, logger *zap.Logger) *timeout {
	return &timeout{
		next: next, after: after, stats: stats, watch: newWatch(name, logger),
		cause: fmt.Errorf("%w after %s", ErrTimeout, after),
	}
}

func (t *timeout) handle(ctx context.Context, d *consumer.Delivery, now time.Time) (err error) {
	a := t.begin(ctx, d, now)
	answered := false
	defer func() {
		if !answered {
			if v := recover(); v != nil {
				err = t.stats.panicked(v)
			}
		}
		if err != nil {
			err = t.judge(a, err)
		}
		a.end()
	}()
	err = t.next.Handle(a, d)
	answered = true
	return err
}

// judge returns what the event gets for an error of its attempt.
func (t *timeout) judge(a *attempt, err error) error {
	if !a.timedOut() {
		return err
	}
	t.stats.timeouts.Add(1)
	if errors.Is(err, t.cause) {
		return err
	}
	return fmt.Errorf("%w: %w", t.cause, err)
}
