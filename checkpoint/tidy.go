package checkpoint

import (
	"context"
	"time"

	"go.uber.org/zap"
)

const (
	// absentFor is how many listings in a row a shard must be missing from to
	// count as gone from the stream.
	absentFor = 2
	// goneFor is likewise how many until the lease of a shard that was never
	// read to its end is removed. By then its loss has long been logged.
	goneFor = 20
	// deadFor is after how many failover times a dead worker's row is removed.
	deadFor = 10
)

// chore is one row that is to be cleaned up.
type chore struct {
	key  string
	work func(ctx context.Context) error
}

// tidy removes what nobody needs any more: leases of shards that are
// gone from the stream, rows of workers long dead, and this worker's ownership
// of leases that it does not hold. Any worker may do it; the conditions make
// one the first. Errors wait for the next time.
func (s *Store) tidy(ctx context.Context) {
	for _, c := range s.chores(time.Now()) {
		err := c.work(ctx)
		if _, failed := conditionFailed(err); failed || err == nil || ctx.Err() != nil {
			continue
		}
		s.log.Debug("row not tidied up", zap.String("key", c.key), zap.NamedError("error", err))
	}
}

func (s *Store) chores(now time.Time) []chore {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.alive { // another process may have our ID, and be right
		return nil
	}
	var list []chore
	for id, l := range s.leases {
		switch {
		case s.absences[id] >= absentFor && l.Generation < s.app.generation,
			s.absences[id] >= goneFor && !s.ownerAlive(l):
			list = append(list, chore{id, func(ctx context.Context) error {
				return s.rows.remove(ctx, id, "leaseCounter = :seen", item{":seen": num(l.Counter)})
			}})
		case l.Finished() && s.absences[id] >= absentFor:
			list = append(list, chore{id, func(ctx context.Context) error {
				return s.rows.remove(ctx, id, "checkpoint = :end", item{":end": str(ShardEnd)})
			}})
		case l.Owner == s.cfg.Worker && s.held[id] == nil && !s.taking[id] && s.assigned[id] != s.cfg.Worker:
			// A release whose write did not get through.
			list = append(list, chore{id, func(ctx context.Context) error {
				return s.rows.letGo(ctx, id, l.Owner, l.Counter, "", l.Lag)
			}})
		}
	}
	for id, w := range s.workers {
		if id != s.cfg.Worker && s.watch.since("worker:"+id, now) > deadFor*s.cfg.Failover {
			list = append(list, chore{workerKeyPrefix + id, func(ctx context.Context) error {
				return s.rows.remove(ctx, workerKeyPrefix+id, "leaseCounter = :seen", item{":seen": num(w.counter)})
			}})
		}
	}
	return list
}
