package wire

import (
	"math/bits"
	"sync"
	"sync/atomic"
)

const (
	// smallest and largest are the ends of the size classes, each twice the one
	// before it. What is larger is made to measure and left to the collector.
	smallest = 4 << 10
	largest  = 1 << 20
	classes  = 9

	// chunkSize is what a chunk of several records has at most: small enough that
	// one record which stays long pins little, large enough that a page of a
	// thousand takes its pool's lock some twenty times.
	chunkSize = 64 << 10
)

// Pool hands out chunks within size classes and takes them back. It is safe for
// concurrent use.
type Pool struct {
	keep   int64
	kept   atomic.Int64 // bytes of all free chunks
	free   [classes]freeList
	bodies bodies
}

type freeList struct {
	mu     sync.Mutex // guards chunks
	chunks []*Chunk
}

// NewPool returns a pool that keeps free chunks of keep bytes at most; what is
// more is the collector's.
func NewPool(keep int64) *Pool { return &Pool{keep: keep} }

// class is the index of the smallest size class with room for n bytes.
func class(n int) int {
	if n <= smallest {
		return 0
	}
	return bits.Len(uint(n-1)) - bits.Len(uint(smallest-1))
}

// get returns a chunk with room for n bytes and no reference.
func (p *Pool) get(n int) *Chunk {
	if n > largest {
		return &Chunk{buf: make([]byte, n)}
	}
	k := class(n)
	list := &p.free[k]
	list.mu.Lock()
	defer list.mu.Unlock()
	last := len(list.chunks) - 1
	if last < 0 {
		return &Chunk{buf: make([]byte, smallest<<k), pool: p}
	}
	c := list.chunks[last]
	list.chunks[last] = nil
	list.chunks = list.chunks[:last]
	p.kept.Add(-int64(len(c.buf)))
	return c
}

// put takes a chunk back, unless enough are kept.
func (p *Pool) put(c *Chunk) {
	size := int64(len(c.buf))
	if p.kept.Add(size) > p.keep {
		p.kept.Add(-size)
		return
	}
	list := &p.free[class(len(c.buf))]
	list.mu.Lock()
	defer list.mu.Unlock()
	list.chunks = append(list.chunks, c)
}

// Chunk is a reference-counted buffer shared by the records decoded into it.
type Chunk struct {
	// OnFree, if set, is called once with the chunk's size when its last
	// reference goes. Whoever decoded the page sets it before any record of the
	// page is handed on: from then on the chunk may be released at any time.
	OnFree func(bytes int)

	buf  []byte
	refs atomic.Int32
	pool *Pool // nil: the garbage collector takes the buffer
}

// Cap is the memory that the chunk holds, in bytes.
func (c *Chunk) Cap() int { return len(c.buf) }

// Retain adds n references. The caller must hold one.
func (c *Chunk) Retain(n int32) {
	if c.refs.Add(n) <= n {
		panic("wire: a chunk was retained after its last release")
	}
}

// Release gives one reference back. With the last one, the data of every record
// in the chunk is no longer valid.
func (c *Chunk) Release() {
	switch n := c.refs.Add(-1); {
	case n == 0:
		c.reclaim()
	case n < 0:
		panic("wire: a chunk was released more often than it was retained")
	}
}

func (c *Chunk) reclaim() {
	size, freed := len(c.buf), c.OnFree
	c.OnFree = nil
	c.recycle()
	if freed != nil {
		freed(size)
	}
}

// recycle puts the buffer back. When checked, the chunk itself stays dead, so
// that a late Release or Retain of it cannot pass for one of the next owner.
func (c *Chunk) recycle() {
	next := c
	if checked {
		poison(c.buf)
		next = &Chunk{buf: c.buf, pool: c.pool}
	}
	if c.pool != nil {
		c.pool.put(next)
	}
}

// poison overwrites what must not be read any more.
func poison(b []byte) {
	for i := range b {
		b[i] = 0xDB
	}
}
