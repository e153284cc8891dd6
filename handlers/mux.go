package handlers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"korestream/consumer"
	"korestream/event"
)

// Route takes the events whose type any of its patterns matches, and of which
// its condition holds, to a handler.
type Route struct {
	// Name is unique in a Mux; it is in logs, metrics and dead letters.
	Name  string
	Match []Pattern
	// Where is asked of the events that match; nil is true of all. An event of
	// which it cannot be computed is buried for [consumer.ReasonFilter], whatever
	// the policy says: it is neither the handler's nor known not to be.
	Where *Where
	// Shape is what the handler sees of an event; nil is all of it. Dead letters
	// have all of it in any case.
	Shape   *Shape
	Handler Handler
	// Policy takes the place of the Mux's, if it is not nil.
	Policy *RetryPolicy
	// Batch gives the handler several events at once, if it is a [BatchHandler].
	Batch BatchPolicy
}

// Mux dispatches each event to every route that matches it. It is safe for
// concurrent use. The package comment tells what it guarantees.
type Mux struct {
	routing routing
	burier  consumer.Burier
	// deduper is nil where no event is recognised.
	deduper Deduper
	// identity is what the deduper knows an event by; empty is nothing.
	identity func(*event.Event) string
	logger   *zap.Logger
	stats    counters
	observer Observer        // nil is none
	attempts AttemptObserver // nil is none
	sampler  sampler
	breakers map[string]*breaker
	// needs are the members of data that the conditions of all routes name;
	// conditional says that there is a condition.
	needs       members
	conditional bool

	buryLog, dedupeLog, parkLog *failureLog
}

var _ consumer.Dispatcher = (*Mux)(nil)

// route is a Route whose handler is wrapped: retry, time-out, recover.
type route struct {
	name      string
	match     []Pattern
	where     *Where // nil is true of all
	shape     *shaping
	handler   stage
	exhausted Exhausted
	pause     time.Duration // between two rounds of an event that is parked
}

// Option sets something of a Mux that has a harmless default.
type Option func(*Mux)

// WithLogger sets where the Mux reports failures; the default is nowhere.
func WithLogger(logger *zap.Logger) Option { return func(m *Mux) { m.logger = logger } }

// WithDeduper sets what recognises events that were handled before; the
// default recognises none.
func WithDeduper(d Deduper) Option { return func(m *Mux) { m.deduper = d } }

// WithIdentity sets what a deduper recognises an event by; the default is
// [event.Event.DedupeID]. An event of which it is empty is handled each time.
func WithIdentity(of func(*event.Event) string) Option { return func(m *Mux) { m.identity = of } }

// NewMux returns a Mux of the routes. Events that a route gives up on, by the
// policy, go to the burier.
func NewMux(routes []Route, burier consumer.Burier, policy RetryPolicy, opts ...Option) (*Mux, error) {
	if burier == nil {
		return nil, errors.New("a mux needs a burier for the events it gives up on")
	}
	if err := policy.Validate(); err != nil {
		return nil, fmt.Errorf("retry policy: %w", err)
	}
	if err := checkRoutes(routes); err != nil {
		return nil, err
	}
	m := &Mux{burier: burier, identity: (*event.Event).DedupeID, logger: zap.NewNop(), breakers: make(map[string]*breaker)}
	for _, opt := range opts {
		opt(m)
	}
	m.buryLog = newFailureLog(m.logger, zapcore.ErrorLevel, "bury event, trying again")
	m.parkLog = newFailureLog(m.logger, zapcore.ErrorLevel, "event parked, trying again")
	m.dedupeLog = newFailureLog(m.logger, zapcore.ErrorLevel, "claim event for dedupe, trying again")
	for _, r := range routes {
		policy := policy
		if r.Policy != nil {
			policy = *r.Policy
		}
		m.routing.routes = append(m.routing.routes, &route{
			name: r.Name, match: r.Match, where: r.Where, shape: newShaping(r, m.logger), handler: m.wrap(r, policy),
			exhausted: policy.OnExhausted, pause: policy.MaxBackoff,
		})
		if r.Where != nil {
			m.needs.join(r.Where.needs)
			m.conditional = true
		}
	}
	return m, nil
}

func checkRoutes(routes []Route) error {
	seen := make(map[string]bool, len(routes))
	for i, r := range routes {
		switch {
		case r.Name == "":
			return fmt.Errorf("route %d has no name", i+1)
		case seen[r.Name]:
			return fmt.Errorf("two routes are named %q", r.Name)
		case r.Handler == nil:
			return fmt.Errorf("route %q has no handler", r.Name)
		case len(r.Match) == 0:
			return fmt.Errorf("route %q matches nothing: give it a pattern, such as *", r.Name)
		}
		if err := r.check(); err != nil {
			return fmt.Errorf("route %q: %w", r.Name, err)
		}
		seen[r.Name] = true
	}
	return nil
}

