package consumer

import (
	"testing"
	"unsafe"
)

// TestSlab_OfPiecesFitsItsSizeClass fails when a piece grows: then slabSize is to be
// chosen anew.
func TestSlab_OfPiecesFitsItsSizeClass(t *testing.T) {
	t.Parallel()
	// Allocations of more than 512 bytes with pointers in them have a header of 8.
	const class, header = 6784, 8
	if size := unsafe.Sizeof(piece{})*slabSize + header; size > class {
		t.Errorf("got %d bytes for %d pieces of %d, want %d at most", size, slabSize, unsafe.Sizeof(piece{}), class)
	}
}
