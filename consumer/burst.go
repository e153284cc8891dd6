package consumer

import (
	"runtime"
	"sync/atomic"
	"time"
)

const (
	// leastBurst is how many pieces a burst has at least: fewer are not worth it.
	leastBurst = 16
	// burstPatience is how long the reader waits for a burst. A burst of quick
	// pieces takes half of that; one that takes longer has a piece that waits
	// for something, and the other keys must not wait for it.
	burstPatience = 5 * time.Millisecond
)

// burst is pieces that one worker runs one after another, in the order of the
// stream, while the reader waits for it.
//
// Where handlers are quick that is all that lanes are for, at a fraction of their
// price: no lane is looked for, no lock is taken for a piece, and a piece is run
// by the processor that has just decoded it and has it in its caches. When the
// reader's patience ends first it takes over what was not begun and puts it into
// lanes, as if there had been no burst: the piece that runs has its lane, busy, and
// the burst's worker becomes one of the lanes'.
type burst struct {
	pieces []*piece
	// begun counts the pieces that were begun, by the worker. Whoever takes over
	// leaves it beyond their number, and the worker begins none any more.
	begun atomic.Int64
	since time.Time
	// done gets a token when the worker has run all pieces.
	done chan struct{}

	// ran says that the worker has run all pieces, over that they were taken over
	// before, and slot is its slot then. lanes.mu guards the three.
	ran, over bool
	slot      int
}

// pass runs the pieces as a burst where handlers are quick, and submits them where
// they are not. What holds of submit holds of pass, but that it may take as long as
// burstPatience. It returns true if all pieces were run as a burst, and so soon that
// nobody who looks for pieces that take long can have seen one. It is called by the
// goroutine that calls drain and finish.
func (l *lanes) pass(pieces []*piece) (ran bool) {
	b, quick := l.beginBurst(pieces)
	if b == nil {
		l.submit(pieces...)
		if quick {
			runtime.Gosched() // the workers are soon done, and the next pieces a burst
		}
		return false
	}
	go l.runBurst(b)
	if l.patience == nil {
		l.patience = time.NewTimer(burstPatience)
	} else {
		l.patience.Reset(burstPatience)
	}
	defer l.patience.Stop()
	select {
	case <-b.done:
	case <-l.patience.C:
	}
	return l.endBurst(b)
}

// beginBurst returns nil where the pieces are for the lanes, be it only because these
// are busy: a piece that runs there may be of the same key.
func (l *lanes) beginBurst(pieces []*piece) (_ *burst, quick bool) {
	if len(pieces) < leastBurst {
		return nil, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.drained || !l.pace.quick() {
		return nil, false
	}
	if l.running() > 0 || l.waiting > 0 {
		return nil, true
	}
	b := l.spare
	if b == nil {
		b = &burst{done: make(chan struct{}, 1)}
	}
	// A copy: the reader uses its slice again while the worker may still look up the
	// piece that it has begun.
	b.pieces, b.since = append(b.pieces[:0], pieces...), time.Now()
	b.begun.Store(0)
	l.spare, l.burst, l.begunAt = nil, b, b.since
	for _, p := range pieces {
		p.delivery.BegunAt = b.since
	}
	return b, true
}

// runBurst is a burst's worker.
func (l *lanes) runBurst(b *burst) {
	n := int64(len(b.pieces))
	for i := b.begun.Add(1); i <= n; i = b.begun.Add(1) {
		l.run(b.pieces[i-1])
	}
	if at, over := l.leaveBurst(b); over {
		l.work(at)
	}
}

// leaveBurst tells the worker, which has run what it has begun, whether the rest was
// taken over, and its slot then.
func (l *lanes) leaveBurst(b *burst) (at int, over bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !b.over {
		b.ran = true
		b.done <- struct{}{}
	}
	return b.slot, b.over
}

// endBurst is called when the worker is done or the reader's patience is at its end.
func (l *lanes) endBurst(b *burst) (ran bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.burst = nil
	if !b.ran {
		l.takeOver(b)
		return false
	}
	now := time.Now()
	took := now.Sub(b.since)
	l.pace.took(took, len(b.pieces))
	l.begun, l.begunAt = b.pieces[len(b.pieces)-1].order, now
	select {
	case <-b.done: // the patience ended just before
	default:
	}
	clear(b.pieces)
	b.pieces, b.ran = b.pieces[:0], false
	l.spare = b
	return took < burstPatience
}

// takeOver puts the pieces of a burst that were not begun into their lanes, and
// makes its worker one of the lanes'. The caller holds mu.
func (l *lanes) takeOver(b *burst) {
	n := len(b.pieces)
	begun := min(int(b.begun.Swap(int64(n))), n)
	l.pace.slow()
	b.over, b.slot = true, l.vacancy()
	if begun > 0 {
		p := b.pieces[begun-1]
		ln := l.lane(p.lane)
		ln.busy = true
		l.begun = p.order
		l.slots[b.slot] = slot{lane: ln, piece: p, since: b.since}
	}
	l.enqueue(b.pieces[begun:])
}

// addTo adds what the burst has to a status of the lanes. The caller holds mu.
func (b *burst) addTo(st *lanesStatus) {
	begun, n := int(b.begun.Load()), len(b.pieces)
	if begun > n {
		return
	}
	st.waiting += n - begun
	if begun > 0 {
		st.running++
		st.slowest = runningOf(b.pieces[begun-1], b.since)
	}
}
