package handlers

import (
	"context"
	"time"

	"korestream/consumer"
)

// AttemptObserver is told of every attempt of every handler once it is over, under
// the context that the event was dispatched with. It is called concurrently and must
// return at once; the delivery is good until it does.
type AttemptObserver interface {
	Attempted(ctx context.Context, handler string, d *consumer.Delivery, began time.Time, err error)
}

// WithAttemptObserver sets who is told of attempts; the default is nobody.
func WithAttemptObserver(o AttemptObserver) Option { return func(m *Mux) { m.attempts = o } }

// followed tells of the attempts of a handler.
type followed struct {
	next     stage
	name     string
	observer AttemptObserver
}

func (h *followed) handle(ctx context.Context, d *consumer.Delivery, now time.Time) error {
	began := time.Now() // the other time may be that of a burst
	err := h.next.handle(ctx, d, now)
	h.observer.Attempted(ctx, h.name, d, began, err)
	return err
}

// Propagator says which trace a context is part of, as the traceparent and the
// tracestate of https://www.w3.org/TR/trace-context/. Both are empty if it is of none.
type Propagator func(ctx context.Context) (traceparent, tracestate string)

// outgoing is what goes out with an event: its own trace, for whoever receives it is
// the next in that, or the one that it is handled in. Without a propagator nobody
// traces here, and nothing goes out; without an event, as for several of them, it is
// the context's.
func (p Propagator) outgoing(ctx context.Context, d *consumer.Delivery) (traceparent, tracestate string) {
	if p == nil {
		return "", ""
	}
	if d != nil {
		if parent, state := d.Event.TraceContext(); parent != "" {
			return parent, state
		}
	}
	return p(ctx)
}
