package event

import (
	"bytes"
	"errors"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

var errEscape = errors.New("invalid escape sequence in a string")

// str reads the string whose opening quote is at i.
func (s *scanner) str(i int) int {
	end := s.skip(i + 1)
	if end < len(s.src) && s.src[end] == '"' {
		return end + 1
	}
	return s.rest(end)
}

// rest reads a string from i on, whatever is in it.
func (s *scanner) rest(i int) int {
	src := s.src
	for i < len(src) {
		switch c := src[i]; {
		case isPlain(c):
			i = s.look(i)
		case c == '"':
			return i + 1
		case c == '\\':
			s.escape = i
			n := escapeLength(src[i:], s.lax)
			if n == 0 {
				return s.fail(i, errEscape)
			}
			i += n
		case c < ' ':
			return s.odd(i, "in a string")
		default:
			r, n := utf8.DecodeRune(src[i:])
			if r == utf8.RuneError && n == 1 && !s.lax {
				return s.odd(i, "in a string")
			}
			i += n
		}
	}
	return s.fail(i, errEnd)
}

// isPlain reports whether a byte stands for itself in a string: it is ASCII, and
// no quote, no backslash and no control character.
func isPlain(c byte) bool { return ' ' <= c && c < utf8.RuneSelf && c != '"' && c != '\\' }

// escapeLength is how many bytes the escape sequence at the beginning of b has,
// 0 if it is none. Half a surrogate pair is one only if lax says so.
func escapeLength(b []byte, lax bool) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
	default:
		return 0
	}
	r := hex4(b)
	switch {
	case r < 0:
		return 0
	case !utf16.IsSurrogate(r) || lax:
		return 6
	case utf16.DecodeRune(r, hex4(b[6:])) == utf8.RuneError:
		return 0
	default:
		return 12
	}
}

// hex4 returns the value of the \uXXXX at the beginning of b, -1 if there is none.
func hex4(b []byte) rune {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return -1
	}
	r, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(r)
}

// unquote returns the text of a JSON string that was found to be valid, a part
// of raw unless there are escapes in it.
func unquote(raw []byte) []byte {
	inside := raw[1 : len(raw)-1]
	if bytes.IndexByte(inside, '\\') < 0 {
		return inside
	}
	return unescape(make([]byte, 0, len(inside)), inside)
}

// unescape appends the text of the inside of a valid JSON string to dst.
func unescape(dst, b []byte) []byte {
	for {
		i := bytes.IndexByte(b, '\\')
		if i < 0 {
			return append(dst, b...)
		}
		dst, b = append(dst, b[:i]...), b[i:]
		switch c := b[1]; c {
		case 'u':
			r := hex4(b)
			b = b[6:]
			if utf16.IsSurrogate(r) {
				r = utf16.DecodeRune(r, hex4(b))
				b = b[6:]
			}
			dst = utf8.AppendRune(dst, r)
			continue
		case 'b':
			c = '\b'
			dst = append(dst, c)
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		default:
			dst = append(dst, c)
		}
		b = b[2:]
	}
}
