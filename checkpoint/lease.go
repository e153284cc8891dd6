package checkpoint

import (
	"context"
	"fmt"
	"strings"
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

	ctx      context.Context
	cancel   context.CancelCauseFunc
	handOver chan struct{}

	// Guarded by the store's lock.
	away int    // scans in a row that gave the shard to another worker
	gone int    // scans in a row that did not find the row
	heir string // who that is, once handOver is closed

	write sync.Mutex // held during a write, and guards all below
	at    Position   // the last checkpoint that was written for certain
	// maybe are the values that the checkpoint may have in the table: that of
	// at, and those of writes whose outcome is not known.
	maybe    []string
	ended    bool
	children []string
	// throughput is what was reported last, reported what of it is in the table.
	throughput, reported float64
	reportedAt           time.Time
	released             bool
}

func newLease(s *Store, row LeaseRow, start Position) *Lease {
	l := &Lease{
		store: s, shard: row.Shard, counter: row.Counter, start: start,
		handOver: make(chan struct{}), at: start, maybe: []string{row.Checkpoint.SequenceNumber},
		throughput: row.Throughput, reported: row.Throughput, reportedAt: time.Now(),
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

// maxMaybe bounds the values that one write may replace; DynamoDB allows 100
// operands of IN.
const maxMaybe = 50

// Checkpoint records that the shard is done up to p. It does nothing if more is
// recorded already. A write whose outcome is not known may be tried again, with
// the same position or a higher one. Errors are ErrLeaseLost or ErrReleased,
// which are final, or what DynamoDB or ctx said.
func (l *Lease) Checkpoint(ctx context.Context, p Position) error {
	if p.rank() != rankNumber {
		return fmt.Errorf("checkpoint %s of %s is no sequence number", p, l.shard)
	}
	l.write.Lock()
	defer l.write.Unlock()
	if p.Compare(l.at) <= 0 {
		return l.over()
	}
	return l.writePosition(ctx, p, nil)
}

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
	return l.writePosition(ctx, Position{SequenceNumber: ShardEnd}, l.children)
}

// over returns why the lease is over, nil if it is not.
func (l *Lease) over() error { return context.Cause(l.ctx) }

// writePosition writes a position in place of what may be there. The caller
// holds write.
func (l *Lease) writePosition(ctx context.Context, p Position, children []string) error {
	if err := l.over(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(l.ctx, func() { cancel(context.Cause(l.ctx)) })()

	if last := l.maybe[len(l.maybe)-1]; len(l.maybe) >= maxMaybe && last != p.SequenceNumber {
		// Settle what is open first.
		if err := l.writeOnce(ctx, Position{SequenceNumber: last}, nil); err != nil {
			return err
		}
	}
	return l.writeOnce(ctx, p, children)
}

// writeOnce makes one write. The caller holds write.
func (l *Lease) writeOnce(ctx context.Context, p Position, children []string) error {
	it, err := l.store.rows.update(ctx, l.shard, l.expression(len(children) > 0), l.condition(), l.values(p, children))
	if old, failed := conditionFailed(err); failed {
		return l.refused(ctx, old, p)
	}
	if err != nil {
		if last := l.maybe[len(l.maybe)-1]; last != p.SequenceNumber {
			l.maybe = append(l.maybe, p.SequenceNumber)
		}
		if cause := l.over(); cause != nil {
			return cause
		}
		return fmt.Errorf("write checkpoint of %s: %w", l.shard, err)
	}
	row, err := leaseOf(it)
	if err != nil {
		return err
	}
	l.wrote(p, row)
	return nil
}

func (l *Lease) wrote(p Position, row LeaseRow) {
	l.at, l.maybe = p, []string{p.SequenceNumber}
	l.reported, l.reportedAt = row.Throughput, time.Now()
	l.store.learn(row)
}

// refused finds out what a failed condition means: our own write that arrived
// before, a lost lease, or a checkpoint that an operator has changed. After the
// last the lease is given up too, and taken again from where it is now. Of a row
// that is not there the next scan says whether the table is being restored.
func (l *Lease) refused(ctx context.Context, old item, p Position) error {
	var err error
	if old == nil { // not every service tells
		if old, err = l.store.rows.get(ctx, l.shard); err != nil {
			return fmt.Errorf("read lease of %s: %w", l.shard, err)
		}
	}
	if old == nil {
		wish(l.store.rescan)
		return fmt.Errorf("write checkpoint of %s: its row is not in the table", l.shard)
	}
	row, err := leaseOf(old)
	if err == nil && row.Owner == l.store.cfg.Worker && row.Counter == l.counter && row.Checkpoint == p {
		l.wrote(p, row)
		return nil
	}
	l.lost(row)
	wish(l.store.rescan)
	return l.over()
}

func (l *Lease) expression(withChildren bool) string {
	e := "SET checkpoint = :at, checkpointSubSequenceNumber = :sub, ownerSwitchesSinceCheckpoint = :none, throughputKBps = :throughput"
	if withChildren {
		e += ", childShardIds = :children"
	}
	return e
}

// condition fences the write: the lease is ours, and its checkpoint is one that
// we have written or found. So a write that arrives late, after a higher one,
// is refused.
func (l *Lease) condition() string {
	var b strings.Builder
	b.WriteString("leaseOwner = :me AND leaseCounter = :counter AND ")
	if l.maybe[0] == "" {
		b.WriteString("(attribute_not_exists(checkpoint) OR checkpoint IN (")
	} else {
		b.WriteString("(checkpoint IN (")
	}
	for i := range l.maybe {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, ":maybe%d", i)
	}
	b.WriteString("))")
	return b.String()
}

func (l *Lease) values(p Position, children []string) item {
	v := item{
		":me": str(l.store.cfg.Worker), ":counter": num(l.counter),
		":at": str(p.SequenceNumber), ":sub": num(p.SubSequenceNumber), ":none": num(0),
		":throughput": float(l.throughput),
	}
	for i, m := range l.maybe {
		v[fmt.Sprintf(":maybe%d", i)] = str(m)
	}
	if len(children) > 0 {
		v[":children"] = strs(children)
	}
	return v
}

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

// letGo writes the release of a lease once.
func (s *Store) letGo(ctx context.Context, l *Lease) error {
	s.mu.Lock()
	heir, row := l.heir, s.leases[l.shard]
	s.mu.Unlock()
	err := s.rows.letGo(ctx, l.shard, s.cfg.Worker, l.counter, heir)
	if _, failed := conditionFailed(err); failed {
		return nil // released by a try that we thought had failed, or lost
	}
	if err != nil {
		return err
	}
	row.Owner, row.Heir = "", heir
	s.learn(row)
	return nil
}
