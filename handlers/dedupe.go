package handlers

import (
	"context"
	"strings"
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
// An id of 34 bytes, the length of KORE's, takes about 170 bytes in all, so
// DefaultDedupeCount ids are some 34 MB. Memory is given back as ids go out of the
// window, but only when other ids come.
type MemoryDeduper struct {
	max    int
	maxAge time.Duration
	epoch  time.Time

	mu sync.Mutex // guards the fields below and the state of all entries
	// entries has every id in progress and every done one in the window.
	entries map[string]*dedupeEntry
	// oldest to newest are the done entries in the order in which they were
	// done, and so in the order of their age; count is how many.
	oldest, newest *dedupeEntry
	count          int
}

var _ Deduper = (*MemoryDeduper)(nil)

// dedupeEntry is one id, and the Claim of whoever handles its event.
type dedupeEntry struct {
	owner *MemoryDeduper
	id    string
	// settled is closed when the entry leaves progress; nil until someone waits.
	settled chan struct{}
	// doneAt is measured from the owner's epoch.
	doneAt time.Duration
	newer  *dedupeEntry
	state  dedupeState
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
	return &MemoryDeduper{max: maxCount, maxAge: maxAge, epoch: time.Now(), entries: make(map[string]*dedupeEntry)}
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
		// The entry is asked, not the map: a small window may have forgotten
		// the id between its being done and our waking up, and then the map
		// would let us handle the event a second time.
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
	m.forget(now)
	if e := m.entries[id]; e != nil {
		switch {
		case e.state == inProgress:
			if e.settled == nil {
				e.settled = make(chan struct{})
			}
			return e, e.settled
		case now-e.doneAt < m.maxAge:
			return nil, nil
		}
	}
	// The id may be a part of a whole page of records; a clone lets that go.
	e = &dedupeEntry{owner: m, id: strings.Clone(id)}
	m.entries[e.id] = e
	return e, nil
}

func (m *MemoryDeduper) isDone(e *dedupeEntry) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return e.state == done
}

// forgetAtOnce bounds how many ids one call forgets for their age. Without it
// the first event after a quiet hour would clear the whole window while every
// lane waits for the lock.
const forgetAtOnce = 16

// forget drops what is out of the window: all that is too many, and some of
// what is too old. The rest of that is dropped by later calls; until then enter
// tells it by its age.
func (m *MemoryDeduper) forget(now time.Duration) {
	for n := 0; m.oldest != nil; n++ {
		tooMany := m.count > m.max
		tooOld := n < forgetAtOnce && now-m.oldest.doneAt >= m.maxAge
		if !tooMany && !tooOld {
			return
		}
		e := m.oldest
		if m.oldest = e.newer; m.oldest == nil {
			m.newest = nil
		}
		e.newer = nil
		m.count--
		// The id may be in progress again under a newer entry.
		if m.entries[e.id] == e {
			delete(m.entries, e.id)
		}
	}
}

// Done implements [Claim].
func (e *dedupeEntry) Done(context.Context) {
	m := e.owner
	m.mu.Lock()
	defer m.mu.Unlock()
	e.settle(done)
	e.doneAt = time.Since(m.epoch)
	if m.newest == nil {
		m.oldest = e
	} else {
		m.newest.newer = e
	}
	m.newest = e
	m.count++
	m.forget(e.doneAt)
}

// Release implements [Claim].
func (e *dedupeEntry) Release(context.Context) {
	m := e.owner
	m.mu.Lock()
	defer m.mu.Unlock()
	e.settle(released)
	delete(m.entries, e.id)
}

// settle ends the entry's progress. The caller holds the lock.
func (e *dedupeEntry) settle(s dedupeState) {
	if e.state != inProgress {
		panic("handlers: a dedupe claim was settled twice")
	}
	e.state = s
	if e.settled != nil {
		close(e.settled)
		e.settled = nil
	}
}
