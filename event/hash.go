package event

import "encoding/binary"

const (
	mix1 = 0x9e3779b97f4a7c15
	mix2 = 0xc2b2ae3d27d4eb4f
)

// hash mixes the beginning, the end and the length of b, in which the names and
// types that KORE sends differ; the upper bits are the best. It is quick and
// keeps no one from making collisions: those may cost no more than comparisons.
func hash(b []byte) uint64 {
	if len(b) < 8 {
		return hashShort(b)
	}
	h := binary.LittleEndian.Uint64(b)*mix1 ^ (binary.LittleEndian.Uint64(b[len(b)-8:])+uint64(len(b)))*mix2
	return (h ^ h>>32) * mix1
}

// hashShort is hash for less than eight bytes, of which none is left out.
func hashShort(b []byte) uint64 {
	h := uint64(len(b))
	for _, c := range b {
		h = h<<8 | uint64(c)
	}
	h *= mix1
	return (h ^ h>>32) * mix1
}
