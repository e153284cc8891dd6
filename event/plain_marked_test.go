//go:build (amd64 || arm64) && !purego

package event

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// compareMarks checks the marks of a text with what isPlain says of each byte,
// and that nothing is plain behind it.
func compareMarks(tb testing.TB, text []byte) {
	tb.Helper()
	var s scanner
	for i := range s.plain.bits {
		s.plain.bits[i] = 0xff // as if of an earlier source
	}
	s.src = text
	s.survey(0)
	marked := min(len(text), markedBytes)
	for i := range marked + 64 {
		got := s.plain.bits[i/8]>>(i%8)&1 == 1
		if want := i < marked && isPlain(text[i]); got != want {
			tb.Fatalf("byte %d of %d: got plain %t, want %t in %.200q", i, len(text), got, want, text)
		}
	}
}

func TestPlain_MarksWhatStandsForItself(t *testing.T) {
	t.Parallel()
	const longest, alignments = 200, 64
	random := rand.New(rand.NewPCG(1, 2))
	block := make([]byte, longest+alignments)
	for _, most := range []int{256, 0x80, 0x24} {
		for length := range longest + 1 {
			for at := range alignments {
				text := block[at : at+length : at+length]
				for i := range text {
					text[i] = byte(random.IntN(most))
				}
				compareMarks(t, text)
			}
		}
	}
}

func TestPlain_MarksEachByteAnywhere(t *testing.T) {
	t.Parallel()
	for _, length := range []int{64, 79, 127, 128, 200} {
		text := bytes.Repeat([]byte("x"), length)
		for at := range text {
			for c := range 256 {
				text[at] = byte(c)
				compareMarks(t, text)
			}
			text[at] = 'x'
		}
	}
}

func TestPlain_MarksNoMoreThanAWindow(t *testing.T) {
	t.Parallel()
	for _, length := range []int{markedBytes - 1, markedBytes, markedBytes + 1, 2 * markedBytes} {
		compareMarks(t, bytes.Repeat([]byte("0123456789\""), length/11+1)[:length])
		compareMarks(t, bytes.Repeat([]byte("x"), length))
	}
}

func FuzzPlain(f *testing.F) {
	for _, text := range []string{"", `"`, "Zähler-1236", "\x00\x1f \x7f\x80\xff", `a "quoted\" text" that is just as long as a block of sixty-four bytes is`} {
		f.Add([]byte(text), uint(3))
	}
	f.Fuzz(func(t *testing.T, text []byte, at uint) {
		compareMarks(t, append(make([]byte, at%64), text...)[at%64:])
	})
}
