package checkpoint

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Why says why this process does not hold a shard: a *NotAcquiredError, or nil
// if it may take it now.
func (s *Store) Why(shard string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if no := s.refuse(shard, time.Now()); no != nil {
		return no
	}
	return nil
}

// Shards returns the stream's shards as this process knows them, in order.
func (s *Store) Shards() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.shards))
}

// Stuck returns, in words, what should move in this process and has not for so
// long: its loops, and shards that nobody holds and that it should have taken.
func (s *Store) Stuck(now time.Time, after time.Duration) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for what, at := range map[string]time.Time{"heartbeat was not tried": s.beatAt, "lease table was not looked at": s.lookedAt} {
		if !at.IsZero() && now.Sub(at) > after {
			out = append(out, fmt.Sprintf("the %s for %s", what, now.Sub(at).Round(time.Second)))
		}
	}
	for shard, since := range s.freeSince {
		if s.assigned[shard] == s.cfg.Worker && now.Sub(since) > after && s.refuse(shard, now) == nil {
			out = append(out, fmt.Sprintf("shard %s is this worker's to take and was not taken for %s", shard, now.Sub(since).Round(time.Second)))
		}
	}
	slices.Sort(out)
	return out
}
