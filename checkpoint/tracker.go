package checkpoint

import (
	"fmt"
	"sync"
)

// Tracker finds how far a shard is done when its records are finished out of
// order: the highest position with nothing undone at or below it. It is safe
// for concurrent use; every operation takes constant time on average.
type Tracker struct {
	mu        sync.Mutex // guards all below
	watermark Position
	// entries are the records that are not below the watermark, in shard order;
	// those before head are done with.
	entries []trackedRecord
	head    int
	// first is the ticket of entries[0].
	first Ticket
	// before is what was done above the start already.
	before aboveReader
}

// Ticket stands for one record that was added to a Tracker.
type Ticket uint64

type trackedRecord struct {
	position Position
	parts    int // those that are not done
}

// NewTracker returns a tracker of a shard that is done up to start.
func NewTracker(start Position) *Tracker { return ResumeTracker(Progress{Position: start}) }

// ResumeTracker returns a tracker of a shard that is done as far as p says.
func ResumeTracker(p Progress) *Tracker {
	return &Tracker{watermark: p.Position, before: aboveReader{above: p.Above}}
}

// Add adds the next record in shard order. It is done when Done was called once
// for each of its parts; a record of no parts is done at once.
func (t *Tracker) Add(p Position, parts int) Ticket {
	t.mu.Lock()
	defer t.mu.Unlock()
	ticket := t.first + Ticket(len(t.entries))
	t.entries = append(t.entries, trackedRecord{p, parts})
	t.advance()
	return ticket
}

// Done says that one part of a record is done. It panics if all its parts were
// done already: a checkpoint could otherwise pass a record that is not.
func (t *Tracker) Done(k Ticket) {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := int(k - t.first)
	if k < t.first || i >= len(t.entries) || t.entries[i].parts <= 0 {
		panic(fmt.Sprintf("checkpoint: record %d has no part left that could be done", k))
	}
	t.entries[i].parts--
	t.advance()
}

// advance moves the watermark over what is done. The caller holds mu.
func (t *Tracker) advance() {
	for t.head < len(t.entries) && t.entries[t.head].parts == 0 {
		t.watermark = t.entries[t.head].position
		t.head++
	}
	// Half of the slice is moved at most once for each entry that was done.
	if t.head > len(t.entries)/2 && t.head >= 64 || t.head == len(t.entries) {
		n := copy(t.entries, t.entries[t.head:])
		clear(t.entries[n:])
		t.entries = t.entries[:n]
		t.first += Ticket(t.head)
		t.head = 0
	}
}

// Watermark returns the highest position with nothing undone at or below it:
// what may be checkpointed.
func (t *Tracker) Watermark() Position {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.watermark
}

// Pending returns the number of records above the watermark.
func (t *Tracker) Pending() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.entries) - t.head
}

// Oldest returns the record that holds the watermark back, if any.
func (t *Tracker) Oldest() (Position, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.head == len(t.entries) {
		return Position{}, false
	}
	return t.entries[t.head].position, true
}
