package checkpoint

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// Tracker finds how far a shard is done when its records are finished out of
// order: the highest position with nothing undone at or below it. It is safe
// for concurrent use; every operation but Progress takes constant time on average.
//
// Done takes no lock and moves nothing. Whoever asks for the watermark, or for what
// is above it, first advances it over what was done until then, and so does Add once
// in 64 records. Memory is for as many records as were pending lately: it halves
// when that was a quarter for a while.
type Tracker struct {
	mu        sync.Mutex // guards all below but the parts of records and above
	watermark Position
	// head is the ticket of the first record that is not below the watermark, and
	// next the one of the next record to be added.
	head, next Ticket
	// ring has the records from head to next. It is read without mu.
	ring atomic.Pointer[ring]
	// peak is how many of its blocks were in use at once in this round.
	peak Ticket
	// before is what was done above the start already, above says that there may
	// be some of it left. That is written under mu only.
	before aboveReader
	above  atomic.Bool
}

// Ticket stands for one record that was added to a Tracker.
type Ticket uint64

// NewTracker returns a tracker of a shard that is done up to start.
func NewTracker(start Position) *Tracker { return ResumeTracker(Progress{Position: start}) }

// ResumeTracker returns a tracker of a shard that is done as far as p says.
func ResumeTracker(p Progress) *Tracker {
	t := &Tracker{watermark: p.Position, before: aboveReader{above: p.Above}}
	t.above.Store(t.before.left())
	t.ring.Store(newRing(minBlocks))
	return t
}

// Add adds the next record in shard order. It is done when Done was called once
// for each of its parts; a record of no parts is done at once.
func (t *Tracker) Add(p Position, parts int) Ticket {
	t.mu.Lock()
	k := t.put(p, parts)
	t.mu.Unlock()
	return k
}

// put adds a record. The caller holds mu.
func (t *Tracker) put(p Position, parts int) Ticket {
	k := t.next
	if k%blockRecords == 0 {
		t.advance()
		t.makeRoom()
	}
	e := t.ring.Load().at(k)
	e.position = p
	e.state.Store(undone(k, parts))
	t.next++
	return k
}

// Done says that one part of a record is done. It panics if all its parts were
// done already: a checkpoint could otherwise pass a record that is not.
//
// The ring that it finds may have been replaced since, and the entry belong to a
// later record. A ring that was replaced leads to the same entry as the new one for
// each record that is not done, and an entry says whose it is together with what is
// left, so that no part of another record can be taken.
func (t *Tracker) Done(k Ticket) {
	e := t.ring.Load().at(k)
	for {
		state := e.state.Load()
		if state&partsLeft == 0 || state&^partsLeft != undone(k, 0) {
			panic(fmt.Sprintf("checkpoint: record %d has no part left that could be done", k))
		}
		if e.state.CompareAndSwap(state, state-1) {
			return
		}
	}
}

// advance moves the watermark over what is done. The caller holds mu.
func (t *Tracker) advance() {
	r, k := t.ring.Load(), t.head
	var last *trackedRecord
	for ; k < t.next; k++ {
		e := r.at(k)
		if !e.done() {
			break
		}
		if last != nil {
			last.position.SequenceNumber = "" // the text may be a part of something larger
		}
		last = e
	}
	if last == nil {
		return
	}
	t.watermark, last.position.SequenceNumber = last.position, ""
	t.head = k
}

// Watermark returns the highest position with nothing undone at or below it:
// what may be checkpointed.
func (t *Tracker) Watermark() Position {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.advance()
	return t.watermark
}

// Pending returns the number of records above the watermark.
func (t *Tracker) Pending() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.advance()
	return int(t.next - t.head)
}

// Oldest returns the record that holds the watermark back, if any.
func (t *Tracker) Oldest() (Position, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.advance()
	if t.head == t.next {
		return Position{}, false
	}
	return t.ring.Load().at(t.head).position, true
}
