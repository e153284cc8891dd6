package handlers

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"
	"go.uber.org/zap"

	"korestream/consumer"
)

// BreakerPolicy says when a handler that fails for everybody is left alone for a
// while. Then nothing is given up for it: it is its sink that is away and not the
// events that are bad.
type BreakerPolicy struct {
	// Failures is how many calls must fail one after another, without one that
	// succeeds; 0 is no breaker. A permanent error is no failure: the handler has
	// an answer.
	Failures int
	// Open is how long no event is tried then. After it one is, and whether that
	// succeeds decides over the others.
	Open time.Duration
}

// Validate names the first field that is out of bounds.
func (p BreakerPolicy) Validate() error {
	switch {
	case p.Failures < 0:
		return fmt.Errorf("field Failures must not be negative (%d); 0 is no breaker", p.Failures)
	case p.Failures > 0 && p.Open <= 0:
		return fmt.Errorf("field Open must be above 0 (%s)", p.Open)
	}
	return nil
}

// breakerKeys is of how many SIMs events must fail before a breaker opens: what
// fails for one or two of them is theirs.
const breakerKeys = 3

// errBreakerOpen is what an event gets that is not tried.
var errBreakerOpen = errors.New("the handler fails for everybody; it is left alone for a while")

// breaker stands between a handler's retries and its calls.
type breaker struct {
	next   Handler
	policy BreakerPolicy
	gate   *gobreaker.TwoStepCircuitBreaker[struct{}]

	mu sync.Mutex // guards failing
	// failing are the SIMs whose events have failed since one succeeded, up to
	// breakerKeys.
	failing map[string]bool
}

func newBreaker(next Handler, name string, policy BreakerPolicy, logger *zap.Logger) *breaker {
	b := &breaker{next: next, policy: policy, failing: make(map[string]bool)}
	b.gate = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name: name, MaxRequests: 1, Timeout: policy.Open,
		ReadyToTrip: func(c gobreaker.Counts) bool {
			return int(c.ConsecutiveFailures) >= policy.Failures && b.manyFail()
		},
		OnStateChange: func(_ string, from, to gobreaker.State) {
			switch {
			case to == gobreaker.StateOpen && from == gobreaker.StateClosed:
				logger.Error("handler fails for every SIM: consumption waits until it succeeds, and nothing is given up",
					zap.String(consumer.KeyHandler, name), zap.Duration(keyDelay, policy.Open))
			case to == gobreaker.StateClosed:
				logger.Info("handler succeeds again: consumption goes on", zap.String(consumer.KeyHandler, name))
			}
		},
		IsExcluded: func(err error) bool { return errors.Is(err, errNoVerdict) },
	})
	return b
}

// errNoVerdict stands for a call that was cut off, which says nothing.
var errNoVerdict = errors.New("cut off")

// Handle implements [Handler].
func (b *breaker) Handle(ctx context.Context, d *consumer.Delivery) error {
	done, err := b.gate.Allow()
	if err != nil {
		return UnavailableFor(errBreakerOpen, b.policy.Open)
	}
	answered := false
	defer func() {
		if !answered { // a panic on its way through
			done(errNoVerdict)
		}
	}()
	err = b.next.Handle(ctx, d)
	verdict := b.judge(ctx, d, err)
	answered = true
	done(verdict)
	if err != nil && verdict != nil && b.gate.State() != gobreaker.StateClosed && !IsUnavailable(err) {
		return Unavailable(err) // it failed as everything does
	}
	return err
}

// judge says what a call tells of the handler: nil that it works.
func (b *breaker) judge(ctx context.Context, d *consumer.Delivery, err error) error {
	if err != nil && ctx.Err() != nil {
		return errNoVerdict
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err == nil || IsPermanent(err) {
		clear(b.failing)
		return nil
	}
	if len(b.failing) < breakerKeys {
		key := d.Event.SIM()
		if key == "" {
			key = d.PartitionKey
		}
		b.failing[key] = true
	}
	return err
}

func (b *breaker) manyFail() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.failing) >= breakerKeys
}
