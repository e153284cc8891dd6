package handlers

import (
	"hash/maphash"
	"time"
)

// doneWindow holds the ids that were done, oldest first. It holds them whole, in
// one array without a pointer in it, so that a few hundred thousand of them are
// nothing to the garbage collector. It is not safe for concurrent use.
type doneWindow struct {
	max  int
	seed maphash.Seed
	// mask is all ones; tests take some away to have hashes that are alike.
	mask uint64
	// ring holds the entries numbered from first to next-1, each at its number
	// modulo the ring's length, which is a power of two and grows up to what max
	// needs.
	ring        []doneID
	first, next uint64
	// newest is the number of the newest entry of each hash.
	newest map[uint64]uint64
	// long are the ids that do not fit into an entry, by the entry's number.
	long map[uint64]string
}

// doneID is one id that was done.
type doneID struct {
	hash uint64
	// before is one more than the number of the entry of the same hash before this
	// one, 0 if there was none. It may have been forgotten.
	before uint64
	at     time.Duration
	length uint8 // longID for one that is elsewhere
	text   [39]byte
}

const longID = 0xFF

func newDoneWindow(maxCount int) doneWindow {
	return doneWindow{max: maxCount, seed: maphash.MakeSeed(), mask: ^uint64(0), newest: make(map[uint64]uint64)}
}

// len returns how many ids are held.
func (w *doneWindow) len() int { return int(w.next - w.first) }

func (w *doneWindow) entry(n uint64) *doneID { return &w.ring[n&uint64(len(w.ring)-1)] }

func (w *doneWindow) hash(id string) uint64 { return maphash.String(w.seed, id) & w.mask }

// doneAt returns when the id was done, the last time.
func (w *doneWindow) doneAt(id string) (time.Duration, bool) {
	n, ok := w.newest[w.hash(id)]
	for ok && n >= w.first {
		e := w.entry(n)
		if w.is(e, n, id) {
			return e.at, true
		}
		n, ok = e.before-1, e.before > 0
	}
	return 0, false
}

// is compares whole ids: a hash alone would take one event for another some day.
func (w *doneWindow) is(e *doneID, n uint64, id string) bool {
	if e.length == longID {
		return w.long[n] == id
	}
	return string(e.text[:e.length]) == id
}

// add notes that an id is done; at must not fall from call to call.
func (w *doneWindow) add(id string, at time.Duration) {
	if w.len() == len(w.ring) {
		w.grow()
	}
	n, hash := w.next, w.hash(id)
	w.next++
	e := w.entry(n)
	*e = doneID{hash: hash, at: at}
	if before, ok := w.newest[hash]; ok {
		e.before = before + 1
	}
	w.newest[hash] = n
	if len(id) > len(e.text) {
		e.length = longID
		if w.long == nil {
			w.long = make(map[uint64]string)
		}
		w.long[n] = id
		return
	}
	e.length = uint8(copy(e.text[:], id))
}

// grow makes room in the ring.
func (w *doneWindow) grow() {
	const least = 64
	ring := make([]doneID, max(2*len(w.ring), least))
	for n := w.first; n < w.next; n++ {
		ring[n&uint64(len(ring)-1)] = *w.entry(n)
	}
	w.ring = ring
}

// forget drops the oldest id.
func (w *doneWindow) forget() {
	n := w.first
	e := w.entry(n)
	w.first++
	if w.newest[e.hash] == n {
		delete(w.newest, e.hash)
	}
	if e.length == longID {
		delete(w.long, n)
	}
}

// forgetAtOnce bounds how many ids one call forgets for their age. Without it
// the first event after a quiet hour would clear the whole window while every
// lane waits for the lock.
const forgetAtOnce = 16

// trim drops what is too many, and some of what is older than maxAge. The rest of
// that is dropped by later calls; until then its age tells it.
func (w *doneWindow) trim(now, maxAge time.Duration) {
	for i := 0; w.len() > 0; i++ {
		tooMany := w.len() > w.max
		tooOld := i < forgetAtOnce && now-w.entry(w.first).at >= maxAge
		if !tooMany && !tooOld {
			return
		}
		w.forget()
	}
}
