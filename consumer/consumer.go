package consumer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"korestream/checkpoint"
	"korestream/consumer/wire"
)

// Consumer consumes one stream as one worker of an application.
type Consumer struct {
	cfg        Config
	kc         KinesisAPI
	leases     *checkpoint.Store
	dispatcher Dispatcher
	burier     Burier
	gate       Gate
	observer   BatchObserver // nil is nobody
	log        *zap.Logger

	listing *listing
	claims  claims
	pool    *pool
	pages   *pages
	trail   trail
	// consumerARN is for fan-out; set before anything is consumed.
	consumerARN string
	// reader makes the GetRecords calls, callObserver is told of those that the SDK
	// does not see.
	reader       *wire.Reader
	callObserver wire.Observer

	// stop ends the reading of all shards, abandon the handling. Contexts in
	// fields, because the KCL's callbacks carry none.
	stop, abandon context.Context
	stopAll       context.CancelFunc
	abandonAll    context.CancelFunc

	began    atomic.Bool // consuming has begun
	complete atomic.Bool // all is done up to the End

	mu sync.Mutex // guards all below
	// runs are the shards being run, by lease.
	runs map[*checkpoint.Lease]*shard
	// idleSince is since when leases were seen held and not run.
	idleSince map[string]time.Time
	// finished sums up the shards that were run.
	finished    Counts
	leaseCounts LeaseCounts
}

// Option changes a Consumer under construction.
type Option func(*Consumer)

// WithLogger sets the logger; without it nothing is logged.
func WithLogger(log *zap.Logger) Option { return func(c *Consumer) { c.log = log } }

// WithGate sets what events pass before they come to their lanes; without it they
// go on at once.
func WithGate(g Gate) Option { return func(c *Consumer) { c.gate = g } }

// New returns a consumer that reads with kc, leases with leases, takes events
// to d and what cannot be decoded to b. It does nothing until Run.
func New(cfg Config, kc KinesisAPI, leases *checkpoint.Store, d Dispatcher, b Burier, opts ...Option) (*Consumer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	c := &Consumer{
		cfg: cfg, kc: kc, leases: leases, dispatcher: d, burier: b, log: zap.NewNop(),
		pool: newPool(cfg.ProcessBytes), pages: newPages(cfg.FetchBytes), runs: make(map[*checkpoint.Lease]*shard),
	}
	for _, o := range opts {
		o(c)
	}
	c.log = c.log.With(zap.String(KeyStream, cfg.Stream), zap.String(KeyWorker, cfg.Worker))
	c.listing = newListing(kc, cfg, c.log)
	c.reader = c.newReader()
	c.stop, c.stopAll = context.WithCancel(context.Background())
	c.abandon, c.abandonAll = context.WithCancel(context.Background())
	return c, nil
}

// stopGrace is how much longer than the drain time-out Run waits for the KCL's
// goroutines before it leaves them behind.
const stopGrace = 5 * time.Second

