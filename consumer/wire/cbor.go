package wire

import (
	"encoding/binary"
	"math"
	"unicode/utf8"
)

// The major types of RFC 8949, section 3.1.
const (
	majorUint = iota
	majorNegative
	majorBytes
	majorText
	majorArray
	majorMap
	majorTag
	majorSimple
)

// Simple values and numbers that are one byte, or one byte and what follows.
const (
	cborFalse     = 0xf4
	cborTrue      = 0xf5
	cborNull      = 0xf6
	cborUndefined = 0xf7
	cborFloat32   = 26
	cborFloat64   = 27
	cborBreak     = 0xff
	cborEpoch     = 1 // the tag of a time
)

// cborScanner reads CBOR by the letter of RFC 8949, definite or indefinite. All
// its methods report false where the bytes are something else, or something legal
// that no Kinesis writes, and leave it to their caller to give up.
type cborScanner struct {
	window
	scratch []byte
}

// head is how an item begins: its type and its argument, which is a value, a
// length or a tag. Without an argument it is of indefinite length, which only
// strings, arrays and maps can be.
type head struct {
	major, info byte
	argument    uint64
	indefinite  bool
}

func (s *cborScanner) head() (h head, ok bool) {
	if !s.need(1) {
		return h, false
	}
	b := s.buf[s.at]
	h.major, h.info = b>>5, b&31
	if h.info < 24 {
		s.at++
		h.argument = uint64(h.info)
		return h, true
	}
	if h.info == 31 {
		s.at++
		h.indefinite = true
		return h, majorBytes <= h.major && h.major <= majorMap
	}
	if h.info > 27 {
		return h, false
	}
	size := 1 << (h.info - 24)
	if !s.need(1 + size) {
		return h, false
	}
	text := s.buf[s.at+1 : s.at+1+size]
	s.at += 1 + size
	switch size {
	case 1:
		h.argument = uint64(text[0])
	case 2:
		h.argument = uint64(binary.BigEndian.Uint16(text))
	case 4:
		h.argument = uint64(binary.BigEndian.Uint32(text))
	default:
		h.argument = binary.BigEndian.Uint64(text)
	}
	return h, true
}

// takeByte takes one byte of those given, if that is what follows.
func (s *cborScanner) takeByte(a, b byte) bool {
	if !s.need(1) || s.buf[s.at] != a && s.buf[s.at] != b {
		return false
	}
	s.at++
	return true
}

// null takes a null, if that is what follows. Encoders of JavaScript write a
// member that is undefined as such, and mean that it is not there.
func (s *cborScanner) null() bool { return s.takeByte(cborNull, cborUndefined) }

func (s *cborScanner) atBreak() bool { return s.takeByte(cborBreak, cborBreak) }

// more tells whether a list or map that began with h has an item after n of them.
func (s *cborScanner) more(h head, n uint64) bool {
	if h.indefinite {
		return !s.atBreak()
	}
	return n < h.argument
}

// object reads a map and calls member for each name, which must read the value.
// A name is valid until something else is read, and was not looked at: see other.
func (s *cborScanner) object(member func(name []byte) bool) bool {
	h, ok := s.head()
	if !ok || h.major != majorMap {
		return false
	}
	for n := uint64(0); s.more(h, n); n++ {
		h, ok := s.head()
		if !ok || h.major != majorText {
			return false
		}
		name, ok := s.inside(h)
		if !ok || !member(name) {
			return false
		}
	}
	return true
}

// array reads an array and calls item for each value, which it must read.
func (s *cborScanner) array(item func() bool) bool {
	h, ok := s.head()
	if !ok || h.major != majorArray {
		return false
	}
	for n := uint64(0); s.more(h, n); n++ {
		if !item() {
			return false
		}
	}
	return true
}

// text reads a text string, which is valid until something else is read.
func (s *cborScanner) text() ([]byte, bool) {
	h, ok := s.head()
	if !ok || h.major != majorText {
		return nil, false
	}
	text, ok := s.inside(h)
	return text, ok && utf8.Valid(text)
}

// other drops the value of a member of which nobody knows the name.
func (s *cborScanner) other(name []byte) bool { return utf8.Valid(name) && s.skip(0) }

// inside reads the inside of a string that began with h.
func (s *cborScanner) inside(h head) ([]byte, bool) {
	if h.indefinite {
		return s.gather(h.major)
	}
	if h.argument > maxBody || !s.need(int(h.argument)) {
		return nil, false
	}
	inside := s.buf[s.at : s.at+int(h.argument)]
	s.at += len(inside)
	return inside, true
}

// gather reads the pieces of a string of indefinite length. Each is a string of
// its own, so that no character is in two of them.
func (s *cborScanner) gather(major byte) ([]byte, bool) {
	s.scratch = s.scratch[:0]
	for !s.atBreak() {
		h, ok := s.head()
		if !ok || h.major != major || h.indefinite {
			return nil, false
		}
		piece, ok := s.inside(h)
		if !ok || major == majorText && !utf8.Valid(piece) {
			return nil, false
		}
		s.scratch = append(s.scratch, piece...)
	}
	return s.scratch, true
}

// integer reads a whole number of 64 bits.
func (s *cborScanner) integer() (int64, bool) {
	h, ok := s.head()
	if !ok || h.argument > math.MaxInt64 {
		return 0, false
	}
	switch h.major {
	case majorUint:
		return int64(h.argument), true
	case majorNegative:
		return ^int64(h.argument), true
	default:
		return 0, false
	}
}

// skip reads any value and drops it.
func (s *cborScanner) skip(depth int) bool {
	h, ok := s.head()
	if !ok || depth > maxDepth {
		return false
	}
	switch h.major {
	case majorUint, majorNegative:
		return true
	case majorBytes, majorText:
		return s.skipString(h)
	case majorArray, majorMap:
		for n := uint64(0); s.more(h, n); n++ {
			if !s.skip(depth+1) || h.major == majorMap && !s.skip(depth+1) {
				return false
			}
		}
		return true
	case majorTag:
		return s.need(1) && fits(h.argument, s.buf[s.at]) && s.skip(depth+1)
	default:
		// A simple value below 32 has one byte, not two.
		return h.info != 24 || h.argument >= 32
	}
}

// fits tells whether what begins with a byte may have a tag. Of most nobody knows.
func fits(tag uint64, begins byte) bool {
	switch major := begins >> 5; tag {
	case 0: // a time in words
		return major == majorText
	case cborEpoch:
		return major == majorUint || major == majorNegative || 0xf9 <= begins && begins <= 0xfb
	case 2, 3: // large numbers
		return major == majorBytes
	default:
		return true
	}
}

func (s *cborScanner) skipString(h head) bool {
	if !h.indefinite {
		return h.argument <= maxBody && s.drop(int(h.argument))
	}
	for !s.atBreak() {
		piece, ok := s.head()
		if !ok || piece.major != h.major || piece.indefinite || !s.skipString(piece) {
			return false
		}
	}
	return true
}
