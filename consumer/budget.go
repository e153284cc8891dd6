package consumer

import (
	"context"
	"sync"

	"korestream/consumer/wire"
)

// budget bounds the memory of records that are fetched and not yet done: for one
// shard, and together with all others of the process. It counts chunks, which is
// what the records' data takes. It is asked before a fetch and told after it, so
// it may be exceeded by one page; a shard with nothing in flight is never
// refused, so that shards full of parked keys cannot starve the others.
type budget struct {
	total *pool
	own   account
}

// pool is the process's part of every budget.
type pool struct {
	account
	shards int // that share it; guarded by mu
}

// account is a number of bytes that are in use, and a limit.
type account struct {
	mu    sync.Mutex // guards the fields below, and shards of pool
	limit int64
	used  int64
	// freed is closed when bytes are given back that somebody waits for; nil if
	// nobody does.
	freed chan struct{}
	// closed says that nobody counts any more.
	closed bool
}

func newPool(limit int64) *pool { return &pool{account: account{limit: limit}} }

// newBudget opens a shard's budget; close it when the shard is left.
func newBudget(total *pool, limit int64) *budget {
	total.mu.Lock()
	defer total.mu.Unlock()
	total.shards++
	return &budget{total: total, own: account{limit: limit}}
}

// close takes the shard out of those that share the pool, with all that it still
// has in flight: nobody will say that it is done.
func (b *budget) close() {
	b.own.mu.Lock()
	rest := b.own.used
	b.own.closed = true
	b.own.mu.Unlock()
	b.total.add(-rest)
	b.total.mu.Lock()
	defer b.total.mu.Unlock()
	b.total.shards--
}

// admit returns when the shard may fetch another page, or with the cause when
// ctx ends. Blocked is called once if there is a wait.
func (b *budget) admit(ctx context.Context, blocked func()) error {
	for first := true; ; first = false {
		own, all := b.room()
		if own == nil && all == nil {
			return nil
		}
		if first {
			blocked()
		}
		select {
		case <-own:
		case <-all:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// room returns nothing to wait for if a fetch may begin. Both accounts are looked
// at under both locks: bytes that are given back in between are given back to the
// shard first, and then to the process, whose channel is there by then.
func (b *budget) room() (own, all <-chan struct{}) {
	b.total.mu.Lock()
	defer b.total.mu.Unlock()
	b.own.mu.Lock()
	defer b.own.mu.Unlock()
	if b.own.used == 0 {
		return nil, nil
	}
	if b.own.used >= b.own.limit {
		own = b.own.awaited()
	}
	if b.total.used >= b.total.limit {
		all = b.total.awaited()
	}
	return own, all
}

// awaited returns what is closed when bytes are given back. The caller holds mu.
func (a *account) awaited() <-chan struct{} {
	if a.freed == nil {
		a.freed = make(chan struct{})
	}
	return a.freed
}

// add tells whether the account was open.
func (a *account) add(n int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return false
	}
	a.used += n
	if n < 0 && a.freed != nil {
		close(a.freed)
		a.freed = nil
	}
	return true
}

// roomyPages is how many pages are to fit into what is left of half of the process's
// memory, for a page to be larger than the shard's fair share: more than are ever
// being fetched at once.
const roomyPages = 16

// pageShare is how many bytes the shard's next page should have at most. It is at
// least so many that all shards of the process may have one in flight and another
// being fetched. With hundreds of shards that is little, and a call for a little
// costs nearly as much as one for a lot; so it is more as long as less than half of
// the memory is in use, which is to say, handlers keep up.
func (b *budget) pageShare() int {
	b.total.mu.Lock()
	defer b.total.mu.Unlock()
	fair := b.total.limit / int64(max(b.total.shards, 1)) / 2
	roomy := (b.total.limit/2 - b.total.used) / roomyPages
	return int(min(b.own.limit/2, max(fair, roomy)))
}

// take notes n bytes fetched.
func (b *budget) take(n int64) {
	if b.own.add(n) {
		b.total.add(n)
	}
}

// give notes n bytes done with.
func (b *budget) give(n int64) { b.take(-n) }

// takePage notes the memory of a page. Its chunks give theirs back by themselves,
// with their last record; records without a chunk are the caller's.
func (b *budget) takePage(page *wire.Page) {
	b.take(int64(page.Bytes) + unchunked(page))
	for _, c := range page.Chunks {
		c.OnFree = b.freed
	}
}

// dropPage gives a page's memory back, of which nothing was handed on.
func (b *budget) dropPage(page *wire.Page) {
	loose := unchunked(page)
	page.Release()
	b.give(loose)
}

// freed is told by a chunk.
func (b *budget) freed(bytes int) { b.give(int64(bytes)) }

// unchunked counts the bytes of records whose data the garbage collector has.
func unchunked(page *wire.Page) int64 {
	n := int64(0)
	for i := range page.Records {
		if r := &page.Records[i]; r.Chunk == nil {
			n += int64(len(r.Data))
		}
	}
	return n
}

// inFlight returns the shard's bytes fetched and not done.
func (b *budget) inFlight() int64 {
	b.own.mu.Lock()
	defer b.own.mu.Unlock()
	return b.own.used
}
