package handlers

import (
	"context"
	"errors"

	"korestream/consumer"
)

// Handler acts on one event.
type Handler interface {
	// Handle returns nil when the event is handled, as durably as the handler
	// promises. After an error it is called again with the same delivery until
	// its policy is exhausted, unless the error is [Permanent]: then, and when
	// exhausted, the event is buried. Handle is called concurrently, but for
	// events of one key of one shard one after another, in stream order. It
	// must return soon after ctx ends; it must not change or keep d.
	Handle(ctx context.Context, d *consumer.Delivery) error
}

// HandlerFunc lets a function be a [Handler].
type HandlerFunc func(ctx context.Context, d *consumer.Delivery) error

// Handle calls f.
func (f HandlerFunc) Handle(ctx context.Context, d *consumer.Delivery) error { return f(ctx, d) }

// permanentError marks an error that no retry can mend.
type permanentError struct{ err error }

func (e *permanentError) Error() string { return e.err.Error() }
func (e *permanentError) Unwrap() error { return e.err }

// Permanent marks err as one that no retry can mend, so that the event is
// buried at once. Permanent(nil) is nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanentError{err: err}
}

// IsPermanent tells whether err, or an error that it wraps, was marked by
// [Permanent].
func IsPermanent(err error) bool {
	var p *permanentError
	return errors.As(err, &p)
}
