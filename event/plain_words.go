//go:build !(amd64 || arm64) || purego

package event

import (
	"encoding/binary"
	"math/bits"
)

const (
	eachByte = 0x0101010101010101
	highBits = 0x80 * eachByte
)

// plain is empty where bytes are not marked: to do that without instructions
// for many bytes at once takes longer than it saves.
type plain struct{}

func (plain) reset() {}

// skip returns a place at or behind i before which, from i on, all is plain:
// mostly the first that is not. It is behind i if the byte there is plain.
func (s *scanner) skip(i int) int {
	src := s.src
	for i+16 <= len(src) {
		words := src[i : i+16]
		m, second := special(binary.LittleEndian.Uint64(words)), special(binary.LittleEndian.Uint64(words[8:]))
		if m|second == 0 {
			i += 16
			continue
		}
		if m == 0 {
			m, i = second, i+8
		}
		return i + bits.TrailingZeros64(m)>>3
	}
	for i < len(src) && isPlain(src[i]) {
		i++
	}
	return i
}

// look is skip.
func (s *scanner) look(i int) int { return s.skip(i) }

// survey has nothing to do.
func (*scanner) survey(int) {}

// special has the high bit of the first byte of x set, counted from the lowest,
// that does not stand for itself in a string: a quote, a backslash, a control
// character or what is not ASCII; 0 if there is none. Bits above that one mean
// nothing, because a subtraction may borrow from the byte above.
func special(x uint64) uint64 {
	quote, backslash := x^('"'^' ')*eachByte, x^'\\'*eachByte
	return ((quote - (' '+1)*eachByte) | (backslash - eachByte) | x) & highBits
}
