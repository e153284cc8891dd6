package app

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"korestream/consumer"
	"korestream/event"
	"korestream/handlers"
)

// sieve takes the events of a replay that were asked for to their handlers, and
// counts. It stands before dedupe and retries, so handlers see what they see
// live. In a dry run it only counts.
type sieve struct {
	plan    replayPlan
	pattern handlers.Pattern
	next    consumer.Dispatcher
	sink    consumer.Burier
	limit   *rate.Limiter // nil is no bound
	// hurried is closed when nobody is to wait for a turn any more: what was begun
	// is finished in the time that a drain has.
	hurried   chan struct{}
	hurryOnce sync.Once
	census    *census // nil but in a dry run

	replayed, skipped, duplicates, deadLettered, dropped atomic.Int64
}

var (
	_ consumer.Dispatcher = (*sieve)(nil)
	_ consumer.Burier     = (*sieve)(nil)
)

func newSieve(p replayPlan, perSecond float64, next consumer.Dispatcher, sink consumer.Burier) (*sieve, error) {
	s := &sieve{plan: p, next: next, sink: sink, hurried: make(chan struct{})}
	if perSecond > 0 {
		s.limit = rate.NewLimiter(rate.Limit(perSecond), 1)
	}
	if p.DryRun {
		s.census = &census{types: make(map[string]int64), sims: make(map[string]struct{})}
	}
	pattern := p.Type
	if pattern == "" {
		pattern = "*"
	}
	var err error
	if s.pattern, err = handlers.ParsePattern(pattern); err != nil {
		return nil, fmt.Errorf("--type: %w", err)
	}
	return s, nil
}

// Dispatch handles an event that was asked for, when it is its turn.
func (s *sieve) Dispatch(ctx context.Context, d *consumer.Delivery) (consumer.Outcome, error) {
	if !s.picks(d) {
		s.skipped.Add(1)
		return consumer.Handled, nil
	}
	if s.census != nil {
		s.census.add(d.Event)
		s.replayed.Add(1)
		return consumer.Handled, nil
	}
	if err := s.turn(ctx); err != nil {
		return 0, err
	}
	outcome, err := s.next.Dispatch(ctx, d)
	if err == nil {
		s.count(outcome)
	}
	return outcome, err
}

// Bury buries what cannot be decoded, unless only events of a type or a SIM were
// asked for: it is of none.
func (s *sieve) Bury(ctx context.Context, l *consumer.DeadLetter) error {
	if s.plan.Type != "" || s.plan.SIM != "" || s.plan.Shard != "" && s.plan.Shard != l.Shard {
		s.skipped.Add(1)
		return nil
	}
	if s.census == nil {
		if err := s.sink.Bury(ctx, l); err != nil {
			return err
		}
	}
	s.deadLettered.Add(1)
	return nil
}

func (s *sieve) picks(d *consumer.Delivery) bool {
	return s.pattern.Match(d.Event.Type) &&
		(s.plan.SIM == "" || s.plan.SIM == d.Event.SIM()) &&
		(s.plan.Shard == "" || s.plan.Shard == d.Shard)
}

func (s *sieve) count(o consumer.Outcome) {
	switch o {
	case consumer.Handled:
		s.replayed.Add(1)
	case consumer.Duplicate:
		s.duplicates.Add(1)
	case consumer.DeadLettered:
		s.deadLettered.Add(1)
	case consumer.Dropped:
		s.dropped.Add(1)
	}
}

// turn waits until the rate allows another event.
func (s *sieve) turn(ctx context.Context) error {
	if s.limit == nil {
		return nil
	}
	due := time.NewTimer(s.limit.Reserve().Delay())
	defer due.Stop()
	select {
	case <-due.C:
	case <-s.hurried:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

// hurry lets nobody wait for a turn once ctx has ended.
func (s *sieve) hurry(ctx context.Context) {
	context.AfterFunc(ctx, func() { s.hurryOnce.Do(func() { close(s.hurried) }) })
}

// census counts events by type, and SIMs.
type census struct {
	mu    sync.Mutex // guards all below
	types map[string]int64
	sims  map[string]struct{}
}

func (c *census) add(e *event.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.types[e.Type]++
	if sim := e.SIM(); sim != "" {
		c.sims[sim] = struct{}{}
	}
}
