//go:build race

package wire

// checked says that buffers are poisoned when they are given back and that a
// chunk is never used twice: what reads too late sees it.
const checked = true
