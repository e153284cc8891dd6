package handlers

import (
	"strings"
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
	max    int
	maxAge time.Duration
	// ring holds the entries numbered from first to next-1, each at its number
	// modulo the ring's length, which is a power of two and grows up to what max
	// needs. Numbers begin at 1.
	ring        []doneID
	first, next uint64
	// buckets holds for each of so many hashes the lower half of the number of the
	// newest entry; a number below first says that there is none. There are two for
	// each place in the ring, so that most are empty.
	buckets []uint32
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

func newDoneWindow(maxCount int, maxAge time.Duration) doneWindow {
	return doneWindow{max: maxCount, maxAge: maxAge, first: 1, next: 1}
}

// len returns how many ids are held.
func (w *doneWindow) len() int { return int(w.next - w.first) }

func (w *doneWindow) entry(n uint64) *doneID { return &w.ring[n&uint64(len(w.ring)-1)] }

func (w *doneWindow) bucket(hash uint64) *uint32 { return &w.buckets[hash&uint64(len(w.buckets)-1)] }

// before returns the highest number below n with the lower half that a bucket has, 0
// if there is none. A bucket that was not touched for 2^32 entries may name one of
// another bucket: whose hash then tells.
func before(n uint64, half uint32) uint64 {
	back := uint64(uint32(n) - half)
	if back == 0 {
		back = 1 << 32
	}
	if back > n {
		return 0
	}
	return n - back
}

// expect has the processor fetch the place of the next entry, which has left its cache
// long ago, while it waits for the bucket of one that is asked for.
func (w *doneWindow) expect() {
	if w.len() < len(w.ring) { // so that it is nobody's
		w.entry(w.next).before = 0
	}
}

// has tells whether the id of that hash was done less than maxAge ago. It asks for the
// time only then.
func (w *doneWindow) has(hash uint64, id string, now func() time.Duration) bool {
	if w.len() == 0 {
		return false
	}
	for n := before(w.next, *w.bucket(hash)); n >= w.first; {
		e := w.entry(n)
		if e.hash == hash && w.is(e, n, id) {
			return now()-e.at < w.maxAge // others are older still
		}
		n = e.before
	}
	return false
}

// is compares whole ids: a hash alone would take one event for another some day.
func (w *doneWindow) is(e *doneID, n uint64, id string) bool {
	if e.length == longID {
		return w.long[n] == id
	}
	return string(e.text[:e.length]) == id
}

// add notes that the id of that hash is done now, and forgets what is too many or too
// old; now must not fall from call to call.
func (w *doneWindow) add(hash uint64, id string, now time.Duration) {
	n := w.next
	if n%trimEvery == 0 {
		w.trim(now)
	}
	if w.len() == w.max {
		w.forget()
	}
	if w.len() == len(w.ring) {
		w.grow()
	}
	w.next++
	e := w.entry(n)
	*e = doneID{hash: hash, at: now}
	w.chain(e, n)
	if len(id) <= len(e.text) {
		e.length = uint8(copy(e.text[:], id))
	} else {
		e.length = longID
		if w.long == nil {
			w.long = make(map[uint64]string)
		}
		w.long[n] = strings.Clone(id) // it may be a part of a page
	}
}

// chain makes an entry the newest of its bucket.
func (w *doneWindow) chain(e *doneID, n uint64) {
	b := w.bucket(e.hash)
	e.before, *b = before(n, *b), uint32(n)
}

// grow makes room in the ring.
func (w *doneWindow) grow() {
	const least = 64
	size := max(2*len(w.ring), least)
	ring := make([]doneID, size)
	w.buckets = make([]uint32, 2*size)
	for n := w.first; n < w.next; n++ {
		e := &ring[n&uint64(size-1)]
		*e = *w.entry(n)
		w.chain(e, n)
	}
	w.ring = ring
}

// forget drops the oldest id.
func (w *doneWindow) forget() {
	if len(w.long) > 0 { // the entry has left the processor's cache long ago
		delete(w.long, w.first)
	}
	w.first++
}

// trimEvery is for how many ids added what is too old is looked for, once and for up
// to twice as many. All at once would have every lane wait for the first event after a
// quiet hour; and each look is at an entry that has left the processor's cache. What
// is too old and still there is told by its age.
const trimEvery = 64

func (w *doneWindow) trim(now time.Duration) {
	for range 2 * trimEvery {
		if w.len() == 0 || now-w.entry(w.first).at < w.maxAge {
			return
		}
		w.forget()
	}
}
