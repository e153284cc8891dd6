package handlers

import (
	"context"
	"sync"
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
	deadline time.Time
	of       *timeout
	// armed is the context that this one has become, nil while nobody has asked.
	armed atomic.Pointer[armedContext]
	// over says that the handler has returned.
	over atomic.Bool

	delivery *consumer.Delivery
	// before and after are its neighbours in its stripe of the watch, whose lock
	// guards all below; late is nil until its context was seen to have ended.
	before, after *attempt
	late          *late
}

// late is an attempt whose context has ended.
type late struct {
	ended time.Time
	named bool // the log has been told of it
}

var _ context.Context = (*attempt)(nil)

// armedContext is a context with its timer.
type armedContext struct {
	context.Context
	cancel context.CancelFunc
}

// attemptSlab is several attempts of one allocation. None is used twice: a
// handler may have left somebody behind who still looks at its context.
type attemptSlab struct {
	used int
	all  [16]attempt
}

var attemptSlabs = sync.Pool{New: func() any { return new(attemptSlab) }}

func newAttempt() *attempt {
	s := attemptSlabs.Get().(*attemptSlab)
	a := &s.all[s.used]
	if s.used++; s.used < len(s.all) {
		attemptSlabs.Put(s)
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
	c.Context, c.cancel = context.WithDeadlineCause(a.parent, a.deadline, a.of.cause)
	if !a.armed.CompareAndSwap(nil, c) {
		c.cancel() // somebody was faster
		return a.armed.Load()
	}
	if a.over.Load() {
		c.cancel()
	}
	return c
}

// end is called when the handler has returned.
func (a *attempt) end() {
	a.over.Store(true)
	if c := a.armed.Load(); c != nil {
		c.cancel()
	}
}

// Deadline implements [context.Context].
func (a *attempt) Deadline() (time.Time, bool) {
	if at, ok := a.parent.Deadline(); ok && at.Before(a.deadline) {
		return at, true
	}
	return a.deadline, true
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
	if a.parent.Err() == nil && !a.over.Load() && time.Now().Before(a.deadline) {
		return nil
	}
	return a.arm().Err() // armed now, it ends at once
}

// timedOut tells whether the attempt's own deadline has ended it, not its parent.
func (a *attempt) timedOut() bool { return a.Err() != nil && context.Cause(a) == a.of.cause }
