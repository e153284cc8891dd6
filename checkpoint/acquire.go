package checkpoint

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"
)

// Acquire takes the lease of a shard if this worker should have it now. It makes
// one conditional write, and none if the last scan already says no. It is not
// called concurrently for one shard. Errors are a *NotAcquiredError or what
// DynamoDB said.
func (s *Store) Acquire(ctx context.Context, shard string) (*Lease, error) {
	s.mu.Lock()
	refusal := s.refuse(shard, time.Now())
	if refusal != nil {
		s.mu.Unlock()
		return nil, refusal
	}
	sh, seen := s.shards[shard], s.leases[shard]
	app, losses := s.app, s.losses
	s.taking[shard] = true
	s.mu.Unlock()

	row, err := s.take(ctx, sh, seen, app)
	if err == nil {
		l, err := s.own(row, losses)
		if err != nil {
			// The row is ours and not wanted. If this fails too, tidy tries again.
			_ = s.rows.letGo(ctx, shard, s.cfg.Worker, row.Counter, "", row.Lag)
		}
		return l, err
	}
	s.mu.Lock()
	delete(s.taking, shard)
	s.mu.Unlock()
	if _, failed := conditionFailed(err); failed {
		wish(s.rescan)
		return nil, &NotAcquiredError{Shard: shard, Reason: WaitContended}
	}
	return nil, fmt.Errorf("acquire lease of %s: %w", shard, err)
}

// take writes this worker as the owner.
func (s *Store) take(ctx context.Context, sh Shard, seen LeaseRow, app application) (LeaseRow, error) {
	if seen.Shard == "" {
		return s.rows.createLease(ctx, sh, s.cfg.Worker, app)
	}
	return s.rows.takeLease(ctx, seen, s.cfg.Worker, app)
}

// own begins the ownership of a lease that was just written, unless something
// has happened since the decision to take it: if the heartbeat was overdue
// meanwhile, somebody else may have the lease by now.
func (s *Store) own(row LeaseRow, losses int) (*Lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.taking, row.Shard)
	s.leases[row.Shard], s.written[row.Shard] = row, time.Now()
	switch {
	case s.draining:
		return nil, &NotAcquiredError{Shard: row.Shard, Reason: WaitDraining}
	case row.Generation != s.app.generation:
		return nil, &NotAcquiredError{Shard: row.Shard, Reason: WaitContended}
	case !s.alive || s.losses != losses:
		return nil, &NotAcquiredError{Shard: row.Shard, Reason: WaitHeartbeat}
	case row.Finished():
		return nil, &NotAcquiredError{Shard: row.Shard, Reason: WaitFinished}
	}
	l := newLease(s, row, s.app.complete(row.Checkpoint))
	s.held[row.Shard] = l
	s.log.Debug("lease acquired", zap.String("shard", row.Shard), zap.Int64("counter", row.Counter))
	return l, nil
}

// refuse says why a shard is not this worker's to take now, nil if it is. The
// caller holds mu.
func (s *Store) refuse(shard string, now time.Time) *NotAcquiredError {
	no := func(reason, detail string) *NotAcquiredError {
		return &NotAcquiredError{Shard: shard, Reason: reason, Detail: detail}
	}
	sh, listed := s.shards[shard]
	l := s.leases[shard]
	switch {
	case s.draining:
		return no(WaitDraining, "")
	case !s.alive || !s.settled || s.scannedAt.IsZero():
		return no(WaitHeartbeat, "")
	case s.held[shard] != nil:
		return no(WaitHeld, "")
	case !listed:
		return no(WaitListing, "")
	case l.Finished():
		return no(WaitFinished, "")
	}
	if parent, waits := s.waitsFor(sh); waits {
		return no(WaitParent, parent)
	}
	if s.ownerAlive(l) {
		return no(WaitOwned, l.Owner)
	}
	switch to, ok := s.assigned[shard]; {
	case !ok:
		return no(WaitUnassigned, "")
	case to != s.cfg.Worker && now.Sub(s.freeSince[shard]) < s.cfg.Failover:
		return no(WaitAssigned, to)
	}
	return nil
}
