package event

import "unsafe"

const (
	// arenaBlock is what one string that is kept may keep alive with it.
	arenaBlock = 4 << 10
	// slabEvents is how many events one event that is kept may keep alive. A slab
	// of so many is just below one of the allocator's size classes (slabSize in
	// the tests), of which a span has six: one of 32 had a span to itself, and to
	// get another one costs more than all else about it.
	slabEvents = 29
	// sharedPayload is the size of the largest payload whose events share a slab
	// with those of other payloads: that bounds what one event may keep alive.
	sharedPayload = 64 << 10
)

// arena copies small texts into blocks. What was written to a block never
// changes, so that the texts may be strings.
type arena struct {
	block []byte
}

// bytes returns a copy of b.
func (a *arena) bytes(b []byte) []byte {
	if len(b) > arenaBlock/4 {
		return append([]byte(nil), b...)
	}
	if cap(a.block)-len(a.block) < len(b) {
		a.block = make([]byte, 0, arenaBlock)
	}
	n := len(a.block)
	a.block = append(a.block, b...)
	return a.block[n:len(a.block):len(a.block)]
}

// string returns a copy of b as a string.
func (a *arena) string(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	c := a.bytes(b)
	return unsafe.String(unsafe.SliceData(c), len(c))
}

// slab hands out events, made several at a time.
type slab struct {
	free []Event
	// used are events that were taken back, empty.
	used []*Event
}

// event returns an empty event.
func (s *slab) event() *Event {
	if n := len(s.used); n > 0 {
		e := s.used[n-1]
		s.used = s.used[:n-1]
		return e
	}
	if len(s.free) == 0 {
		s.free = make([]Event, slabEvents)
	}
	e := &s.free[0]
	s.free = s.free[1:]
	return e
}

// alone makes the slab begin afresh, and what it returns makes it go on where
// it was.
func (s *slab) alone() (goOn func()) {
	kept := *s
	*s = slab{}
	return func() { *s = kept }
}
