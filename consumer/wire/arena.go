package wire

import "unsafe"

const (
	blockSize = 8 << 10
	// longString is the length from which a string gets memory of its own: it
	// would take too much of a block that others pin.
	longString = 1 << 10
)

// arena copies strings into blocks, so that a page of a thousand records takes
// a dozen allocations and not two thousand.
type arena struct {
	// block is only ever appended to, and never beyond its capacity: the strings
	// made of it are parts of it, and strings do not change.
	block []byte
}

// copy returns b as a string that may be kept.
func (a *arena) copy(b []byte) string {
	n := len(b)
	if n == 0 {
		return ""
	}
	if n >= longString {
		return string(b)
	}
	if n > cap(a.block)-len(a.block) {
		a.block = make([]byte, 0, blockSize)
	}
	start := len(a.block)
	a.block = append(a.block, b...)
	return unsafe.String(&a.block[start], n)
}
