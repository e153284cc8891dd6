package handlers

import (
	"hash/maphash"
	"time"
)

// doneWindow holds the ids that were done, oldest first. It holds them whole, in
// arrays without a pointer in them, so that a few hundred thousand of them are
// nothing to the garbage collector. It is not safe for concurrent use.
//
// Its hash table costs what it misses of the processor's cache: one place of it for
// an id that is new. The entries of a bucket are chained from the newest to the
// oldest, and entries are forgotten in the order of their numbers, so a chain
// simply ends at the first number that is too low, and nothing has to be done
// to forget one.
type doneWindow struct {
	max  int
	seed maphash.Seed
	// mask is all ones; tests take some away to have hashes that are alike.
	mask uint64
	// ring holds the entries numbered from first to next-1, each at its number
	// modulo the ring's length, which is a power of two and grows up to what max
	// needs. Numbers begin at 1.
	ring        []doneID
	first, next uint64
	// buckets holds for each of so many hashes the number of the newest entry; a
	// number below first says that there is none. There are two for each place in
	// the ring, so that most are empty.
	buckets []uint64
	// long are the ids that do not fit into an entry, by the entry's number.
	long map[uint64]string
}

// doneID is one id that was done. It fills a line of the cache.
type doneID struct {
	hash uint64
	// before is the number of the entry of the same bucket before this one. One
	// below first ends the chain: that entry was forgotten, or never was.
	before uint64
	at     time.Duration
	length uint8 // longID for one that is elsewhere
	text   [39]byte
}

const longID = 0xFF

func newDoneWindow(maxCount int) doneWindow {
	return doneWindow{max: maxCount, seed: maphash.MakeSeed(), mask: ^uint64(0), first: 1, next: 1}
}

// len returns how many ids are held.
func (w *doneWindow) len() int { return int(w.next - w.first) }

func (w *doneWindow) entry(n uint64) *doneID { return &w.ring[n&uint64(len(w.ring)-1)] }

func (w *doneWindow) bucket(hash uint64) *uint64 { return &w.buckets[hash&uint64(len(w.buckets)-1)] }

func (w *doneWindow) hash(id string) uint64 { return maphash.String(w.seed, id) & w.mask }

// doneAt returns when the id was done, the last time.
func (w *doneWindow) doneAt(id string) (time.Duration, bool) {
	if w.len() == 0 {
		return 0, false
	}
	hash := w.hash(id)
	for n := *w.bucket(hash); n >= w.first; {
		e := w.entry(n)
		if e.hash == hash && w.is(e, n, id) {
			return e.at, true
		}
		n = e.before
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
	n := w.next
	w.next++
	e := w.entry(n)
	*e = doneID{hash: w.hash(id), at: at}
	w.chain(e, n)
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

// chain makes an entry the newest of its bucket.
func (w *doneWindow) chain(e *doneID, n uint64) {
	b := w.bucket(e.hash)
	e.before, *b = *b, n
}

// grow makes room in the ring.
func (w *doneWindow) grow() {
	const least = 64
	size := max(2*len(w.ring), least)
	ring := make([]doneID, size)
	w.buckets = make([]uint64, 2*size)
	for n := w.first; n < w.next; n++ {
		e := &ring[n&uint64(size-1)]
		*e = *w.entry(n)
		w.chain(e, n)
	}
	w.ring = ring
}

// forget drops the oldest id.
func (w *doneWindow) forget() {
	if w.entry(w.first).length == longID {
		delete(w.long, w.first)
	}
	w.first++
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
