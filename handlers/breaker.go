package handlers

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
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

// breaker stands between a handler's retries and its calls. While all is well it
// costs a call one look at troubled.
type breaker struct {
	next   stage
	policy BreakerPolicy

	// troubled says that the gate has counted a failure since it last heard of a
	// success, or is not closed. It is written under mu.
	troubled atomic.Bool

	mu sync.Mutex // guards gate and failing
	// gate knows nothing of calls that succeed while it is closed and has no
	// failures: they would change nothing.
	gate *gobreaker.TwoStepCircuitBreaker[struct{}]
	// failing are the SIMs whose events have failed since one succeeded, up to
	// breakerKeys.
	failing map[string]bool
}

func newBreaker(next stage, name string, policy BreakerPolicy, logger *zap.Logger) *breaker {
	b := &breaker{next: next, policy: policy, failing: make(map[string]bool)}
	b.gate = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name: name, MaxRequests: 1, Timeout: policy.Open,
		ReadyToTrip: func(c gobreaker.Counts) bool {
			return int(c.ConsecutiveFailures) >= policy.Failures && len(b.failing) >= breakerKeys
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

func (b *breaker) handle(ctx context.Context, d *consumer.Delivery, now time.Time) error {
	if !b.troubled.Load() {
		err := b.next.handle(ctx, d, now)
		if err == nil || IsPermanent(err) {
			return err
		}
		return b.failed(ctx, d, err)
	}
	b.mu.Lock()
	done, err := b.gate.Allow()
	b.mu.Unlock()
	if err != nil {
		return UnavailableFor(errBreakerOpen, b.policy.Open)
	}
	answered := false
	defer func() {
		if !answered { // a panic on its way through
			b.report(done, errNoVerdict)
		}
	}()
	err = b.next.handle(ctx, d, now)
	answered = true
	return b.judge(ctx, d, err, done)
}

// open tells whether events are not tried, or one of them to find out.
func (b *breaker) open() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.gate.State() != gobreaker.StateClosed
}

// failed tells the gate of a failure that it did not see coming.
func (b *breaker) failed(ctx context.Context, d *consumer.Delivery, err error) error {
	b.mu.Lock()
	done, refused := b.gate.Allow()
	b.mu.Unlock()
	if refused != nil {
		if ctx.Err() == nil && !IsUnavailable(err) {
			return Unavailable(err) // it failed as everything does
		}
		return err
	}
	return b.judge(ctx, d, err, done)
}

// judge decides what a call tells of the handler, and returns what the event gets.
func (b *breaker) judge(ctx context.Context, d *consumer.Delivery, err error, done func(error)) error {
	switch {
	case err != nil && ctx.Err() != nil:
		b.report(done, errNoVerdict)
		return err
	case err == nil || IsPermanent(err): // it works
		b.report(done, nil)
		return err
	}
	key := d.Event.SIM()
	if key == "" {
		key = d.PartitionKey
	}
	if b.report(done, err, key) != gobreaker.StateClosed && !IsUnavailable(err) {
		return Unavailable(err) // it failed as everything does
	}
	return err
}

// report tells the gate how a call went, and returns what it makes of it.
func (b *breaker) report(done func(error), verdict error, failing ...string) gobreaker.State {
	b.mu.Lock()
	defer b.mu.Unlock()
	if verdict == nil {
		clear(b.failing)
	}
	for _, key := range failing {
		if len(b.failing) < breakerKeys {
			b.failing[key] = true
		}
	}
	done(verdict)
	state := b.gate.State()
	b.troubled.Store(state != gobreaker.StateClosed || len(b.failing) > 0)
	return state
}
