package checkpoint

import "sync/atomic"

const (
	blockRecords = 64
	// minBlocks is two: one is filled while the records of the other are done.
	minBlocks = 2
)

// ring has the entries of a tracker's records in blocks, which do not move: a
// record finds its entry by its ticket without a lock. It does not change, only the
// entries do; one of another size has the same blocks where records are.
type ring struct {
	blocks []*block // as many as a power of two
}

type block [blockRecords]trackedRecord

// trackedRecord is the entry of a record, and of later ones when that is below the
// watermark.
type trackedRecord struct {
	// state has what is left to do of the record below partsLeft, and above that the
	// end of its ticket.
	state    atomic.Uint64
	position Position // guarded by the tracker's lock
}

const partsLeft = 1<<32 - 1

// undone is the state of a record of which so many parts are left.
func undone(k Ticket, parts int) uint64 { return uint64(k)<<32 | uint64(uint32(parts)) }

func (e *trackedRecord) done() bool { return e.state.Load()&partsLeft == 0 }

func newRing(blocks int) *ring {
	r := &ring{blocks: make([]*block, blocks)}
	for i := range r.blocks {
		r.blocks[i] = new(block)
	}
	return r
}

// at returns the entry of a record.
func (r *ring) at(k Ticket) *trackedRecord {
	return &r.blocks[k/blockRecords&Ticket(len(r.blocks)-1)][k%blockRecords]
}

// makeRoom sees to a block for the next record, which is the first of one, and to
// not too many. No block has records of two rounds, or a larger ring could not
// have it. The caller holds mu.
func (t *Tracker) makeRoom() {
	r := t.ring.Load()
	n, b := Ticket(len(r.blocks)), t.next/blockRecords
	used := b - t.head/blockRecords + 1
	t.peak = max(t.peak, used)
	if used > n {
		t.ring.Store(r.resized(2*n, t.head, t.next))
	} else if b%n == 0 { // a round is over, so to look at all blocks costs a record little
		if n > minBlocks && t.peak <= n/4 {
			t.ring.Store(r.resized(n/2, t.head, t.next))
		}
		t.peak = used
	}
}

// resized returns a ring of n blocks, those of the records from head to next
// among them.
func (r *ring) resized(n, head, next Ticket) *ring {
	to := &ring{blocks: make([]*block, n)}
	for b := head / blockRecords; b*blockRecords < next; b++ {
		to.blocks[b%n] = r.blocks[b%Ticket(len(r.blocks))]
	}
	for i := range to.blocks {
		if to.blocks[i] == nil {
			to.blocks[i] = new(block)
		}
	}
	return to
}
