package checkpoint

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"
)

// Lease is one ownership of one shard, from Acquire until it is released or
// lost. It is safe for concurrent use.
type Lease struct {
	store   *Store
	shard   string
	counter int64
	start   Position
	// startAbove is what was done above start.
	startAbove Above
	// doneAt goes with start, see DoneAt.
	doneAt time.Time

	ctx      context.Context
	cancel   context.CancelCauseFunc
	handOver chan struct{}

	// Guarded by the store's lock.
	away int    // scans in a row that gave the shard to another worker
	gone int    // scans in a row that did not find the row
	heir string // who that is, once handOver is closed

	write sync.Mutex // held during a write, and guards all below
	at    Position   // the last checkpoint that was written for certain
	above Above      // what was written with it
	// writes counts the tries to write, so that one that arrives late, after a
	// later one, is refused.
	writes int64
	// maybe are the values that the checkpoint may have in the table: that of
	// at, and those of writes whose outcome is not known.
	maybe    []string
	ended    bool
	children []string
	// throughput is what was reported last, reported what of it is in the table.
	throughput, reported float64
	reportedAt           time.Time
	// lag was reported last; caughtUp is what of it is in the table.
	lag      Lag
	caughtUp time.Time
	released bool
}

func newLease(s *Store, row LeaseRow, start Position) *Lease {
	inTable := row.Checkpoint.SequenceNumber
	row.Checkpoint = start
	l := &Lease{
		doneAt: row.doneAt(),
		store:  s, shard: row.Shard, counter: row.Counter, start: start, startAbove: row.Above, above: row.Above,
		handOver: make(chan struct{}), at: start, maybe: []string{inTable},
		throughput: row.Throughput, reported: row.Throughput, reportedAt: time.Now(),
		lag: row.Lag, caughtUp: row.Lag.CaughtUpAt,
	}
	l.ctx, l.cancel = context.WithCancelCause(context.Background())
	return l
}

// Shard returns the shard's ID.
func (l *Lease) Shard() string { return l.shard }

// Counter returns the lease's counter: the number of this ownership among all
// of the shard's.
func (l *Lease) Counter() int64 { return l.counter }

// Context ends with the lease. Its cause is ErrLeaseLost or ErrReleased.
// Everything that is done for the shard hangs on it.
func (l *Lease) Context() context.Context { return l.ctx }

// Start returns where to read from: a sequence number up to which all is done,
// TRIM_HORIZON, or AT_TIMESTAMP with its time.
func (l *Lease) Start() Position { return l.start }

// HandOver is closed when the shard is wanted elsewhere: drain it, checkpoint
// and release.
func (l *Lease) HandOver() <-chan struct{} { return l.handOver }

// askToHandOver closes handOver. The caller holds the store's lock.
func (l *Lease) askToHandOver(heir string) {
	if l.heir == "" {
		close(l.handOver)
	}
	l.heir = heir
}

// lost ends the lease, for the table says that it is another's.
func (l *Lease) lost(row LeaseRow) {
	if l.ctx.Err() == nil {
		l.store.log.Warn("lease lost", zap.String("shard", l.shard), zap.String("owner", row.Owner),
			zap.Int64("counter", row.Counter), zap.Int64("own_counter", l.counter))
	}
	l.cancel(fmt.Errorf("%w: %s is owned by %q with counter %d", ErrLeaseLost, l.shard, row.Owner, row.Counter))
}

// Checkpoint is Save of a sequence number with nothing above it.
func (l *Lease) Checkpoint(ctx context.Context, p Position) error {
	if p.rank() != rankNumber {
		return fmt.Errorf("checkpoint %s of %s is no sequence number", p, l.shard)
	}
	return l.Save(ctx, Progress{Position: p})
}

// Save records how far the shard is done. It does nothing if that or more is
// recorded already. A write whose outcome is not known may be tried again, with
// the same progress or a higher one. Errors are ErrLeaseLost or ErrReleased,
// which are final, or what DynamoDB or ctx said.
func (l *Lease) Save(ctx context.Context, p Progress) error {
	if p.Position.rank() == rankEnd || p.Position.rank() == rankStart && p.Position != l.start {
		return fmt.Errorf("checkpoint %s of %s is no sequence number", p.Position, l.shard)
	}
	l.write.Lock()
	defer l.write.Unlock()
	if c := p.Position.Compare(l.at); c < 0 || c == 0 && p.Above.equal(l.above) {
		return l.over()
	}
	return l.save(ctx, p, nil)
}

// Above returns what was done above Start already.
func (l *Lease) Above() Above { return l.startAbove }

// MarkEnded says that the shard was read to its end, all of it is done, and
// what its children are. Only then may Finish be called for it.
func (l *Lease) MarkEnded(children []string) {
	l.write.Lock()
	defer l.write.Unlock()
	l.ended, l.children = true, children
}

// Finish records the end of the shard, after which its children may be read. It
// is refused before MarkEnded. Errors are as for Checkpoint.
func (l *Lease) Finish(ctx context.Context) error {
	l.write.Lock()
	defer l.write.Unlock()
	if !l.ended {
		return fmt.Errorf("%s was not read to its end", l.shard)
	}
	return l.save(ctx, Progress{Position: Position{SequenceNumber: ShardEnd}}, l.children)
}

// over returns why the lease is over, nil if it is not.
func (l *Lease) over() error { return context.Cause(l.ctx) }

// Release ends the lease and gives it back, to its heir after a hand-over. It is
// tried a few times; if it cannot be written the lease is free when this
// worker's heartbeat ends, or is put right while it lasts. It returns nil if the
// lease was lost, for then there is nothing to give back.
func (l *Lease) Release(ctx context.Context) error {
	lost := l.over() != nil
	l.cancel(ErrReleased)
	l.write.Lock()
	defer l.write.Unlock()
	if l.released {
		return nil
	}
	l.released = true
	defer l.store.forget(l)
	if lost {
		return nil
	}
	var err error
	for try := range 3 {
		if try > 0 && sleep(ctx, jitter(100*time.Millisecond)) != nil {
			break
		}
		if err = l.store.letGo(ctx, l); err == nil {
			return nil
		}
	}
	return fmt.Errorf("release lease of %s: %w", l.shard, err)
}

// letGo writes the release of a lease once. The caller holds the lease's write.
func (s *Store) letGo(ctx context.Context, l *Lease) error {
	s.mu.Lock()
	heir, row := l.heir, s.leases[l.shard]
	s.mu.Unlock()
	err := s.rows.letGo(ctx, l.shard, s.cfg.Worker, l.counter, heir, l.lag)
	if _, failed := conditionFailed(err); failed {
		return nil // released by a try that we thought had failed, or lost
	}
	if err != nil {
		return err
	}
	row.Owner, row.Heir, row.Lag = "", heir, l.lag
	s.learn(row)
	return nil
}
