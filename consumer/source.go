package consumer

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"go.uber.org/zap"
	"golang.org/x/sync/semaphore"

	"korestream/checkpoint"
	"korestream/consumer/wire"
)

// source reads one shard, endlessly patient, and hands on what it reads page by
// page while there is room in the budget. How it reads is in poll.go and
// fanout.go; where it stands, and what it says of itself, is here.
type source struct {
	kc     KinesisAPI
	reader *wire.Reader
	cfg    Config
	target target
	shard  string
	log    *zap.Logger
	budget *budget
	pages  *pages
	// doubt is told when Kinesis answers as if the stream were another one.
	doubt func()

	// consumerARN is for fan-out; advice says when to read in the other way.
	consumerARN string
	advice      advisor

	window window

	// next is where reading begins that takes up what was delivered.
	next types.StartingPosition
	// resume is the position that next stood at first; records up to it are
	// skipped, since a checkpoint may lie inside an aggregated record.
	resume checkpoint.Position

	mu sync.Mutex // guards what follows
	// All of it is for the shard's status.
	state     State
	problem   string
	behind    time.Duration
	fetchedAt time.Time
	triedAt   time.Time
}

func newSource(kc KinesisAPI, r *wire.Reader, cfg Config, shard string, start checkpoint.Position, b *budget, p *pages, log *zap.Logger) *source {
	return &source{
		kc: kc, reader: r, cfg: cfg, target: target{cfg.Stream, cfg.StreamARN}, shard: shard, log: log, budget: b, pages: p,
		doubt: func() {}, advice: advisor{on: cfg.Source == Auto}, window: cfg.window(), next: startingPosition(start), resume: start, state: StateReading, behind: -1, triedAt: time.Now(),
	}
}

// startingPosition says where to read from so that nothing after p is missed.
// For a sequence number it is AT, not AFTER: the rest of an aggregated record
// may still be due. Who reads skips what is done.
func startingPosition(p checkpoint.Position) types.StartingPosition {
	switch p.SequenceNumber {
	case "", checkpoint.TrimHorizon:
		return types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon}
	case checkpoint.Latest:
		return types.StartingPosition{Type: types.ShardIteratorTypeLatest}
	case checkpoint.AtTimestamp:
		return types.StartingPosition{Type: types.ShardIteratorTypeAtTimestamp, Timestamp: aws.Time(p.Timestamp)}
	}
	return types.StartingPosition{Type: types.ShardIteratorTypeAtSequenceNumber, SequenceNumber: aws.String(p.SequenceNumber)}
}

// run sends the shard's records to out, in order, until the shard's end, which
// is nil, or until ctx ends, which is its cause. It never gives up by itself.
// Each page that it sends is the receiver's, to be given back with pages.put.
func (s *source) run(ctx context.Context, out chan<- *wire.Page) error {
	// Shards of one process that start together must not read together.
	if err := wait(ctx, time.Duration(rand.Int64N(int64(s.cfg.PollInterval)/4+1))); err != nil {
		return err
	}
	return s.read(ctx, out)
}

// deliver hands a page on, with the budget told of it, and moves next behind it.
// It takes the page over, whatever it returns.
func (s *source) deliver(ctx context.Context, out chan<- *wire.Page, page *wire.Page) error {
	if len(page.Records) == 0 && !page.Ended {
		s.pages.put(page)
		return nil
	}
	n := len(page.Records)
	next := s.next
	if n > 0 {
		last := page.Records[n-1].SequenceNumber
		next = types.StartingPosition{Type: types.ShardIteratorTypeAfterSequenceNumber, SequenceNumber: aws.String(last)}
	}
	ended := page.Ended
	s.budget.takePage(page)
	select {
	case out <- page:
	case <-ctx.Done():
		s.budget.dropPage(page)
		s.pages.put(page)
		return context.Cause(ctx)
	}
	s.next = next
	if ended {
		s.note(StateEnded, "")
	}
	return nil
}

// recover decides what follows a failed call, and waits. It returns an error
// only when ctx ends. Fresh tells whether the position in the shard, in whatever
// form it was sent, must be looked up again.
func (s *source) recover(ctx context.Context, p *patience, err error) (fresh bool, _ error) {
	switch t := troubleOf(err); t {
	case troubleExpiredIterator:
		fresh = true
	case troubleThrottled, troubleInUse:
		s.note(StateThrottled, err.Error())
	default:
		if t == troubleStreamMissing || t == troubleArgument {
			s.doubt()
		}
		// Whatever else it is, the iterator may be part of it; a new one costs
		// little.
		fresh = true
		if !errors.Is(context.Cause(ctx), err) {
			s.note(StateFailing, err.Error())
		}
	}
	return fresh, p.failed(ctx, err)
}

func (s *source) note(state State, problem string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state, s.problem = state, problem
}

func (s *source) tried(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.triedAt = at
	if s.state == StateFull {
		s.state = StateReading
	}
}

func (s *source) fetched(behind time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state, s.problem, s.behind, s.fetchedAt = StateReading, "", behind, time.Now()
}

// pages are the process's pages, the memory of their records, and the bound on
// how much is being read at once.
type pages struct {
	pool    *wire.Pool
	free    sync.Pool
	reading *semaphore.Weighted
	most    int64
	// accepting has room for acceptAtOnce pages a processor: to take apart more at
	// once is no faster. While a backlog keeps all processors busy for minutes, every
	// goroutine waits for its turn behind all others that want to run, ten
	// milliseconds each; with a page of each of hundreds of shards among those, a
	// heartbeat, which is a handful of turns, would come too late for its leases.
	accepting chan struct{}
	ticks     ticks
}

// acceptAtOnce is enough that no processor waits for one, and few enough that a
// goroutine's turn comes within some 40 ms.
const acceptAtOnce = 4

func newPages(fetchBytes int64) *pages {
	return &pages{
		pool: wire.NewPool(fetchBytes), free: sync.Pool{New: func() any { return new(wire.Page) }},
		reading: semaphore.NewWeighted(fetchBytes), most: fetchBytes,
		accepting: make(chan struct{}, acceptAtOnce*runtime.GOMAXPROCS(0)), ticks: ticks{time.Now()},
	}
}

// reserve waits until so many bytes may be read. Call what it returns when they
// were, or were not to be had.
func (p *pages) reserve(ctx context.Context, bytes int64) (done func(), _ error) {
	n := min(bytes, p.most)
	if p.reading.Acquire(ctx, n) != nil {
		return nil, context.Cause(ctx)
	}
	return func() { p.reading.Release(n) }, nil
}

// turn waits until a page may be taken apart, or until ctx ends, which is no reason
// not to do it. Done says that it is.
func (p *pages) turn(ctx context.Context) (done func()) {
	select {
	case p.accepting <- struct{}{}:
		return func() { <-p.accepting }
	case <-ctx.Done():
		return func() {}
	}
}

func (p *pages) get() *wire.Page { return p.free.Get().(*wire.Page) }

// put takes a page back whose records were handed on or given up.
func (p *pages) put(page *wire.Page) {
	page.Reset()
	p.free.Put(page)
}
