//go:build !purego

package event

import (
	"math/rand/v2"
	"testing"
)

func TestMarkBlocks_IsTheSameWithoutAVX2(t *testing.T) {
	t.Parallel()
	if !hasAVX2 {
		t.Skip("this processor has no AVX2")
	}
	const longest, alignments = 200, 64
	random := rand.New(rand.NewPCG(1, 2))
	block := make([]byte, longest+alignments)
	for _, most := range []int{256, 0x80, 0x24} {
		for length := markedBlock; length <= longest; length++ {
			for at := range alignments {
				text := block[at : at+length : at+length]
				for i := range text {
					text[i] = byte(random.IntN(most))
				}
				var got, want marksOf
				markBlocksSSE2(got.filled(), text)
				markBlocksAVX2(want.filled(), text)
				if g, w := got.upTo(length), want.upTo(length); g != w {
					t.Fatalf("%d bytes: got %x, want %x in %q", length, g, w, text)
				}
			}
		}
	}
}

type marksOf [markedBits]byte

// filled returns marks as an earlier text may have left them.
func (m *marksOf) filled() *[markedBits]byte {
	for i := range m {
		m[i] = 0xff
	}
	return (*[markedBits]byte)(m)
}

// upTo returns the marks of a text of the given length, and of the 64 places
// behind it, and nothing else.
func (m *marksOf) upTo(length int) string { return string(m[:(length+64)/8]) }
