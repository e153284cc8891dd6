package event

import "encoding/binary"

const (
	// endingPairs is how many pairs of endings are kept; of KORE's there are some
	// thirty.
	endingPairs = 32
	// shortestEnding has all that an ending is looked up by, and longestEnding is
	// the longest that is kept.
	shortestEnding, longestEnding = 64, 512
	// sharedParts is more than any part that an ending may have.
	sharedParts = partDataContentType + 1
	// endingPause is how many events pass before one more ending is put for another.
	endingPause = 8
)

// ending is the end of earlier events, from behind one of their scalars on, with
// scalars and all. KORE's events end with what hardly ever changes: their type,
// source, schema and version. Such an end is compared at once.
//
// It takes nothing from the strictness of a shape. What is before it has a path
// in the tree to a node; an event with that path and this end was compared, and
// found to be good, to its last byte. So every event with that path and this end
// is one of a known shape, whose scalars in the end are valid for they are the
// same.
type ending struct {
	text string
	// after has a bit for each node of the tree behind which the text was found.
	after [shapeNodes / 64]uint64
	// found is where in the text the parts are that are wanted. There are no others
	// than those that many events have alike, and none with escapes.
	found [sharedParts]place
	// value is what was made of a part, empty until it was.
	value [sharedParts]string
}

// place is a span in an ending; zero while absent.
type place struct{ start, end uint16 }

// isShared reports whether a part is one that many events have alike.
func (p part) isShared() bool { return partType <= p && p < sharedParts }

type endings [endingPairs][2]ending

// pair returns the two endings of which rest may begin with one, if any.
func (e *endings) pair(rest []byte) *[2]ending {
	// Types differ in their beginnings, which are com.kore or com.twilio, and in
	// their ends; these places have enough of either.
	h := binary.LittleEndian.Uint64(rest[12:]) ^ binary.LittleEndian.Uint64(rest[shortestEnding-12:])*mix2
	return &e[h*mix1>>32%endingPairs]
}

// ending returns the place behind the event whose end begins at i, behind the
// scalar of a node, if that is a known one; otherwise -1.
func (s *scanner) ending(node uint16, i int) int {
	rest := s.src[i:]
	if s.shapes.endings == nil || len(rest) < shortestEnding {
		return -1
	}
	pair := s.shapes.endings.pair(rest)
	for k := range pair {
		e := &pair[k]
		if e.after[node/64%uint16(len(e.after))]>>(node%64)&1 == 0 || len(rest) < len(e.text) || string(rest[:len(e.text)]) != e.text {
			continue
		}
		for p := partType; p.isShared(); p++ {
			if v := e.found[p]; v.end > 0 {
				s.wanted.found[p] = span{start: i + int(v.start), end: i + int(v.end)}
			}
		}
		s.wanted.ending = e
		return i + len(e.text)
	}
	return -1
}

// keepEnding takes the end of an event that was compared, which begins at begin
// behind the scalar of a node.
func (s *scanner) keepEnding(node uint16, begin, end int) {
	h := &s.shapes
	if end-begin < shortestEnding || end-begin > longestEnding {
		return
	}
	if h.endings == nil {
		h.endings = new(endings)
	}
	found, ok := s.endingParts(begin)
	if !ok {
		return
	}
	text := s.src[begin:end]
	pair := h.endings.pair(text)
	e := &pair[0]
	if e.text != "" && e.text != string(text) {
		e = &pair[1]
	}
	if e.text != "" && e.text != string(text) {
		if h.age%endingPause > 0 {
			return
		}
		pair[0], pair[1] = pair[1], ending{}
	}
	if e.text == "" {
		e.text, e.found = string(text), found
	}
	if e.found == found {
		e.after[node/64] |= 1 << (node % 64)
	}
}

// endingParts returns where in the end of an event its parts are, unless there
// is more in it than an ending may have.
func (s *scanner) endingParts(begin int) (places [sharedParts]place, ok bool) {
	for p, v := range s.wanted.found {
		if v.end <= begin {
			continue
		}
		if !part(p).isShared() || v.start < begin || v.escaped {
			return places, false
		}
		places[p] = place{uint16(v.start - begin), uint16(v.end - begin)}
	}
	return places, true
}
