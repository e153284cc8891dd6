package handlers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"korestream/consumer"
)

// ErrTimeout is the cause with which a handler's context ends when an attempt
// took longer than [RetryPolicy].Timeout, and is in the error of that attempt.
// A handler may tell by it that it was too slow, not that the process stops.
var ErrTimeout = errors.New("handler timed out")

// timeout bounds each attempt. It never abandons a handler: were it to return
// while the handler still runs, the key's next event would overtake this one.
type timeout struct {
	next  Handler
	after time.Duration
	cause error
	stats *counters
	watch *watch
}

func newTimeout(next Handler, name string, after time.Duration, stats *counters, logger *zap.Logger) *timeout {
	return &timeout{
		next: next, after: after, stats: stats, watch: newWatch(name, after, logger),
		cause: fmt.Errorf("%w after %s", ErrTimeout, after),
	}
}

func (t *timeout) handle(ctx context.Context, d *consumer.Delivery, now time.Time) error {
	a := newAttempt()
	a.parent, a.deadline, a.of, a.delivery = ctx, now.Add(t.after), t, d
	defer a.end()
	defer t.watch.add(a).remove(a)

	err := t.next.Handle(a, d)
	if err == nil || !a.timedOut() {
		return err
	}
	t.stats.timeouts.Add(1)
	if errors.Is(err, t.cause) {
		return err
	}
	return fmt.Errorf("%w: %w", t.cause, err)
}
