package consumer

import (
	"context"
	"sync"
)

// budget bounds the payload bytes that are fetched and not yet done: for one
// shard, and together with all others of the process. It is asked before a
// fetch and told after it, so it may be exceeded by one page; a shard with
// nothing in flight is never refused, so that shards full of parked keys cannot
// starve the others.
type budget struct {
	total *pool

	mu    sync.Mutex // guards used and freed
	limit int64
	used  int64
	// freed is closed, and replaced, whenever bytes are given back.
	freed chan struct{}
}

// pool is the process's part of every budget.
type pool struct {
	mu    sync.Mutex // guards used and freed
	limit int64
	used  int64
	freed chan struct{}
}

func newPool(limit int64) *pool {
	return &pool{limit: limit, freed: make(chan struct{})}
}

func newBudget(total *pool, limit int64) *budget {
	return &budget{total: total, limit: limit, freed: make(chan struct{})}
}

// admit returns when the shard may fetch another page, or with the cause when
// ctx ends. Blocked is called once if there is a wait.
func (b *budget) admit(ctx context.Context, blocked func()) error {
	for first := true; ; first = false {
		ok, own, all := b.room()
		if ok {
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

// room tells whether a fetch may begin and, if not, what to wait for. The
// channels are taken before the figures are read, so no release is missed.
func (b *budget) room() (ok bool, own, all <-chan struct{}) {
	b.mu.Lock()
	own, used := b.freed, b.used
	b.mu.Unlock()
	b.total.mu.Lock()
	all, roomy := b.total.freed, b.total.used < b.total.limit
	b.total.mu.Unlock()
	return used == 0 || (used < b.limit && roomy), own, all
}

// take notes n bytes fetched.
func (b *budget) take(n int64) {
	b.mu.Lock()
	b.used += n
	b.mu.Unlock()
	b.total.mu.Lock()
	b.total.used += n
	b.total.mu.Unlock()
}

// give notes n bytes done with.
func (b *budget) give(n int64) {
	b.mu.Lock()
	b.used -= n
	close(b.freed)
	b.freed = make(chan struct{})
	b.mu.Unlock()
	b.total.mu.Lock()
	b.total.used -= n
	close(b.total.freed)
	b.total.freed = make(chan struct{})
	b.total.mu.Unlock()
}

// inFlight returns the shard's bytes fetched and not done.
func (b *budget) inFlight() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used
}
