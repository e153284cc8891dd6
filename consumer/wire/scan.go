package wire

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds the nesting of members that we skip. The SDK allows more; an
// answer that needs it is the SDK's.
const maxDepth = 64

// scanner reads JSON by the letter of RFC 8259. All its methods report false
// where the text is something else, or something that is legal and that Kinesis
// does not write, and leave it to their caller to give up.
type scanner struct {
	text []byte
	at   int
}

// next skips white space and returns the byte after it; 0 at the end.
func (s *scanner) next() byte {
	for ; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

func (s *scanner) take(c byte) bool {
	if s.next() != c {
		return false
	}
	s.at++
	return true
}

func (s *scanner) literal(word string) bool {
	if !bytes.HasPrefix(s.text[s.at:], []byte(word)) {
		return false
	}
	s.at += len(word)
	return true
}

// null takes a null, if that is what follows.
func (s *scanner) null() bool { return s.next() == 'n' && s.literal("null") }

// atEnd tells whether nothing but white space is left.
func (s *scanner) atEnd() bool {
	s.next()
	return s.at == len(s.text)
}

// object reads an object and calls member for each name, which must read the
// value. Names with escapes are refused.
func (s *scanner) object(member func(name []byte) bool) bool {
	if !s.take('{') {
		return false
	}
	if s.take('}') {
		return true
	}
	for {
		name, escaped, ok := s.quoted()
		if !ok || escaped || !s.take(':') || !member(name) {
			return false
		}
		if s.take('}') {
			return true
		}
		if !s.take(',') {
			return false
		}
	}
}

// array reads an array and calls item for each value, which it must read.
func (s *scanner) array(item func() bool) bool {
	if !s.take('[') {
		return false
	}
	if s.take(']') {
		return true
	}
	for {
		if !item() {
			return false
		}
		if s.take(']') {
			return true
		}
		if !s.take(',') {
			return false
		}
	}
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special has a bit set if there is a byte in v that does not stand for itself in
// a string, or is not ASCII. The lowest is that of the first such byte; the others
// mean nothing.
func special(v uint64) uint64 {
	// With one bit changed, a quote is below '!' as control characters are.
	quote, slash := v^ones*('"'^' '), v^ones*'\\'
	return ((quote - ones*'!') | (slash - ones) | v) & highs
}

// plainEnd returns the place of the quote that ends the string of which i is inside,
// and -1 if something comes before it that does not stand for itself.
func plainEnd(b []byte, i int) int {
	for i+8 <= len(b) {
		if m := special(binary.LittleEndian.Uint64(b[i:])); m != 0 {
			i += bits.TrailingZeros64(m) / 8
			break
		}
		i += 8
	}
	for ; i < len(b) && b[i] >= ' ' && b[i] != '\\'; i++ {
		if b[i] == '"' {
			return i
		}
	}
	return -1
}

// quoted reads a string and returns what is between its quotes, as it stands.
func (s *scanner) quoted() (inner []byte, escaped, ok bool) {
	if !s.take('"') {
		return nil, false, false
	}
	if end := plainEnd(s.text, s.at); end >= 0 {
		inner, s.at = s.text[s.at:end], end+1
		return inner, false, true
	}
	for i := s.at; i < len(s.text) && s.text[i] >= ' '; {
		switch s.text[i] {
		case '"':
			inner, s.at = s.text[s.at:i], i+1
			return inner, escaped, true
		case '\\':
			escaped = true
			n := escapeSize(s.text[i:])
			if n == 0 {
				return nil, false, false
			}
			i += n
		default:
			i++
		}
	}
	return nil, false, false
}

var escapes = [256]byte{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

// escapeSize is the length of the escape that b begins with; 0 if it is none.
func escapeSize(b []byte) int {
	switch {
	case len(b) >= 2 && escapes[b[1]] != 0:
		return 2
	case hex4(b) >= 0:
		return 6
	default:
		return 0
	}
}

// unescape appends what the inside of a string that quoted took stands for. Half
// a surrogate pair and bytes that are no UTF-8 are refused.
func unescape(to, inner []byte) ([]byte, bool) {
	start := len(to)
	for i := 0; i < len(inner); {
		if inner[i] != '\\' {
			to = append(to, inner[i])
			i++
			continue
		}
		if inner[i+1] == 'u' {
			r, n := unicodeEscape(inner[i:])
			if n == 0 {
				return nil, false
			}
			to = utf8.AppendRune(to, r)
			i += n
			continue
		}
		to = append(to, escapes[inner[i+1]])
		i += 2
	}
	return to, utf8.Valid(to[start:])
}

// unicodeEscape reads \uXXXX, or two of them that are a surrogate pair, and
// returns how many bytes that took; 0 if it is neither.
func unicodeEscape(b []byte) (rune, int) {
	r := hex4(b)
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	pair := utf16.DecodeRune(r, hex4(b[6:]))
	if pair == utf8.RuneError {
		return 0, 0
	}
	return pair, 12
}

// hex4 reads \uXXXX; -1 if that is not what b begins with.
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
