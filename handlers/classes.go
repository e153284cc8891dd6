package handlers

import (
	"errors"
	"time"
)

// class is what a handler says of its error beside what went wrong.
type class struct {
	err         error
	permanent   bool
	unavailable bool
	after       time.Duration
}

func (c *class) Error() string { return c.err.Error() }
func (c *class) Unwrap() error { return c.err }

// Permanent marks err as one that no retry can mend, so that the event is
// buried at once. Permanent(nil) is nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &class{err: err, permanent: true}
}

// Unavailable marks err as one of the sink's and not of the event's: it is down,
// cannot be reached, or has no capacity. The event is tried until the sink is
// back, however long that takes, and nothing is buried for it. Unavailable(nil)
// is nil.
func Unavailable(err error) error { return UnavailableFor(err, 0) }

// UnavailableFor is Unavailable for a sink that says when to come back: the
// event is not tried before.
func UnavailableFor(err error, after time.Duration) error {
	if err == nil {
		return nil
	}
	return &class{err: err, unavailable: true, after: after}
}

// classOf returns what the outermost mark in err's chain says.
func classOf(err error) class {
	var c *class
	if errors.As(err, &c) {
		return *c
	}
	return class{}
}

// IsPermanent tells whether err, or an error that it wraps, was marked by
// [Permanent].
func IsPermanent(err error) bool { return classOf(err).permanent }

// IsUnavailable tells likewise of [Unavailable].
func IsUnavailable(err error) bool { return classOf(err).unavailable }
