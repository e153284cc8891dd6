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

// panicked counts a panic and makes an error of it. It is called while the stack
// is the panic's still.
func (c *counters) panicked(v any) error {
	c.panics.Add(1)
	return &panicError{value: v, stack: debug.Stack()}
}

// recovery turns a handler's panic into a panicError, where no timeout does.
type recovery struct {
	next  Handler
	stats *counters
}

func (r *recovery) Handle(ctx context.Context, d *consumer.Delivery) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = r.stats.panicked(v)
		}
	}()
	return r.next.Handle(ctx, d)
}
