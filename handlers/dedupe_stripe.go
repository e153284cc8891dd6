package handlers

import (
	"context"
	"sync"
	"time"
)

// dedupeStripe is the part of a MemoryDeduper for some of all hashes.
type dedupeStripe struct {
	epoch time.Time

	mu   sync.Mutex // guards the fields below and the state of all entries
	done doneWindow
	// unused are entries of one allocation that nobody had yet.
	unused []dedupeEntry
	// busy are the ids in progress, in chains by the lower bits of their hashes.
	// There are as many as the consumer has lanes, over all stripes.
	busy [256]*dedupeEntry

	_ [64]byte // the next stripe is another processor's
}

// dedupeEntry is one id in progress, and the Claim of whoever handles its event.
type dedupeEntry struct {
	stripe *dedupeStripe
	id     string
	hash   uint64
	next   *dedupeEntry // of its chain
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

func (s *dedupeStripe) init(maxCount int, maxAge time.Duration, epoch time.Time) {
	s.epoch, s.done = epoch, newDoneWindow(maxCount, maxAge)
}

func (s *dedupeStripe) now() time.Duration { return time.Since(s.epoch) }

// chain returns the beginning of the chain for a hash.
func (s *dedupeStripe) chain(hash uint64) **dedupeEntry { return &s.busy[hash%uint64(len(s.busy))] }

// enter returns nil if id is done, an entry and what to wait for if it is in
// progress, or else a new entry that is the caller's.
func (s *dedupeStripe) enter(hash uint64, id string) (e *dedupeEntry, settled <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := s.chain(hash)
	for e := *first; e != nil; e = e.next {
		if e.hash != hash || e.id != id {
			continue
		}
		if e.settled == nil {
			e.settled = make(chan struct{})
		}
		return e, e.settled
	}
	s.done.expect()
	if s.done.has(hash, id, s.now) {
		return nil, nil
	}
	e = s.newEntry()
	e.stripe, e.id, e.hash, e.next = s, id, hash, *first
	*first = e
	return e, nil
}

// newEntry takes an entry of several that were made at once. None is used twice,
// since those who wait for one look at it afterwards.
func (s *dedupeStripe) newEntry() *dedupeEntry {
	const atOnce = 32
	if len(s.unused) == 0 {
		s.unused = make([]dedupeEntry, atOnce)
	}
	e := &s.unused[0]
	s.unused = s.unused[1:]
	return e
}

func (s *dedupeStripe) isDone(e *dedupeEntry) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return e.state == done
}

// Done implements [Claim].
func (e *dedupeEntry) Done(context.Context) {
	s := e.stripe
	s.mu.Lock()
	defer s.mu.Unlock()
	id := e.id
	e.settle(done)
	s.done.add(e.hash, id, s.now())
}

// Release implements [Claim].
func (e *dedupeEntry) Release(context.Context) {
	e.stripe.mu.Lock()
	defer e.stripe.mu.Unlock()
	e.settle(released)
}

// settle ends the entry's progress. The caller holds the lock.
func (e *dedupeEntry) settle(to dedupeState) {
	if e.state != inProgress {
		panic("handlers: a dedupe claim was settled twice")
	}
	e.state = to
	e.leave()
	e.id = "" // others of its allocation may be kept, and the id with them
	if e.settled != nil {
		close(e.settled)
		e.settled = nil
	}
}

// leave takes the entry out of its chain. The caller holds the lock.
func (e *dedupeEntry) leave() {
	at := e.stripe.chain(e.hash)
	for *at != e {
		at = &(*at).next
	}
	*at, e.next = e.next, nil
}
