package event

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

var errDuplicateName = errors.New("duplicate object member name")

// fail notes why the text is refused, and where.
func (s *scanner) fail(at int, err error) int {
	s.failed.at, s.failed.reason, s.failed.err = at, ReasonSyntax, err
	return -1
}

// odd refuses the character at i.
func (s *scanner) odd(i int, where string) int {
	r, size := utf8.DecodeRune(s.src[i:])
	if r == utf8.RuneError && size == 1 {
		return s.fail(i, fmt.Errorf("invalid byte 0x%02x %s", s.src[i], where))
	}
	return s.fail(i, fmt.Errorf("invalid character %q %s", r, where))
}

// tooDeep refuses the level that the bracket at i would open.
func (s *scanner) tooDeep(i, limit int) int {
	if s.lax {
		limit = maxArrayDepth
	}
	s.fail(i, fmt.Errorf("more than %d levels", limit))
	s.failed.reason = ReasonDepth
	return -1
}

// duplicate refuses a name that the object has already.
func (s *scanner) duplicate(v span) int {
	name := s.text(v, nil)
	if len(name) > maxNameInError {
		name = name[:maxNameInError]
	}
	s.fail(v.start, fmt.Errorf("%w %q", errDuplicateName, name))
	s.failed.reason = ReasonDuplicateKey
	return -1
}

// notAName refuses what stands where a name should. A number or literal that is
// itself broken is refused for that.
func (s *scanner) notAName(i int) int {
	end := 0
	switch c := s.src[i]; {
	case c == '-' || '0' <= c && c <= '9':
		end = s.number(i)
	case c == 'n' || c == 't' || c == 'f':
		end = s.literal(i)
	}
	if end < 0 {
		return -1
	}
	return s.odd(i, "at the start of a name")
}

// refusal is the DecodeError for what fail was told.
//
// Bytes that are not UTF-8 are the reason only if they come no later than where
// the scanner gave up, since what follows a syntax error was never read.
func (s *scanner) refusal() *DecodeError {
	f := &s.failed
	if f.reason == ReasonSyntax {
		if bad := invalidUTF8(s.src); bad >= 0 && bad <= int64(f.at) {
			return &DecodeError{Reason: ReasonUTF8, Offset: s.base + bad, Err: f.err}
		}
	}
	return &DecodeError{Reason: f.reason, Offset: s.base + int64(f.at), Err: f.err}
}