// Run consumes until ctx ends, or until all is done up to Config.End if there is
// one, then drains: what was begun is finished and checkpointed and the leases
// are released. It returns nil after a clean drain,
// also of one that has left parked events to whoever comes next,
// ErrDrainTimedOut if handlers were still busy at the time-out, and another
// error if consuming could not begin. It may be called once.
func (c *Consumer) Run(ctx context.Context) error {
	defer c.stopAll()
	defer c.abandonAll()
	if err := c.prepare(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	// The lease store must outlive the drain: it heartbeats until the last
	// lease is released.
	storeCtx, stopStore := context.WithCancel(context.WithoutCancel(ctx))
	defer stopStore()
	var background sync.WaitGroup
	storeErr := make(chan error, 1)
	background.Go(func() { storeErr <- c.leases.Run(storeCtx) })
	listCtx, stopListing := context.WithCancel(storeCtx)
	background.Go(func() { c.listing.keep(listCtx, c.leases) })

	w := c.newWorker()
	if err := w.Start(); err != nil {
		stopListing()
		stopStore()
		background.Wait()
		return fmt.Errorf("start the KCL's worker: %w", err)
	}
	c.log.Info("consuming")
	c.began.Store(true)
	c.awaitEnd(ctx)

	c.log.Info("draining", zap.Duration("timeout", c.cfg.DrainTimeout))
	c.leases.Drain()
	stopped := make(chan struct{})
	go func() { // Shutdown waits for every shard; each is bounded below.
		defer close(stopped)
		w.Shutdown()
	}()
	c.stopAll()
	err := c.awaitDrain(stopped)
	stopListing()
	stopStore()
	background.Wait()
	if err == nil {
		c.log.Info("drained")
	}
	return errors.Join(err, <-storeErr)
}

// awaitDrain waits for the KCL's shutdown, cutting handlers off at the drain
// time-out.
func (c *Consumer) awaitDrain(stopped <-chan struct{}) error {
	timeout := time.NewTimer(c.cfg.DrainTimeout)
	defer timeout.Stop()
	select {
	case <-stopped:
		return nil
	case <-timeout.C:
	}
	c.abandonAll()
	c.log.Error("drain timed out; what is unfinished will be handled again")
	grace := time.NewTimer(stopGrace)
	defer grace.Stop()
	select {
	case <-stopped:
	case <-grace.C:
		c.log.Error("shards still running are left behind")
	}
	return ErrDrainTimedOut
}

// runShard runs a lease from beginning to end and tells whether the shard was
// read to its end.
func (c *Consumer) runShard(lease *checkpoint.Lease) (ended bool) {
	s := c.newShard(lease)
	defer s.budget.close()
	c.mu.Lock()
	c.runs[lease] = s
	c.leaseCounts.Taken++
	c.mu.Unlock()
	s.log.Info("shard taken", zap.Stringer(KeyCheckpoint, lease.Start()))
	ended = s.run(c.stop, c.abandon)
	st := s.status()
	c.mu.Lock()
	delete(c.runs, lease)
	c.finished.add(st.Counts)
	c.leaseCounts.end(ended, context.Cause(lease.Context()))
	c.mu.Unlock()
	s.log.Info("shard left", zap.Bool("ended", ended), zap.Stringer(KeyCheckpoint, st.Checkpoint),
		zap.Int64("handled", st.Counts.Handled), zap.NamedError(KeyReason, context.Cause(lease.Context())))
	return ended
}

// end counts the end of a lease.
func (n *LeaseCounts) end(ended bool, cause error) {
	switch {
	case errors.Is(cause, checkpoint.ErrLeaseLost):
		n.Lost++
	case ended:
		n.Ended++
	default:
		n.Released++
	}
}

func (c *Consumer) newShard(lease *checkpoint.Lease) *shard {
	log := c.log.With(zap.String(KeyShard, lease.Shard()))
	b := newBudget(c.pool, c.cfg.ShardBytes)
	done := checkpoint.Progress{Position: lease.Start(), Above: lease.Above()}
	s := &shard{
		cfg: c.cfg, lease: lease, dispatcher: c.dispatcher, burier: c.burier, gate: c.gate, trail: &c.trail, batches: batches{observer: c.observer}, log: log,
		source: newSource(c.kc, c.reader, c.cfg, lease.Shard(), lease.Start(), b, c.pages, log), pages: c.pages, budget: b,
		saved: done, checkpointTriedAt: time.Now(), caughtUpAt: lease.DoneAt(),
		cutter:  cutter{stream: c.cfg.Stream, shard: lease.Shard(), keys: c.listing.keys(lease.Shard())},
		tracker: checkpoint.ResumeTracker(done), since: time.Now(),
	}
	s.source.doubt, s.source.consumerARN = c.listing.doubt, c.consumerARN
	s.lanes = newLanes(c.cfg.Lanes, s.handle)
	return s
}

func (c *Consumer) consuming() bool { return c.began.Load() && !c.draining() }

func (c *Consumer) draining() bool { return c.stop.Err() != nil }
