package event

import (
	"errors"
	"fmt"
)

// scanner reads JSON text in one strict pass: the grammar of RFC 8259, UTF-8,
// unique names, a limit to the nesting. It reads bytes and remembers places in
// them; it builds nothing.
//
// Its methods take a place in src and return the one behind what they read, or
// -1 after a call of fail.
type scanner struct {
	src []byte
	// base is the place of src in the record's payload.
	base int64
	// lax is for dividing an array into its elements: names may occur twice, and
	// strings may hold what is not UTF-8. What concerns one element only is left
	// for the element's own turn.
	lax bool

	// frames are the levels that are open, from 1 on.
	frames []frame
	names  nameTable
	wanted wanted
	shapes shapes
	// plain finds the ends of strings.
	plain plain
	// escape is the place of the last backslash that was read in a string. A
	// string has escapes if and only if this is not before it.
	escape int

	// failed is what the last fail was told.
	failed struct {
		at     int
		reason string
		err    error
	}
}

// frame is one object or array that is open.
type frame struct {
	// closing is the byte that ends it.
	closing byte
	seen    nameSet
}

var errEnd = errors.New("unexpected end")

// reset points the scanner at src. A value that it reads is no event until
// wanted says so, and nothing is found in it before: places in an earlier source
// would be taken for places in this one.
func (s *scanner) reset(src []byte, base int64) {
	s.src, s.base, s.escape = src, base, -1
	s.wanted.levels = 0
	clear(s.wanted.found[:])
	s.plain.reset()
	s.names.reset()
	if s.frames == nil {
		s.frames = make([]frame, MaxDepth+1)
	}
}

// release lets go of the source and of what a large object needed: a scanner
// that waits must not keep a record alive.
func (s *scanner) release() {
	s.src = nil
	s.names.reset()
}

// event reads the event at i, an object whose parts are wanted. One that is as
// events often are is compared with them, others are read in full.
func (s *scanner) event(i int) int {
	s.shapes.begin()
	s.wanted.ending = nil
	if end := s.compare(i); end >= 0 {
		return end
	}
	s.escape = -1
	clear(s.wanted.found[:])
	end := s.value(i, MaxDepth)
	if end >= 0 {
		s.learn(i, end)
	}
	return end
}

// value reads the value at i, which is no white space, nested up to limit
// levels.
//
// It is one loop over the text with the open levels in frames, longer than a
// function should be: what it calls is called once per string or number, and
// with a call per member and value it takes half as long again.
func (s *scanner) value(i, limit int) int {
	src, depth, closing := s.src, 0, byte(0)
	for {
		var opened bool
		switch c := src[i]; c {
		case '"':
			i = s.str(i)
		case '{', '[':
			if depth == limit {
				return s.tooDeep(i, limit)
			}
			if i, opened = s.open(i, depth+1); opened {
				depth++
				closing = c + 2 // as open has it
			}
		case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
			i = s.number(i)
		default:
			i = s.literal(i)
		}
		if i < 0 {
			return -1
		}
		// Unless a level was opened, i is behind a value. Close what ends there.
		for !opened {
			if depth <= s.wanted.levels {
				s.take(depth, i)
			}
			if depth == 0 {
				return i
			}
			if i < len(src) && src[i] <= ' ' {
				i = s.space(i)
			}
			if i == len(src) {
				return s.fail(i, errEnd)
			}
			if src[i] == ',' {
				if next := i + 1; next < len(src) && src[next] == '"' && closing == '}' {
					i = s.name(next, depth)
				} else {
					i = s.next(i, depth)
				}
				if i < 0 {
					return -1
				}
				break
			}
			if src[i] != closing {
				return s.odd(i, "after a value")
			}
			if closing == '}' {
				s.names.leave(&s.frames[depth].seen)
			}
			depth--
			closing = s.frames[depth].closing
			i++
		}
	}
}

// open reads the beginning of an object or an array at i, which becomes a level
// unless it is empty.
func (s *scanner) open(i, depth int) (int, bool) {
	closing := s.src[i] + 2 // so it is in ASCII: {} and []
	if i++; i < len(s.src) && s.src[i] <= ' ' {
		i = s.space(i)
	}
	if i == len(s.src) {
		return s.fail(i, errEnd), false
	}
	if s.src[i] == closing {
		return i + 1, false
	}
	if depth == len(s.frames) {
		s.frames = append(s.frames, frame{})
	}
	f := &s.frames[depth]
	f.closing = closing
	if closing == '}' {
		s.names.enter(&f.seen)
		return s.name(i, depth), true
	}
	if depth <= s.wanted.levels {
		s.wanted.part[depth] = nothing
	}
	return i, true
}

// next reads from a comma on to the next value of the level.
func (s *scanner) next(comma, depth int) int {
	i := s.space(comma + 1)
	if i == len(s.src) {
		return s.fail(i, errEnd)
	}
	if c := s.src[i]; c == '}' || c == ']' {
		return s.odd(comma, "before a closing bracket")
	}
	if s.frames[depth].closing == '}' {
		return s.name(i, depth)
	}
	return i
}

// name reads a member's name at i, and on to its value.
func (s *scanner) name(i, depth int) int {
	if s.src[i] != '"' {
		return s.notAName(i)
	}
	end := s.str(i)
	if end < 0 {
		return -1
	}
	escaped := s.escape > i
	if !s.lax && !s.names.add(&s.frames[depth].seen, depth, s.src, i, end, escaped) {
		return s.duplicate(span{i, end, escaped})
	}
	meant := nothing
	if depth <= s.wanted.levels {
		meant = s.meaning(depth, i, end, escaped)
	}
	if end < len(s.src) && s.src[end] != ':' {
		end = s.space(end)
	}
	if end == len(s.src) {
		return s.fail(end, errEnd)
	}
	if s.src[end] != ':' {
		return s.odd(end, "after a name")
	}
	return s.member(end+1, depth, meant)
}

// member reads from behind a colon on to the value of a member that means meant.
func (s *scanner) member(i, depth int, meant part) int {
	if i < len(s.src) && s.src[i] <= ' ' {
		i = s.space(i)
	}
	if i == len(s.src) {
		return s.fail(i, errEnd)
	}
	if depth <= s.wanted.levels {
		s.wanted.part[depth] = meant
		s.wanted.begin[depth] = i
	}
	return i
}

// space returns the next place at or behind i that is no white space.
func (s *scanner) space(i int) int { return skipSpace(s.src, i) }

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// end checks that nothing but white space follows from i on.
func (s *scanner) end(i int) *DecodeError {
	if i = s.space(i); i == len(s.src) {
		return nil
	}
	return &DecodeError{
		Reason: ReasonTrailing, Offset: s.base + int64(i),
		Err: fmt.Errorf("%d bytes after the value", len(s.src)-i),
	}
}
