//go:build (amd64 || arm64) && !purego

package event

import (
	"encoding/binary"
	"math/bits"
)

const (
	// markedBytes is how many bytes are looked at at once: nearly every event as a
	// whole, and little enough for the marks to be a part of the scanner.
	markedBytes = 4<<10 - 8
	// markedBits is the room for their marks, and for 16 bytes behind them.
	markedBits = markedBytes/8 + 17
	// markedBlock is how long a text must be for markBlocks, which reads what is
	// left behind its whole blocks with bytes before it.
	markedBlock = 64
	// markedAtOnce is how many marks a word holds at least, wherever it begins.
	markedAtOnce = 64 - 7
)

// plain knows of a window of a scanner's source which bytes stand for themselves
// in a string. Where a string ends is then the next place that is not marked,
// nearly always, and is found without a loop whose length nobody can foretell.
type plain struct {
	// from is where the window begins, and length how long it is.
	from   int
	length uint
	// bits has a bit for each byte of the window, the first one lowest, that is
	// set if the byte is plain. Behind them are 64 at least that are not.
	bits [markedBits]byte
}

func (p *plain) reset() { p.length = 0 }

// skip returns a place at or behind i before which, from i on, all is plain:
// nearly always the first that is not.
func (s *scanner) skip(i int) int {
	p := &s.plain
	at := uint(i - p.from)
	if at >= p.length {
		return i
	}
	return i + bits.TrailingZeros64(^(binary.LittleEndian.Uint64(p.bits[at>>3&(1<<9-1):]) >> (at & 7)))
}

// look returns the first place at or behind i that is not plain, or that is not
// marked yet. If the byte at i is plain, the place is behind it.
func (s *scanner) look(i int) int {
	s.survey(i)
	for {
		end := s.skip(i)
		if end-i < markedAtOnce {
			return end
		}
		i = end
	}
}

// survey moves the window to begin at i, unless i is in it.
func (s *scanner) survey(i int) {
	p := &s.plain
	if uint(i-p.from) >= p.length {
		text := s.src[i:min(len(s.src), i+markedBytes)]
		p.from, p.length = i, uint(len(text))
		if len(text) < markedBlock {
			markFew(&p.bits, text)
		} else {
			markBlocks(&p.bits, text)
		}
	}
}

// markFew sets the bits of a text that is shorter than a block.
func markFew(bits *[markedBits]byte, text []byte) {
	var word uint64
	for i, c := range text {
		if isPlain(c) {
			word |= 1 << i
		}
	}
	binary.LittleEndian.PutUint64(bits[:], word)
	binary.LittleEndian.PutUint64(bits[8:], 0)
}
