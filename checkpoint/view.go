package checkpoint

import (
	"fmt"
	"strings"
	"time"

	"go.uber.org/zap"
)

// apply takes over what a scan found that began at the given time.
func (s *Store) apply(c content, begun time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for id, known := range s.leases {
		// What this process wrote since, or just before (the scan may be a
		// second old), is newer than what the scan saw.
		if at, ok := s.written[id]; ok && begun.Sub(at) < time.Second && known.Counter >= c.leases[id].Counter {
			c.leases[id] = known
		}
	}
	for id := range s.written {
		if _, ok := c.leases[id]; !ok {
			delete(s.written, id)
		}
	}
	for id := range s.absences {
		if _, ok := c.leases[id]; !ok {
			delete(s.absences, id)
		}
	}
	if c.app != nil {
		s.adopt(*c.app)
	}
	for id, l := range c.leases {
		c.leases[id] = s.app.void(l)
	}
	s.leases = c.leases
	s.observe(c, now)
	s.scannedAt, s.seenAt = now, begun
	for id, l := range s.held {
		row, there := s.leases[id]
		if there {
			l.gone = 0
		} else if l.gone++; l.gone >= 2 {
			l.lost(row) // an operator deleted it; it begins anew
		}
		if row.Counter > l.counter || row.Counter == l.counter && row.Owner != s.cfg.Worker {
			l.lost(row)
		}
	}
	s.reassign(now)
	s.handOver()
}

// observe notes who moves. The caller holds mu.
func (s *Store) observe(c content, now time.Time) {
	for id, w := range c.workers {
		if _, known := s.workers[id]; !known && id != s.cfg.Worker {
			s.log.Info("worker seen", zap.String("other", id), zap.String("admin_address", w.address))
		}
		s.watch.observe("worker:"+id, fmt.Sprint(w.instance, w.counter), now)
	}
	for id := range s.workers {
		if _, ok := c.workers[id]; !ok {
			s.log.Info("worker left", zap.String("other", id))
		}
	}
	s.workers = c.workers
	for id, l := range c.leases {
		// An owner without a heartbeat row is another library, which shows its
		// life in the lease, or died before its row was removed.
		s.watch.observe("lease:"+id, fmt.Sprint(l.Owner, l.Counter), now)
	}
	s.watch.keep(func(name string) bool {
		kind, id, _ := strings.Cut(name, ":")
		switch kind {
		case "worker":
			_, ok := c.workers[id]
			return ok
		case "lease":
			_, ok := c.leases[id]
			return ok
		}
		return true // our own ID's other instances: few
	})
}

// ownerAlive tells whether the owner of a lease lives, as of the last scan and
// not of now: whoever was cut off from the table, or did not run at all, has
// seen nobody move for all that time, and would take the leases of the living
// in the moment between its return and its next look. The caller holds mu.
func (s *Store) ownerAlive(l LeaseRow) bool {
	switch {
	case l.Owner == "":
		return false
	case l.Owner == s.cfg.Worker:
		_, held := s.held[l.Shard]
		return held
	}
	if _, ok := s.workers[l.Owner]; ok {
		return s.watch.alive("worker:"+l.Owner, s.seenAt)
	}
	return s.watch.alive("lease:"+l.Shard, s.seenAt)
}

// live returns the workers that can be given shards. The caller holds mu.
func (s *Store) live() []string {
	var ids []string
	for id, w := range s.workers {
		if id != s.cfg.Worker && !w.draining && s.watch.alive("worker:"+id, s.seenAt) {
			ids = append(ids, id)
		}
	}
	if s.alive && !s.draining {
		ids = append(ids, s.cfg.Worker)
	}
	return ids
}

// reassign computes who should have which shard. The caller holds mu.
func (s *Store) reassign(now time.Time) {
	var shards []candidate
	free := make(map[string]time.Time)
	for id, sh := range s.shards {
		l := s.leases[id]
		if l.Finished() {
			continue
		}
		if _, waits := s.waitsFor(sh); waits {
			continue
		}
		c := candidate{shard: id, worker: l.Owner, throughput: l.Throughput}
		if !s.ownerAlive(l) {
			c.worker = l.Heir
			free[id] = now
			if since, ok := s.freeSince[id]; ok {
				free[id] = since
			}
		}
		shards = append(shards, c)
	}
	s.freeSince = free
	s.assigned = assign(s.live(), shards, s.cfg.MaxLeases)
}

// waitsFor returns a parent that must be finished before the shard may be read.
// A parent that is gone from the stream, or was gone when we first looked, holds
// nothing any more. The caller holds mu.
func (s *Store) waitsFor(sh Shard) (parent string, waits bool) {
	for _, p := range sh.Parents {
		l, leased := s.leases[p]
		_, listed := s.shards[p]
		if leased && l.Finished() || !leased && !listed || !listed && s.absences[p] >= absentFor {
			continue
		}
		return p, true
	}
	return "", false
}

// handOver asks for the held shards that another worker should have. The caller
// holds mu.
func (s *Store) handOver() {
	if s.draining {
		return
	}
	for id, l := range s.held {
		to, ok := s.assigned[id]
		if !ok || to == s.cfg.Worker {
			l.away = 0
			continue
		}
		// Twice in a row: one scan alone may have missed a worker's row.
		if l.away++; l.away >= 2 {
			l.askToHandOver(to)
		}
	}
}
