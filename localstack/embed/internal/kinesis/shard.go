package kinesis

import (
	"fmt"
	"slices"
	"sort"
	"sync"
	"time"
)

// record is one stored record. It does not change once it is stored.
type record struct {
	data    []byte
	key     string
	arrived int64 // milliseconds since 1970
	// latest is the greatest arrived of this record and those before it in the
	// shard. Arrivals go back when the clock does; latest never does, so it can
	// be searched, and the first record whose latest reaches t is exactly the
	// first that arrived at t or after.
	latest    int64
	encrypted bool
}

func (r *record) size() int { return len(r.data) + len(r.key) }

// chunkSize is how many records are allocated, and dropped, together.
const chunkSize = 256

type chunk [chunkSize]record

// shard is one shard of a stream. Its place in the stream (what is above mu) is
// guarded by stream.mu.
type shard struct {
	number         uint32
	id             string
	start, end     hashKey
	parent         *shard
	adjacentParent *shard
	children       []*shard
	createdAt      int64 // milliseconds since 1970
	// created is the shard's creation in its sequence numbers, in seconds. It
	// may be later than createdAt, to be above the parents'.
	created   int64
	closed    bool
	closedAt  int64 // milliseconds since 1970
	forgotten bool  // expired under an earlier, shorter retention

	mu sync.Mutex // guards everything below
	// Records have indexes from 1 without gaps. chunks[0][0] has the index
	// first; low is the first record that was not trimmed, next the one that
	// the next record will get.
	chunks           []*chunk
	first, low, next uint64
	latest           int64
	readers          map[chan struct{}]struct{}
	writes           writeQuota
	reads            readQuota
	iterators        bucket
}

func newShard(number uint32, start, end hashKey, now time.Time) *shard {
	return &shard{
		number: number, id: shardID(number), start: start, end: end,
		createdAt: now.UnixMilli(), created: now.Unix(),
		first: 1, low: 1, next: 1, readers: map[chan struct{}]struct{}{},
	}
}

func shardID(number uint32) string { return fmt.Sprintf("shardId-%012d", number) }

// sequence returns the sequence number of the given index and arrival.
func (s *shard) sequence(index uint64, arrived int64) sequence {
	return sequence{created: s.created, index: index, time: max(arrived/1000, s.created), shard: s.number}
}

// startSequence is below every record's sequence number.
func (s *shard) startSequence() string { return s.sequence(0, 0).String() }

// endSequence is above every record's sequence number; empty while open.
func (s *shard) endSequence() string {
	if !s.closed {
		return ""
	}
	return s.sequence(lastIndex, s.closedAt).String()
}

func (s *shard) at(index uint64) *record {
	i := index - s.first
	return &s.chunks[i/chunkSize][i%chunkSize]
}

// append stores a record and returns its sequence number. The caller holds mu.
func (s *shard) append(r record, now time.Time) sequence {
	if (s.next-s.first)%chunkSize == 0 {
		s.chunks = append(s.chunks, new(chunk))
	}
	r.arrived = now.UnixMilli()
	s.latest = max(s.latest, r.arrived)
	r.latest = s.latest
	index := s.next
	s.next++
	*s.at(index) = r
	return s.sequence(index, r.arrived)
}

// trim drops the records that arrived before the given time, as far as nothing
// younger lies before them. The caller holds mu.
func (s *shard) trim(before int64) {
	for s.low < s.next && s.at(s.low).arrived < before {
		s.low++
	}
	for s.low-s.first >= chunkSize {
		s.chunks[0] = nil
		s.chunks = s.chunks[1:]
		s.first += chunkSize
	}
}

// wake tells all who wait for the shard that there is something new. The caller
// holds mu.
func (s *shard) wake() {
	for c := range s.readers {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// watch registers a channel, with room for one, for wake.
func (s *shard) watch(c chan struct{}) (stop func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readers[c] = struct{}{}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.readers, c)
	}
}

// firstFrom returns the index of the first record that arrived at the given
// time or later, which is the next one to come if none did. The caller holds mu.
func (s *shard) firstFrom(arrived int64) uint64 {
	n := sort.Search(int(s.next-s.low), func(i int) bool {
		return s.at(s.low+uint64(i)).latest >= arrived
	})
	return s.low + uint64(n)
}

// page is a run of a shard's records that can be read without its lock.
type page struct {
	shard     *shard
	chunks    []*chunk
	offset    int // of the first record in chunks
	count     int
	index     uint64 // of the first record
	bytes     int
	remaining bool  // whether records follow the last one
	latest    int64 // arrival of the last record, 0 if there is none
}

// read returns the records from the given index on, at most limit records and
// bytes but at least one. The caller holds mu.
func (s *shard) read(from uint64, limit, bytes int) page {
	p := page{shard: s, index: max(from, s.low)}
	if p.index >= s.next {
		return p
	}
	for i := p.index; i < s.next && p.count < limit; i++ {
		r := s.at(i)
		if p.count > 0 && p.bytes+r.size() > bytes {
			break
		}
		p.count++
		p.bytes += r.size()
		p.latest = r.arrived
	}
	from, to := p.index-s.first, p.index-s.first+uint64(p.count)
	p.chunks = slices.Clone(s.chunks[from/chunkSize : (to-1)/chunkSize+1])
	p.offset = int(from % chunkSize)
	p.remaining = p.next() < s.next
	return p
}

// next is the index after the page's last record.
func (p *page) next() uint64 { return p.index + uint64(p.count) }

// record returns the i-th record and its sequence number.
func (p *page) record(i int) (*record, sequence) {
	n := p.offset + i
	r := &p.chunks[n/chunkSize][n%chunkSize]
	return r, p.shard.sequence(p.index+uint64(i), r.arrived)
}
