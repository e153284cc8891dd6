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
	census  *census       // nil but in a dry run

	mu sync.Mutex // guards reached
	// reached is, by shard, when the latest event arrived that is done.
	reached map[string]time.Time

	replayed, skipped, duplicates, deadLettered, dropped atomic.Int64
}

var (
	_ consumer.Dispatcher = (*sieve)(nil)
	_ consumer.Burier     = (*sieve)(nil)
	_ consumer.Gate       = (*sieve)(nil)
)

func newSieve(p replayPlan, perSecond float64, next consumer.Dispatcher, sink consumer.Burier) (*sieve, error) {
	s := &sieve{plan: p, next: next, sink: sink, reached: make(map[string]time.Time)}
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

// Admit waits until it is an event's turn. What is not picked has no turn, or a
// narrow filter would take as long as the whole range.
func (s *sieve) Admit(ctx context.Context, d *consumer.Delivery) error {
	if s.limit == nil || s.census != nil || !s.picks(d) {
		return nil
	}
	return s.limit.Wait(ctx)
}

// Dispatch handles an event that was asked for.
func (s *sieve) Dispatch(ctx context.Context, d *consumer.Delivery) (consumer.Outcome, error) {
	if !s.picks(d) {
		s.skipped.Add(1)
		s.reach(&d.Origin)
		return consumer.Handled, nil
	}
	if s.census != nil {
		s.census.add(d.Event)
		s.replayed.Add(1)
		s.reach(&d.Origin)
		return consumer.Handled, nil
	}
	outcome, err := s.next.Dispatch(ctx, d)
	if err == nil {
		s.count(outcome)
		s.reach(&d.Origin)
	}
	return outcome, err
}

// reach notes that what came from there is done.
func (s *sieve) reach(from *consumer.Origin) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if from.ArrivedAt.After(s.reached[from.Shard]) {
		s.reached[from.Shard] = from.ArrivedAt
	}
}

// reachedAt returns how far a shard is done, zero if not known.
func (s *sieve) reachedAt(shard string) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reached[shard]
}

// Bury buries what cannot be decoded, unless only events of a type or a SIM were
// asked for: it is of none.
func (s *sieve) Bury(ctx context.Context, l *consumer.DeadLetter) error {
	switch {
	case s.plan.Type != "", s.plan.SIM != "", s.plan.Shard != "" && s.plan.Shard != l.Shard:
		s.skipped.Add(1)
		return consumer.ErrNotWanted
	case s.census != nil:
		s.deadLettered.Add(1)
		return consumer.ErrNotWanted
	}
	if err := s.sink.Bury(ctx, l); err != nil {
		return err
	}
	s.deadLettered.Add(1)
	s.reach(&l.Origin)
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
