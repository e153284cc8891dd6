package consumer

import (
	"sync"
	"time"
)

// lanes runs pieces: those of one key one after another in the order given,
// those of different keys side by side, up to a limit. One shard has one lanes.
//
// Draining makes a cut at the latest piece begun: what stands before the cut is
// still run, what stands behind it never begins. So the pieces that ran are, at
// the end, all that came before the cut, and a checkpoint there leaves nothing
// to be handled twice.
//
// Nothing here allocates per piece: pieces and lanes are linked through fields of
// their own, and lanes are used again.
type lanes struct {
	limit int
	run   func(*piece)

	mu sync.Mutex // guards all below
	// index holds a lane for every key with a piece that is waiting or running.
	index laneIndex
	// unused are lanes without a key, linked by next.
	unused *lane
	// ready are the lanes with a waiting piece and none running, longest first.
	ready laneQueue
	// slots are the workers that there are or were, vacant those without one.
	slots  []slot
	vacant []int
	// starting says that a worker was started and has not looked for a piece yet.
	// It will, so there is no need for another before that: where handlers are
	// quick, the workers there are take all pieces before it runs at all, and
	// where they wait it runs at once and starts the next.
	starting bool
	waiting  int
	// begun is the highest order of any piece begun, begunAt when the last one was;
	// drained stops pieces above it.
	begun   uint64
	begunAt time.Time
	drained bool
	// finished says that no more pieces will come.
	finished bool
	// pace is how quick the pieces are, burst is the one that runs now, nil if none
	// does, and spare one to be used again.
	pace         pace
	burst, spare *burst
	// idle is closed when drained or finished and nothing runs any more. While
	// a piece may run a worker does, so that is all there is to look at.
	idle chan struct{}

	// patience is of pass alone.
	patience *time.Timer
}

// laneID is a key and which kind of key it is: kinds do not meet.
type laneID struct {
	kind laneKind
	key  string
}

// lane is one key's queue.
type lane struct {
	id          laneID
	hash        uint64 // of id
	chain       *lane  // in index
	first, last *piece // the pieces that wait, linked by piece.next
	busy        bool
	next        *lane // in ready, or in unused
}

// slot is where a worker leaves what it runs.
type slot struct {
	lane  *lane
	piece *piece // nil while it runs none
	since time.Time
	// starting says that it has not looked for a piece yet.
	starting bool
}

func newLanes(limit int, run func(*piece)) *lanes {
	return &lanes{limit: limit, run: run, begunAt: time.Now(), pace: newPace(), idle: make(chan struct{})}
}

// submit appends pieces to the lanes of their keys. Orders must not fall from
// piece to piece. It never blocks: the caller bounds what is in flight. After
// drain it does nothing.
func (l *lanes) submit(pieces ...*piece) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.enqueue(pieces)
}

// enqueue is submit for who holds mu.
func (l *lanes) enqueue(pieces []*piece) {
	for _, p := range pieces {
		if l.drained && p.order > l.begun {
			continue
		}
		ln := l.lane(p.lane)
		if ln.first == nil {
			ln.first = p
			if !ln.busy {
				l.ready.push(ln)
			}
		} else {
			ln.last.next = p
		}
		ln.last = p
		l.waiting++
	}
	l.hire()
}

// lane returns the lane of a key, made if there is none.
func (l *lanes) lane(id laneID) *lane {
	hash := id.hash()
	if ln := l.index.find(id, hash); ln != nil {
		return ln
	}
	ln := l.unused
	if ln == nil {
		ln = &lane{}
	} else {
		l.unused = ln.next
	}
	ln.id, ln.hash, ln.next = id, hash, nil
	l.index.add(ln)
	return ln
}

// forget takes a lane out of use.
func (l *lanes) forget(ln *lane) {
	l.index.remove(ln)
	*ln = lane{next: l.unused}
	l.unused = ln
}

// hire starts a worker if there is something for it to do.
func (l *lanes) hire() {
	if l.ready.first == nil || l.starting || l.running() >= l.limit {
		return
	}
	at := l.vacancy()
	l.starting, l.slots[at].starting = true, true
	go l.work(at)
}

// vacancy returns a slot for another worker.
func (l *lanes) vacancy() int {
	if len(l.vacant) == 0 {
		l.vacant = append(l.vacant, len(l.slots))
		l.slots = append(l.slots, slot{})
	}
	at := l.vacant[len(l.vacant)-1]
	l.vacant = l.vacant[:len(l.vacant)-1]
	return at
}

// running counts the workers.
func (l *lanes) running() int { return len(l.slots) - len(l.vacant) }

// work runs pieces until none is ready. There are never more than limit of it.
func (l *lanes) work(at int) {
	for p := l.next(at); p != nil; p = l.next(at) {
		l.run(p)
	}
}

// next gives the lane that the worker has back, if any, and takes the next piece, or
// signs the worker off.
func (l *lanes) next(at int) *piece {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, was := time.Now(), l.slots[at]
	l.slots[at] = slot{}
	if was.starting {
		l.starting = false
	}
	if was.lane != nil {
		l.pace.took(now.Sub(was.since), 1)
		l.giveBack(was.lane)
	}
	return l.take(at, now)
}

// giveBack makes a lane ready again whose piece was run.
func (l *lanes) giveBack(ln *lane) {
	ln.busy = false
	if ln.first == nil {
		l.forget(ln)
	} else {
		l.ready.push(ln) // behind the others that wait, which is fair to them
	}
}

func (l *lanes) take(at int, now time.Time) *piece {
	for ln := l.ready.pop(); ln != nil; ln = l.ready.pop() {
		p := ln.first
		if l.drained && p.order > l.begun {
			l.drop(ln)
			continue
		}
		if ln.first = p.next; ln.first == nil {
			ln.last = nil
		}
		p.next = nil
		ln.busy = true
		l.waiting--
		l.begun, l.begunAt = max(l.begun, p.order), now
		p.delivery.BegunAt = l.begunAt
		l.slots[at] = slot{lane: ln, piece: p, since: now}
		l.hire()
		return p
	}
	l.begunAt = now // the last one has ended
	l.vacant = append(l.vacant, at)
	l.signalIdle()
	return nil
}

// drop forgets a lane whose next piece stands behind the cut: orders rise within
// a lane, so all its pieces do.
func (l *lanes) drop(ln *lane) {
	for p := ln.first; p != nil; p = p.next {
		l.waiting--
	}
	l.forget(ln)
}

// drain makes the cut and returns a channel that is closed when all before it
// is run. Further calls return the same channel.
func (l *lanes) drain() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.drained {
		l.drained = true
		l.signalIdle()
	}
	return l.idle
}

// finish returns a channel that is closed when everything submitted is run, or
// when drain cuts that short. Nothing may be submitted after it.
func (l *lanes) finish() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.finished = true
	l.signalIdle()
	return l.idle
}

func (l *lanes) signalIdle() {
	if l.running() > 0 || (!l.drained && !l.finished) {
		return
	}
	select {
	case <-l.idle:
	default:
		close(l.idle)
	}
}

// laneQueue is a queue of lanes, linked by lane.next.
type laneQueue struct{ first, last *lane }

func (q *laneQueue) push(ln *lane) {
	if q.first == nil {
		q.first = ln
	} else {
		q.last.next = ln
	}
	q.last = ln
}

// pop returns nil if there is none.
func (q *laneQueue) pop() *lane {
	ln := q.first
	if ln == nil {
		return nil
	}
	q.first, ln.next = ln.next, nil
	return ln
}
