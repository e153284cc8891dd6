package handlers

import (
	"context"
	"sync"
	"time"
)

// The bounds of a [MemoryDeduper] that is given none. KORE repeats an event at
// most three times with growing waits, so the window need not be long:
// https://docs.korewireless.com/en-us/v/developers/event-streams.
const (
	DefaultDedupeCount = 200_000
	DefaultDedupeAge   = time.Hour
)

// MemoryDeduper remembers the ids of events in this process. It is exact: it
// compares whole ids, not fingerprints, and an id counts as handled only when
// its event was, or was durably buried.
//
// It remembers the last max ids that were done, each for maxAge; whichever
// bound is met first. The repeat of an id does not prolong it. Events in
// progress come on top and are never forgotten: there are as many as the
// consumer has lanes. What is remembered is lost when the process ends.
//
// An id of 34 bytes, the length of KORE's, takes some 105 bytes in all while it is
// remembered, and no allocation of its own. Memory is given back only with the
// process.
type MemoryDeduper struct {
	maxAge time.Duration
	epoch  time.Time

	mu sync.Mutex // guards the fields below and the state of all entries
	// entries has every id in progress, done every one in the window.
	entries map[string]*dedupeEntry
	done    doneWindow
	// unused are entries of one allocation that nobody had yet.
	unused []dedupeEntry
}

var _ Deduper = (*MemoryDeduper)(nil)

// dedupeEntry is one id in progress, and the Claim of whoever handles its event.
type dedupeEntry struct {
	owner *MemoryDeduper
	id    string
	// settled is closed when the entry leaves progress; nil until someone waits.
	settled chan struct{}
	state   dedupeState
}

type dedupeState uint8

const (
	inProgress dedupeState = iota
	done
	released
)

// NewMemoryDeduper returns a deduper of max ids for maxAge each; what is not
// above 0 takes its default.
func NewMemoryDeduper(maxCount int, maxAge time.Duration) *MemoryDeduper {
	if maxCount <= 0 {
		maxCount = DefaultDedupeCount
	}
	if maxAge <= 0 {
		maxAge = DefaultDedupeAge
	}
	return &MemoryDeduper{maxAge: maxAge, epoch: time.Now(), entries: make(map[string]*dedupeEntry), done: newDoneWindow(maxCount)}
}

// Claim implements [Deduper].
func (m *MemoryDeduper) Claim(ctx context.Context, id string) (Claim, error) {
	for {
		e, settled := m.enter(id)
		switch {
		case e == nil:
			return nil, nil
		case settled == nil:
			return e, nil
		}
		select {
		case <-settled:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		// The entry is asked, not the window: a small one may have forgotten the id
		// between its being done and our waking up, and would then let us handle
		// the event a second time.
		if m.isDone(e) {
			return nil, nil
		}
	}
}

// enter returns nil if id is done, an entry and what to wait for if it is in
// progress, or else a new entry that is the caller's.
func (m *MemoryDeduper) enter(id string) (e *dedupeEntry, settled <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Since(m.epoch)
	m.done.trim(now, m.maxAge)
	if e := m.entries[id]; e != nil {
		if e.settled == nil {
			e.settled = make(chan struct{})
		}
		return e, e.settled
	}
	if at, ok := m.done.doneAt(id); ok && now-at < m.maxAge {
		return nil, nil
	}
	e = m.newEntry()
	e.owner, e.id = m, id
	m.entries[id] = e
	return e, nil
}

// newEntry takes an entry of several that were made at once. None is used twice,
// since those who wait for one look at it afterwards.
func (m *MemoryDeduper) newEntry() *dedupeEntry {
	const atOnce = 32
	if len(m.unused) == 0 {
		m.unused = make([]dedupeEntry, atOnce)
	}
	e := &m.unused[0]
	m.unused = m.unused[1:]
	return e
}

func (m *MemoryDeduper) isDone(e *dedupeEntry) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return e.state == done
}

// Done implements [Claim].
func (e *dedupeEntry) Done(context.Context) {
	m := e.owner
	m.mu.Lock()
	defer m.mu.Unlock()
	id := e.id
	e.settle(done)
	now := time.Since(m.epoch)
	m.done.add(id, now)
	m.done.trim(now, m.maxAge)
}

// Release implements [Claim].
func (e *dedupeEntry) Release(context.Context) {
	m := e.owner
	m.mu.Lock()
	defer m.mu.Unlock()
	e.settle(released)
}

// settle ends the entry's progress. The caller holds the lock.
func (e *dedupeEntry) settle(s dedupeState) {
	if e.state != inProgress {
		panic("handlers: a dedupe claim was settled twice")
	}
	e.state = s
	delete(e.owner.entries, e.id)
	e.id = "" // others of its allocation may be kept, and the id with them
	if e.settled != nil {
		close(e.settled)
		e.settled = nil
	}
}
