package consumer

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"korestream/consumer/wire"
)

// BatchObserver is told of batches: what one reading of a shard has brought, from
// when it is accepted to when nothing of it is in handlers any more. Without one,
// and for batches that it does not follow, that costs a comparison per event.
type BatchObserver interface {
	// Begin is called before anything of a batch is accepted, for one batch of a
	// shard after another, concurrently for shards. It returns who follows the
	// batch, nil for nobody. It must not block: the shard waits for it.
	Begin(f Fetched) Batch
}

// Batch follows one batch. None of its methods may block.
type Batch interface {
	// Accepted is called for each event, in stream order, by one goroutine and
	// before the event is dispatched. The event may be kept no longer.
	Accepted(d *Delivery)
	// Context returns ctx with whatever the handlers of the batch's events are to
	// find in theirs. It is called for each event, concurrently.
	Context(ctx context.Context) context.Context
	// End is called once, after the last event was settled or, with events that
	// are unfinished, when the shard is left. Context may still be called then by
	// a handler's retries that were left behind.
	End(r BatchResult)
}

// WithBatchObserver sets who is told of batches; the default is nobody.
func WithBatchObserver(o BatchObserver) Option { return func(c *Consumer) { c.observer = o } }

// Fetched is what a batch is.
type Fetched struct {
	Stream, Shard string
	// Records and Bytes are what was read, of which some may have been handled
	// before.
	Records, Bytes int
	// First and Last are sequence numbers.
	First, Last string
	// Behind is how far the batch is behind the shard's tip, negative if the
	// answer did not say.
	Behind time.Duration
}

// BatchResult counts what became of a batch's events, and of what could not be
// decoded as such.
type BatchResult struct {
	Events, Handled, Duplicates, DeadLettered, Dropped int
	// Parked keys do not hold the end of a batch up: what became of them later is
	// in the log alone.
	Parked int
	// Unfinished were not begun, or were cut off, when the shard was left. Whoever
	// has it next reads them again.
	Unfinished int
}

// outcomes beyond those of [Outcome] that a piece of a batch can have.
const (
	batchParked   = Dropped + 1
	batchOutcomes = batchParked + 1
)

// batch counts the pieces of a page that is followed.
type batch struct {
	follower Batch
	// left counts the pieces that are not settled, and one for accept as long as
	// it may add some.
	left   atomic.Int64
	events atomic.Int64
	counts [batchOutcomes]atomic.Int64
	ended  atomic.Bool
}

// add takes a piece in before it goes to its lane.
func (b *batch) add(p *piece) {
	b.left.Add(1)
	b.events.Add(1)
	p.batch = b
	if p.letter == nil {
		b.follower.Accepted(&p.delivery)
	}
}

// settled takes note of what became of a piece, once: a piece that was parked is
// of no batch afterwards.
func (b *batch) settled(p *piece, outcome Outcome) {
	p.batch = nil
	b.counts[outcome].Add(1)
	b.release()
}

func (b *batch) release() {
	if b.left.Add(-1) == 0 {
		b.end()
	}
}

// end tells the follower, the first time.
func (b *batch) end() {
	if !b.ended.CompareAndSwap(false, true) {
		return
	}
	r := BatchResult{
		Events: int(b.events.Load()), Handled: int(b.counts[Handled].Load()), Duplicates: int(b.counts[Duplicate].Load()),
		DeadLettered: int(b.counts[DeadLettered].Load()), Dropped: int(b.counts[Dropped].Load()), Parked: int(b.counts[batchParked].Load()),
	}
	r.Unfinished = r.Events - r.Handled - r.Duplicates - r.DeadLettered - r.Dropped - r.Parked
	b.follower.End(r)
}

// batches are those of a shard that are followed and have not ended.
type batches struct {
	observer BatchObserver // nil is nobody

	mu   sync.Mutex // guards open
	open map[*batch]bool
}

// begin returns nil for a page that nobody follows.
func (bs *batches) begin(stream, shard string, page *wire.Page) *batch {
	if bs.observer == nil || len(page.Records) == 0 {
		return nil
	}
	f := Fetched{
		Stream: stream, Shard: shard, Records: len(page.Records),
		First: page.Records[0].SequenceNumber, Last: page.Records[len(page.Records)-1].SequenceNumber,
		Behind: time.Duration(page.MillisBehindLatest) * time.Millisecond,
	}
	for i := range page.Records {
		f.Bytes += len(page.Records[i].Data)
	}
	follower := bs.observer.Begin(f)
	if follower == nil {
		return nil
	}
	b := &batch{follower: follower}
	b.left.Store(1)
	bs.mu.Lock()
	defer bs.mu.Unlock()
	if bs.open == nil {
		bs.open = make(map[*batch]bool)
	}
	for old := range bs.open { // the few that there are: a page each
		if old.ended.Load() {
			delete(bs.open, old)
		}
	}
	bs.open[b] = true
	return b
}

// leave ends those that are open, for the shard is left.
func (bs *batches) leave() {
	bs.mu.Lock()
	defer bs.mu.Unlock()
	for b := range bs.open {
		b.end()
	}
	clear(bs.open)
}
