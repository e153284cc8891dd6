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

// hangGrace is how long after the end of its context a handler may take to
// return before it is named in the log.
const hangGrace = 5 * time.Second

// timeout bounds each attempt. It never abandons a handler: were it to return
// while the handler still runs, the key's next event would overtake this one.
type timeout struct {
	next   Handler
	name   string
	after  time.Duration
	cause  error
	stats  *counters
	logger *zap.Logger
}

func newTimeout(next Handler, name string, after time.Duration, stats *counters, logger *zap.Logger) *timeout {
	return &timeout{
		next: next, name: name, after: after, stats: stats, logger: logger,
		cause: fmt.Errorf("%w after %s", ErrTimeout, after),
	}
}

func (t *timeout) Handle(ctx context.Context, d *consumer.Delivery) error {
	ctx, cancel := context.WithTimeoutCause(ctx, t.after, t.cause)
	defer cancel()
	defer t.watch(ctx, d)() // before cancel, which would start it

	err := t.next.Handle(ctx, d)
	if err == nil || !errors.Is(context.Cause(ctx), t.cause) {
		return err
	}
	t.stats.timeouts.Add(1)
	if errors.Is(err, t.cause) {
		return err
	}
	return fmt.Errorf("%w: %w", t.cause, err)
}

// watch names the handler in the log, once, if it still runs hangGrace after
// ctx ended, for whatever reason that ended. The returned function says that
// the handler returned; nothing of the watch is left when it returns.
func (t *timeout) watch(ctx context.Context, d *consumer.Delivery) (returned func()) {
	began := time.Now()
	back, gone := make(chan struct{}), make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(gone)
		grace := time.NewTimer(hangGrace)
		defer grace.Stop()
		select {
		case <-back:
		case <-grace.C:
			t.logger.Error("handler ignores the end of its context, its key waits", append(eventFields(d),
				zap.String(consumer.KeyHandler, t.name), zap.Duration(consumer.KeyAge, time.Since(began)),
				zap.Error(context.Cause(ctx)))...)
		}
	})
	return func() {
		if !stop() {
			close(back)
			<-gone
		}
	}
}
