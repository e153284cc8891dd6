package handlers

import (
	"errors"
	"sync"
	"sync/atomic"
)

// errSyncFailed is for a line that was written before a sync failed.
var errSyncFailed = errors.New("an earlier sync failed and may have dropped the line")

// group lets concurrent callers share one fsync, so that syncing each line
// costs one fsync per round of lanes, not one per line.
type group struct {
	fsync func() error

	// failures counts the fsyncs that failed. The kernel may mark pages clean
	// that it could not write, so that the next fsync says nothing of them:
	// all that was written before a failure is in doubt for ever, and whoever
	// wrote it is told so.
	failures atomic.Int64

	// running is held by the round that is syncing.
	running sync.Mutex

	mu sync.Mutex // guards next
	// next is the round that has not begun. Who joins it has written already,
	// so its fsync, which is yet to begin, covers them.
	next *round
}

// round is one fsync. The first to come does it, the others wait for it.
type round struct {
	once sync.Once
	err  error
}

// stamp marks a moment before a write; wait takes it.
func (g *group) stamp() int64 { return g.failures.Load() }

// wait returns nil when an fsync that began after the call has succeeded, and
// none has failed since the stamp.
func (g *group) wait(stamp int64) error {
	g.mu.Lock()
	if g.next == nil {
		g.next = new(round)
	}
	r := g.next
	g.mu.Unlock()

	r.once.Do(func() {
		g.running.Lock()
		defer g.running.Unlock()
		g.mu.Lock()
		g.next = nil // from here on it is too late to join
		g.mu.Unlock()
		r.err = g.flush()
	})
	if r.err != nil {
		return r.err
	}
	if g.stamp() != stamp {
		return errSyncFailed
	}
	return nil
}

// flush syncs. running is held.
func (g *group) flush() error {
	err := g.fsync()
	if err != nil {
		g.failures.Add(1)
	}
	return err
}

// between runs fn while no fsync runs; one that is due waits. What fn has
// flushed is durable for whoever waits, though the next fsync is of another file.
func (g *group) between(fn func() error) error {
	g.running.Lock()
	defer g.running.Unlock()
	return fn()
}