// check looks at what a route may leave out.
func (r Route) check() error {
	if r.Policy != nil {
		if err := r.Policy.Validate(); err != nil {
			return fmt.Errorf("retry policy: %w", err)
		}
	}
	if err := r.Batch.Validate(); err != nil {
		return fmt.Errorf("batch: %w", err)
	}
	if _, ok := r.Handler.(BatchHandler); r.Batch.MaxEvents > 1 && !ok {
		return errors.New("its handler takes one event at a time; leave the batch out")
	}
	return nil
}

// Stats returns the counts so far.
func (m *Mux) Stats() Stats {
	s := m.stats.snapshot()
	for _, r := range m.routing.routes {
		s.Paths = r.shape.appendStats(s.Paths)
	}
	return s
}

// Dispatch implements [consumer.Dispatcher].
func (m *Mux) Dispatch(ctx context.Context, d *consumer.Delivery) (consumer.Outcome, error) {
	if ctx.Err() != nil {
		return 0, fmt.Errorf("dispatch event %s: %w", d.Event.ID, context.Cause(ctx))
	}
	now := d.BegunAt
	if now.IsZero() {
		now = time.Now()
	}
	if m.deduper == nil {
		return m.admit(ctx, d, now)
	}
	return m.dispatchOnce(ctx, d, now)
}

// dispatchOnce dispatches an event unless it was handled before.
func (m *Mux) dispatchOnce(ctx context.Context, d *consumer.Delivery, now time.Time) (consumer.Outcome, error) {
	id := m.identity(d.Event)
	if id == "" {
		return m.admit(ctx, d, now)
	}
	claim, err := m.claim(ctx, d, id)
	if err != nil {
		return 0, fmt.Errorf("claim event %s: %w", d.Event.ID, err)
	}
	if claim == nil {
		m.stats.duplicates.Add(1)
		return consumer.Duplicate, nil
	}
	done := false
	defer func() {
		if !done {
			claim.Release(ctx)
		}
	}()
	outcome, err := m.admit(ctx, d, time.Now()) // the claim may have taken its time
	if err != nil {
		return 0, err
	}
	done = true
	claim.Done(ctx)
	return outcome, nil
}

// claim returns nil without an error for an event that was handled before.
func (m *Mux) claim(ctx context.Context, d *consumer.Delivery, id string) (claim Claim, err error) {
	err = insist(ctx, func() error {
		claim, err = m.deduper.Claim(ctx, id)
		return err
	}, func(err error) { m.dedupeLog.failed(err, eventFields(d)...) })
	return claim, err
}

// admit takes the event to its handlers unless its schema forbids it. That is
// asked behind the claim, so that a repeat of an event makes no second letter.
func (m *Mux) admit(ctx context.Context, d *consumer.Delivery, now time.Time) (consumer.Outcome, error) {
	m.observe(d, now)
	to := m.routing.of(d.Event)
	var outcome consumer.Outcome
	var mismatch, err error
	if to.check != nil {
		mismatch = to.check.inspect(d)
	}
	if mismatch != nil {
		outcome, err = consumer.DeadLettered, m.buryMismatch(ctx, d, mismatch)
	} else {
		outcome, err = m.handle(ctx, d, to.routes, now)
	}
	if err != nil {
		return 0, fmt.Errorf("dispatch event %s: %w", d.Event.ID, err)
	}
	return outcome, nil
}

// handle takes the event to every matching route and waits for all of them,
// also when one is interrupted: none may run on when Dispatch returned.
func (m *Mux) handle(ctx context.Context, d *consumer.Delivery, routes []*route, now time.Time) (consumer.Outcome, error) {
	matching := routes
	if m.conditional {
		matching = m.matching(d.Event, routes)
	}
	switch len(matching) {
	case 0:
		m.stats.unrouted.Add(1)
		if entry := m.logger.Check(zapcore.DebugLevel, "event matches no route"); entry != nil {
			entry.Write(eventFields(d)...)
		}
		return consumer.Handled, nil
	case 1:
		return m.run(ctx, matching[0], d, now, one)
	}
	return m.runAll(ctx, matching, d, now)
}

// one is how many routes are not done with an event of a single one.
func one() int { return 1 }

func (m *Mux) runAll(ctx context.Context, routes []*route, d *consumer.Delivery, now time.Time) (consumer.Outcome, error) {
	outcomes, errs := make([]consumer.Outcome, len(routes)), make([]error, len(routes))
	var wg sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(len(routes)))
	unfinished := func() int { return int(left.Load()) }
	for i, r := range routes {
		wg.Go(func() {
			defer left.Add(-1)
			defer func() {
				if v := recover(); v != nil { // nobody above could
					errs[i] = m.stats.panicked(v)
				}
			}()
			outcomes[i], errs[i] = m.run(ctx, r, d, now, unfinished)
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return 0, err
	}
	return slices.Max(outcomes), nil // what was given up on by one was given up on
}
