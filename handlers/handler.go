package handlers

import (
	"context"

	"korestream/consumer"
)

// Handler acts on one event.
type Handler interface {
	// Handle returns nil when the event is handled, as durably as the handler
	// promises. After an error it is called again with the same delivery until
	// its policy is exhausted, unless the error is [Permanent]: then, and when
	// exhausted, the event is buried. An [Unavailable] error exhausts nothing:
	// the event is not to blame for it. Handle is called concurrently, but for
	// events of one key of one shard one after another, in stream order. It
	// must return soon after ctx ends. It must not change d, and when it has
	// returned, d and its event are used again for others: what it keeps are strings,
	// or clones ([event.Event.Clone]).
	Handle(ctx context.Context, d *consumer.Delivery) error
}

// HandlerFunc lets a function be a [Handler].
type HandlerFunc func(ctx context.Context, d *consumer.Delivery) error

// Handle calls f.
func (f HandlerFunc) Handle(ctx context.Context, d *consumer.Delivery) error { return f(ctx, d) }
