package wire

import (
	"math"
	"strconv"
	"time"
	"unsafe"

	smithytime "github.com/aws/smithy-go/time"
)

// number reads a number and returns it as it stands.
func (s *scanner) number() ([]byte, bool) {
	s.next()
	start := s.at
	s.sign("-")
	first := s.at
	if !s.skipDigits() || s.text[first] == '0' && s.at > first+1 {
		return nil, false
	}
	if s.sign(".") && !s.skipDigits() {
		return nil, false
	}
	if s.sign("eE") {
		s.sign("+-")
		if !s.skipDigits() {
			return nil, false
		}
	}
	return s.text[start:s.at], true
}

// sign takes one byte of those given, if that is what follows.
func (s *scanner) sign(any string) bool {
	if s.at == len(s.text) {
		return false
	}
	for i := range len(any) {
		if s.text[s.at] == any[i] {
			s.at++
			return true
		}
	}
	return false
}

func (s *scanner) skipDigits() bool {
	start := s.at
	for s.at < len(s.text) && '0' <= s.text[s.at] && s.text[s.at] <= '9' {
		s.at++
	}
	return s.at > start
}

// integer reads a whole number that is written without fraction or exponent.
func (s *scanner) integer() (int64, bool) {
	text, ok := s.number()
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(unsafeString(text), 10, 64)
	return n, err == nil
}

// timestamp reads seconds since 1970 and cuts them to milliseconds, as the SDK
// does: whatever we make of an arrival time, the two must not differ.
func (s *scanner) timestamp() (time.Time, bool) {
	s.next()
	if ms, end := epoch(s.text, s.at); end >= 0 {
		s.at = end
		return time.Unix(ms/1000, ms%1000*1e6).UTC(), true
	}
	text, ok := s.number()
	if !ok {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseFloat(unsafeString(text), 64)
	if err != nil {
		return time.Time{}, false
	}
	millis := seconds * 1000
	if math.Abs(millis) >= 1<<53 {
		return smithytime.ParseEpochSeconds(seconds), true
	}
	return time.Unix(0, int64(millis)*1e6).UTC(), true
}

// unsafeString is b as a string that must not outlive the call it is given to.
func unsafeString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// skip reads any value and drops it.
func (s *scanner) skip(depth int) bool {
	if depth > maxDepth {
		return false
	}
	switch s.next() {
	case '{':
		return s.object(func([]byte) bool { return s.skip(depth + 1) })
	case '[':
		return s.array(func() bool { return s.skip(depth + 1) })
	case '"':
		_, _, ok := s.quoted()
		return ok
	case 't':
		return s.literal("true")
	case 'f':
		return s.literal("false")
	case 'n':
		return s.literal("null")
	default:
		_, ok := s.number()
		return ok
	}
}
