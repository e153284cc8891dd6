package tally

import (
	"encoding/binary"
	"math/bits"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// Tally is how many events there were, and the sum of the hashes of their ids.
// An event that is missing changes both, one that comes twice too, and one that
// is missing while another comes twice changes the sum.
type Tally struct {
	Records  int64  `json:"records"`
	Checksum uint64 `json:"checksum"`
}

// Add adds one event.
func (t *Tally) Add(id []byte) {
	t.Records++
	t.Checksum += Hash(id)
}

// Odd constants with about as many ones as zeros, from the digits of sqrt(2) and
// sqrt(3).
const (
	mixA = 0x6a09e667f3bcc909
	mixB = 0xbb67ae8584caa73b
)

// Hash is a hash of an id: not for strangers' data, but cheap, so that it adds
// next to nothing to what is measured.
func Hash(id []byte) uint64 {
	h := uint64(len(id)) * mixA
	for len(id) >= 8 {
		h = mix(h^binary.LittleEndian.Uint64(id), mixB)
		id = id[8:]
	}
	var rest uint64
	for _, c := range id {
		rest = rest<<8 | uint64(c)
	}
	return mix(h^rest, mixA)
}

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo ^ a
}

// Counter is a Tally that many goroutines add to. It tells when there is as much
// as was wanted.
type Counter struct {
	want     int64
	reached  func()
	records  atomic.Int64
	checksum atomic.Uint64
	// first and last are when the first event came and when there was enough, in
	// nanoseconds since 1970.
	first, last atomic.Int64

	mu        sync.Mutex // guards latencies
	latencies []float64
}

// NewCounter returns a counter that calls reached when the last of want events
// is added. It may be added to after that.
func NewCounter(want int64, reached func()) *Counter {
	return &Counter{want: want, reached: reached}
}

// Add adds one event.
func (c *Counter) Add(id string) {
	c.AddAll(Tally{Records: 1, Checksum: Hash(unsafe.Slice(unsafe.StringData(id), len(id)))})
}

// AddAll adds what was counted elsewhere.
func (c *Counter) AddAll(t Tally) {
	if t.Records == 0 {
		return
	}
	c.checksum.Add(t.Checksum)
	now := c.records.Add(t.Records)
	if now == t.Records {
		c.first.Store(time.Now().UnixNano())
	}
	if now >= c.want && now-t.Records < c.want {
		c.last.Store(time.Now().UnixNano())
		c.reached()
	}
}

// Took notes how old an event was when it was handled.
func (c *Counter) Took(age time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.latencies = append(c.latencies, float64(age)/float64(time.Millisecond))
}

// seconds are those from the first event to the last, once there were enough.
func (c *Counter) seconds() float64 {
	return max(0, time.Duration(c.last.Load()-c.first.Load()).Seconds())
}

// Tally returns what was counted so far.
func (c *Counter) Tally() Tally {
	return Tally{Records: c.records.Load(), Checksum: c.checksum.Load()}
}
