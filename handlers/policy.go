package handlers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// RetryPolicy says how long and how often a route tries one event.
type RetryPolicy struct {
	// MaxAttempts bounds the calls of the handler, the first one included; 0
	// is no bound.
	MaxAttempts int
	// MaxAge bounds the time from the start of the first attempt to the start
	// of the last; the last wait is cut short so that one attempt is made when
	// it is reached. 0 is no bound. Without both bounds an event is tried until
	// the dispatch's context ends.
	MaxAge time.Duration
	// InitialBackoff is the wait before the second attempt, and MaxBackoff the
	// longest. Waits double in between, and each is jittered by half either
	// way; no jittered wait exceeds MaxBackoff.
	InitialBackoff, MaxBackoff time.Duration
	// OnExhausted says what becomes of an event that was given up on; empty is
	// DeadLetter.
	OnExhausted Exhausted
	// Timeout cancels the handler's context that long after an attempt began;
	// 0 never does.
	Timeout time.Duration
	// Breaker leaves a handler alone that fails for everybody; the zero value
	// never does.
	Breaker BreakerPolicy
}

// Exhausted is what becomes of an event that a handler has given up on.
type Exhausted string

// The choices of RetryPolicy.OnExhausted.
const (
	// DeadLetter buries it.
	DeadLetter Exhausted = "dead_letter"
	// Park leaves it where it is: its key waits, loudly, and it is tried again
	// and again, with the shard's checkpoint below it.
	Park Exhausted = "park"
	// Drop counts and logs it, and goes on.
	Drop Exhausted = "drop"
)

// DefaultRetryPolicy returns a policy that outlasts a restart of a sink: about
// four minutes in 20 attempts, but for handlers that are slow to fail.
func DefaultRetryPolicy() RetryPolicy {
	return RetryPolicy{
		MaxAttempts:    20,
		MaxAge:         15 * time.Minute,
		InitialBackoff: 100 * time.Millisecond,
		MaxBackoff:     30 * time.Second,
		Timeout:        30 * time.Second,
		Breaker:        BreakerPolicy{Failures: 20, Open: 5 * time.Second},
	}
}

// Validate names the first field that is out of bounds, and the bound.
func (p RetryPolicy) Validate() error {
	switch {
	case p.MaxAttempts < 0:
		return fmt.Errorf("MaxAttempts must not be negative (%d); 0 is no bound", p.MaxAttempts)
	case p.MaxAge < 0:
		return fmt.Errorf("MaxAge must not be negative (%s); 0 is no bound", p.MaxAge)
	case p.InitialBackoff <= 0:
		return fmt.Errorf("InitialBackoff must be above 0 (%s)", p.InitialBackoff)
	case p.MaxBackoff < p.InitialBackoff:
		return fmt.Errorf("field MaxBackoff (%s) must not be below InitialBackoff (%s)", p.MaxBackoff, p.InitialBackoff)
	case p.OnExhausted != "" && p.OnExhausted != DeadLetter && p.OnExhausted != Park && p.OnExhausted != Drop:
		return fmt.Errorf("field OnExhausted is %q; want dead_letter, park or drop", p.OnExhausted)
	case p.Timeout < 0:
		return fmt.Errorf("field Timeout must not be negative (%s); 0 is none", p.Timeout)
	}
	if err := p.Breaker.Validate(); err != nil {
		return fmt.Errorf("breaker: %w", err)
	}
	return nil
}

// jitter is the share by which a wait is moved at random, up or down, so that
// what failed together does not come back together.
const jitter = 0.5

// newDelays returns the waits between attempts. The library jitters after it
// caps, so the cap it is given leaves room for the jitter.
func newDelays(initial, longest time.Duration) *backoff.ExponentialBackOff {
	ceiling := time.Duration(float64(longest) / (1 + jitter))
	b := &backoff.ExponentialBackOff{
		InitialInterval:     min(initial, ceiling),
		RandomizationFactor: jitter,
		Multiplier:          2,
		MaxInterval:         ceiling,
	}
	b.Reset()
	return b
}

// interruption is the cause for which ctx ended, with the error that was being
// waited out unless that says the same.
func interruption(ctx context.Context, last error) error {
	cause := context.Cause(ctx)
	if errors.Is(last, cause) {
		return last
	}
	return fmt.Errorf("%w (last error: %w)", cause, last)
}

// sleep waits, or returns the context's cause when that ends first.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
