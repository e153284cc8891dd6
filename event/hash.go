package event

import "encoding/binary"

// hash mixes the beginning, the end and the length of b, in whose upper bits
// the names and types that KORE sends differ. It is quick and keeps no one from
// making collisions: those may cost no more than a comparison.
func hash(b []byte) uint64 {
	const odd1, odd2 = 0x9e3779b97f4a7c15, 0xc2b2ae3d27d4eb4f
	var first, last uint64
	if n := len(b); n >= 8 {
		first, last = binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[n-8:])
	} else if n >= 4 {
		first, last = uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[n-4:]))
	} else if n > 0 {
		first = uint64(b[0]) | uint64(b[n/2])<<8 | uint64(b[n-1])<<16
	}
	h := (first^uint64(len(b)))*odd1 ^ last*odd2
	return (h ^ h>>32) * odd1
}
