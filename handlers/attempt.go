package handlers

import (
	"context"
	"sync/atomic"
	"time"

	"korestream/consumer"
)

// attempt is one call of a handler, and the context of that call.
//
// Most handlers are done long before their time is up, and many never look at
// their context. So the timer and the goroutine-safe bookkeeping of a context
// with a deadline are made only for those that ask for its Done channel or for a
// value: that costs what context.WithTimeout costs, the rest next to nothing.
type attempt struct {
	parent   context.Context
	began    time.Time
	delivery *consumer.Delivery
	// slab is what it is a part of, at which place; that has its state.
	slab  *attemptSlab
	place uint
	// armed is the context that this one has become, nil while nobody has asked.
	armed atomic.Pointer[armedContext]
}

var _ context.Context = (*attempt)(nil)

// armedContext is a context with its timer.
type armedContext struct {
	context.Context
	cancel context.CancelFunc
}

// slabAttempts is how many attempts are made at once. A slab of so many fills a
// size class of the allocator (TestAttemptSlab_FillsASizeClass).
const slabAttempts = 15

// attemptSlab is several attempts of one allocation. None is used twice: a
// handler may have left somebody behind who still looks at its context.
type attemptSlab struct {
	of   *timeout
	used uint // only by who has taken it from the pool
	// state has a bit for each attempt that has begun, one for each that is over,
	// and slabListed. Whoever sees the first of an attempt sees what it is of.
	state atomic.Uint64
	// before and after are its neighbours in the watch, whose lock guards them.
	before, after *attemptSlab
	all           [slabAttempts]attempt
}

// The parts of attemptSlab.state.
const (
	slabBegun  = 1<<slabAttempts - 1
	slabOver   = slabBegun << slabAttempts
	slabListed = 1 << (2 * slabAttempts) // it is in the watch; changes under its lock
)

// running returns the places of the attempts that have begun and are not over.
func (s *attemptSlab) running() uint64 {
	state := s.state.Load()
	return state & slabBegun &^ (state >> slabAttempts)
}

// unlisted takes the mark off that the slab is in the watch, unless an attempt of it
// runs. The caller holds the watch's lock.
func (s *attemptSlab) unlisted() bool {
	state := s.state.Load()
	return state&slabBegun == state>>slabAttempts&slabBegun && s.state.CompareAndSwap(state, state&^slabListed)
}

// begin returns an attempt that is watched until it ends.
func (t *timeout) begin(ctx context.Context, d *consumer.Delivery, now time.Time) *attempt {
	s, _ := t.slabs.Get().(*attemptSlab)
	if s == nil {
		s = &attemptSlab{of: t}
	}
	a := &s.all[s.used]
	a.slab, a.place = s, s.used
	if s.used++; s.used < slabAttempts {
		t.slabs.Put(s)
	}
	a.parent, a.began, a.delivery = ctx, now, d
	if s.state.Add(1<<a.place)&slabListed == 0 {
		t.watch.list(s)
	}
	return a
}

// arm makes the real context, once. Of arm and end at least one sees the other,
// so that what is armed too late ends at once.
func (a *attempt) arm() *armedContext {
	if c := a.armed.Load(); c != nil {
		return c
	}
	c := &armedContext{}
	c.Context, c.cancel = context.WithDeadlineCause(a.parent, a.deadline(), a.slab.of.cause)
	if !a.armed.CompareAndSwap(nil, c) {
		c.cancel() // somebody was faster
		return a.armed.Load()
	}
	if a.over() {
		c.cancel()
	}
	return c
}

// end is called when the handler has returned.
func (a *attempt) end() {
	state := a.slab.state.Add(1 << (slabAttempts + a.place))
	if c := a.armed.Load(); c != nil {
		c.cancel()
	}
	if state&slabOver == slabOver {
		a.slab.of.watch.forget(a.slab)
	}
}

// over tells whether the handler has returned.
func (a *attempt) over() bool { return a.slab.state.Load()&(1<<(slabAttempts+a.place)) != 0 }

// deadline is its own, computed for the few who ask.
func (a *attempt) deadline() time.Time { return a.began.Add(a.slab.of.after) }

// Deadline implements [context.Context].
func (a *attempt) Deadline() (time.Time, bool) {
	deadline := a.deadline()
	if at, ok := a.parent.Deadline(); ok && at.Before(deadline) {
		return at, true
	}
	return deadline, true
}

// Done implements [context.Context].
func (a *attempt) Done() <-chan struct{} { return a.arm().Done() }

// Value implements [context.Context]. It arms the context because that is how
// the functions of package context find out what it is: without that they would
// see the parent's state.
func (a *attempt) Value(key any) any { return a.arm().Value(key) }

// Err implements [context.Context].
func (a *attempt) Err() error {
	if c := a.armed.Load(); c != nil {
		return c.Err()
	}
	if a.parent.Err() == nil && !a.over() && time.Now().Before(a.deadline()) {
		return nil
	}
	return a.arm().Err() // armed now, it ends at once
}

// timedOut tells whether the attempt's own deadline has ended it, not its parent.
func (a *attempt) timedOut() bool { return a.Err() != nil && context.Cause(a) == a.slab.of.cause }
