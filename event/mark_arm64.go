//go:build !purego

package event

// markBlocks sets the bits of a text that is no shorter than markedBlock, and of
// the places behind it that must not be plain. It reads nothing but the text.
//
//go:noescape
func markBlocks(bits *[markedBits]byte, text []byte)
