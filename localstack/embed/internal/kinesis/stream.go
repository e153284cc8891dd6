package kinesis

import (
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

// The states of streams and consumers.
const (
	statusCreating = "CREATING"
	statusActive   = "ACTIVE"
	statusUpdating = "UPDATING"
	statusDeleting = "DELETING"
)

// The capacity modes of streams.
const (
	modeProvisioned = "PROVISIONED"
	modeOnDemand    = "ON_DEMAND"
)

// The encryption types of streams and records.
const (
	encryptionNone = "NONE"
	encryptionKMS  = "KMS"
)

// stream is one stream.
type stream struct {
	name, arn string
	// id is unique among the service's streams, those that were deleted too, so
	// that an iterator of a deleted stream does not read its successor of the
	// same name.
	id      uint64
	created time.Time

	// due is when pending is to be applied, in nanoseconds since 1970, or 0. It
	// lets readers see without the lock that nothing is pending.
	due atomic.Int64
	// swept is when all shards were last trimmed, in milliseconds since 1970.
	swept atomic.Int64
	// gone is set when the stream's deletion is complete.
	gone atomic.Bool

	mu         sync.RWMutex // guards everything below and the shards' places
	status     string
	pending    func(at time.Time)
	shards     []*shard // by number
	open       []*shard // by hash key
	retention  int      // hours
	mode       string
	maxRecord  int // KiB
	encryption string
	keyID      string
	metrics    []string
	tags       map[string]string
	consumers  map[string]*consumer
	scalings   []time.Time // of UpdateShardCount, the last 24 hours
}

// begin puts the stream into a state until the change takes effect after the
// given delay. The caller holds mu.
func (st *stream) begin(now time.Time, delay time.Duration, status string, change func(at time.Time)) {
	st.status = status
	st.pending = change
	st.due.Store(now.Add(delay).UnixNano())
	st.apply(now)
}

// settle applies the pending change if its time has come.
func (st *stream) settle(now time.Time) {
	if due := st.due.Load(); due == 0 || now.UnixNano() < due {
		return
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	st.apply(now)
}

// apply applies the pending change if its time has come. The caller holds mu.
func (st *stream) apply(now time.Time) {
	due := st.due.Load()
	if st.pending == nil || now.UnixNano() < due {
		return
	}
	change := st.pending
	st.pending = nil
	st.due.Store(0)
	st.status = statusActive
	change(time.Unix(0, due))
	for _, sh := range st.shards {
		sh.mu.Lock()
		sh.wake()
		sh.mu.Unlock()
	}
}

// addShard opens a shard over the given range. The caller holds mu.
func (st *stream) addShard(start, end hashKey, at time.Time, parents ...*shard) *shard {
	sh := newShard(uint32(len(st.shards)), start, end, at)
	for i, p := range parents {
		// Sequence numbers count creations in seconds, and a child's must be
		// above its parents'.
		sh.created = max(sh.created, p.created+1)
		p.children = append(p.children, sh)
		if i == 0 {
			sh.parent = p
		} else {
			sh.adjacentParent = p
		}
	}
	st.shards = append(st.shards, sh)
	i := sort.Search(len(st.open), func(i int) bool { return start.less(st.open[i].start) })
	st.open = slices.Insert(st.open, i, sh)
	return sh
}

// closeShard ends a shard. The caller holds mu.
func (st *stream) closeShard(sh *shard, at time.Time) {
	sh.closed = true
	sh.closedAt = at.UnixMilli()
	st.open = slices.DeleteFunc(st.open, func(o *shard) bool { return o == sh })
}

// route returns the open shard of a hash key. The caller holds mu.
func (st *stream) route(k hashKey) *shard {
	i := sort.Search(len(st.open), func(i int) bool { return k.less(st.open[i].start) })
	return st.open[i-1]
}

// horizon is the arrival, in milliseconds since 1970, before which records have
// expired. The caller holds mu.
func (st *stream) horizon(now time.Time) int64 {
	return now.Add(-time.Duration(st.retention) * time.Hour).UnixMilli()
}

// expired tells whether a shard was closed for so long that all its records
// are gone, and it with them. The caller holds mu.
func (st *stream) expired(sh *shard, now time.Time) bool {
	return sh.forgotten || sh.closed && sh.closedAt < st.horizon(now)
}

// forgetExpired makes what has expired by now stay so, whatever the retention
// becomes. The caller holds mu for writing.
func (st *stream) forgetExpired(now time.Time) {
	st.sweep(now)
	for _, sh := range st.shards {
		sh.forgotten = st.expired(sh, now)
	}
}

// shard returns the shard of the given ID, or nil. The caller holds mu.
func (st *stream) shard(id string, now time.Time) *shard {
	n, ok := shardNumber(id)
	if !ok || n >= uint32(len(st.shards)) || st.expired(st.shards[n], now) {
		return nil
	}
	return st.shards[n]
}

// sweep trims all shards, so that records expire in shards that nobody reads
// too. The caller holds mu.
func (st *stream) sweep(now time.Time) {
	st.swept.Store(now.UnixMilli())
	horizon := st.horizon(now)
	for _, sh := range st.shards {
		sh.mu.Lock()
		sh.trim(horizon)
		sh.mu.Unlock()
	}
}

// sweepEvery bounds how often puts sweep; it only matters to memory.
const sweepEvery = time.Minute

// sweepIfDue sweeps if that was long ago. The caller holds mu.
func (st *stream) sweepIfDue(now time.Time) {
	last := st.swept.Load()
	if now.UnixMilli()-last >= sweepEvery.Milliseconds() && st.swept.CompareAndSwap(last, now.UnixMilli()) {
		st.sweep(now)
	}
}
