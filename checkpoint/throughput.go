package checkpoint

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"
)

const (
	// throughputDrift is by which factor a throughput must differ from what is
	// written for it to be written without a checkpoint.
	throughputDrift = 1.5
	// throughputEvery is the least time between two such writes. A shard that has
	// become idle makes one, and then one each caughtUpEvery.
	throughputEvery = 30 * time.Second
)

// ReportThroughput says how much is read of the shard, in KiB a second, averaged
// over a minute or so: shards are shared out by it. It goes along with the next
// checkpoint; where none is due it is written if it differs much from what is in
// the table, or if that does not show for long that the shard had caught up. Errors
// are as for Checkpoint; nothing needs to be done about them.
func (l *Lease) ReportThroughput(ctx context.Context, kib float64) error {
	l.write.Lock()
	defer l.write.Unlock()
	l.throughput = kib
	was, is := max(l.reported, quiet), max(kib, quiet)
	drifted := is >= was*throughputDrift || was >= is*throughputDrift
	caughtUp := l.lag.CaughtUpAt.Sub(l.caughtUp) >= caughtUpEvery
	// Of a shard on which nothing has come yet nothing else tells how old it is.
	first := l.caughtUp.IsZero() && !l.lag.CaughtUpAt.IsZero() && l.at.rank() == rankStart
	if !first && (!drifted && !caughtUp || time.Since(l.reportedAt) < throughputEvery) {
		return nil
	}
	if err := l.over(); err != nil {
		return err
	}
	values := item{":me": str(l.store.cfg.Worker), ":counter": num(l.counter), ":throughput": float(kib)}
	it, err := l.store.rows.update(ctx, l.shard, "SET throughputKBps = :throughput, "+l.lag.set(values),
		"leaseOwner = :me AND leaseCounter = :counter", values)
	if _, failed := conditionFailed(err); failed {
		wish(l.store.rescan) // which finds out who has it
		return errors.Join(ErrLeaseLost, err)
	}
	if err != nil {
		return err
	}
	row, err := leaseOf(it)
	if err != nil {
		return err
	}
	l.reported, l.reportedAt, l.caughtUp = kib, time.Now(), row.Lag.CaughtUpAt
	l.store.log.Debug("throughput reported", zap.String("shard", l.shard), zap.Float64("kib_per_second", kib))
	l.store.learn(row)
	return nil
}

// Throughput returns what was reported last for the shard, also by an owner
// before this one, in KiB a second.
func (l *Lease) Throughput() float64 {
	l.write.Lock()
	defer l.write.Unlock()
	return l.throughput
}
