package handlers

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"korestream/consumer"
)

// gaveUpError is what is left of an event when its handler failed for good.
type gaveUpError struct {
	reason   consumer.Reason
	attempts int
	age      time.Duration
	err      error
}

func (e *gaveUpError) Error() string {
	if e.attempts == 0 {
		return e.err.Error()
	}
	if IsPermanent(e.err) {
		return fmt.Sprintf("permanent error at attempt %d: %v", e.attempts, e.err)
	}
	return fmt.Sprintf("gave up after %d attempts in %s: %v", e.attempts, e.age.Round(time.Millisecond), e.err)
}

func (e *gaveUpError) Unwrap() error { return e.err }

// retry calls a handler until it succeeds or its policy is exhausted.
type retry struct {
	next   stage
	name   string
	policy RetryPolicy
	stats  *counters
	log    *failureLog
}

// handle returns nil, a *gaveUpError, or, when ctx ended before either was
// known, an error with the context's cause. The last comes first: an attempt
// that failed while ctx ended has most likely failed because of it, and that
// is no reason to bury.
func (r *retry) handle(ctx context.Context, d *consumer.Delivery, first time.Time) error {
	err := r.next.handle(ctx, d, first)
	if err == nil {
		return nil
	}
	delays := newDelays(r.policy.InitialBackoff, r.policy.MaxBackoff)
	// What the sink was not there for is neither an attempt nor time of the
	// event's: an outage buries nothing.
	excused, downtime := 0, time.Duration(0)
	for attempt := 1; ; attempt++ {
		if ctx.Err() != nil {
			return r.interrupted(ctx, attempt, err)
		}
		d.Failed(r.name, attempt, err)
		c := classOf(err)
		age := time.Since(first) - downtime
		if c.unavailable {
			excused++
		} else if c.permanent || r.exhausted(attempt-excused, age) {
			return &gaveUpError{reason: consumer.ReasonHandler, attempts: attempt, age: time.Since(first), err: err}
		}
		began := time.Now()
		delay := max(delays.NextBackOff(), c.after)
		if r.policy.MaxAge > 0 && !c.unavailable {
			delay = min(delay, r.policy.MaxAge-age)
		}
		r.log.failed(err, append(eventFields(d), zap.String(consumer.KeyHandler, r.name),
			zap.Int(consumer.KeyAttempt, attempt), zap.Duration(keyDelay, delay))...)
		if sleep(ctx, delay) != nil {
			return r.interrupted(ctx, attempt, err)
		}
		r.stats.retries.Add(1)
		if err = r.next.handle(ctx, d, time.Now()); err == nil {
			return nil
		}
		if c.unavailable {
			downtime += time.Since(began)
		}
	}
}

func (r *retry) exhausted(attempts int, age time.Duration) bool {
	return r.policy.MaxAttempts > 0 && attempts >= r.policy.MaxAttempts ||
		r.policy.MaxAge > 0 && age >= r.policy.MaxAge
}

func (r *retry) interrupted(ctx context.Context, attempts int, err error) error {
	return fmt.Errorf("handler %s interrupted after %d attempts: %w", r.name, attempts, interruption(ctx, err))
}
