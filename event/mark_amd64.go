//go:build !purego

package event

import (
	"github.com/segmentio/asm/cpu"
	"github.com/segmentio/asm/cpu/x86"
)

var hasAVX2 = cpu.X86.Has(x86.AVX2)

// markBlocks sets the bits of a text that is no shorter than markedBlock, and of
// the places behind it that must not be plain. It reads nothing but the text.
func markBlocks(bits *[markedBits]byte, text []byte) {
	if hasAVX2 {
		markBlocksAVX2(bits, text)
		return
	}
	markBlocksSSE2(bits, text)
}

//go:noescape
func markBlocksAVX2(bits *[markedBits]byte, text []byte)

//go:noescape
func markBlocksSSE2(bits *[markedBits]byte, text []byte)
