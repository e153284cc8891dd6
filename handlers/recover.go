package handlers

import (
	"context"
	"fmt"
	"runtime/debug"

	"korestream/consumer"
)

// panicError is a handler's panic as an error. It is retried as any other
// error. The stack goes to the log and into the dead letter's error chain.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

func (e *panicError) Unwrap() error {
	err, _ := e.value.(error)
	return err
}

// recovery turns a handler's panic into a panicError.
type recovery struct {
	next  Handler
	stats *counters
}

func (r *recovery) Handle(ctx context.Context, d *consumer.Delivery) (err error) {
	defer func() {
		if v := recover(); v != nil {
			r.stats.panics.Add(1)
			err = &panicError{value: v, stack: debug.Stack()}
		}
	}()
	return r.next.Handle(ctx, d)
}
