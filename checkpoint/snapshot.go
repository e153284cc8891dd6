package checkpoint

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// Snapshot is the table as it was last read. It is the caller's to keep.
type Snapshot struct {
	// At is when that was; zero if it was never read.
	At      time.Time
	Leases  []LeaseRow  // by shard
	Workers []WorkerRow // by ID
}

// WorkerRow is one worker of the application.
type WorkerRow struct {
	ID, AdminAddress string
	Draining         bool
	// Heartbeat is how often it has written one; it rises while the worker lives.
	Heartbeat int64
	// Refused is how often another process with this ID was refused a heartbeat; it
	// rises while there is one.
	Refused int64
	// Alive tells whether the worker counts as alive, and SinceHeartbeat how
	// long ago its heartbeat was seen to move. Both need a Store that runs.
	Alive          bool
	SinceHeartbeat time.Duration
	// CPU is the part of its processors that the worker used lately, from 0 to 1;
	// negative if it does not say.
	CPU float64
	// Vitals are what it says of itself; zero if it says nothing.
	Vitals Vitals
}

// Positions returns each lease's checkpoint by shard.
func (s Snapshot) Positions() map[string]Position {
	out := make(map[string]Position, len(s.Leases))
	for _, l := range s.Leases {
		out[l.Shard] = l.Checkpoint
	}
	return out
}

// Snapshot returns what the last scan saw, and what this process wrote since.
func (s *Store) Snapshot() Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	out := Snapshot{At: s.scannedAt}
	for _, l := range s.leases {
		out.Leases = append(out.Leases, l)
	}
	for id, w := range s.workers {
		name := "worker:" + id
		out.Workers = append(out.Workers, WorkerRow{
			ID: id, AdminAddress: w.address, Draining: w.draining, Heartbeat: w.counter, Refused: w.refused,
			Alive: s.watch.alive(name, now), SinceHeartbeat: s.watch.since(name, now), CPU: w.cpu, Vitals: w.vitals,
		})
	}
	out.sort()
	return out
}

// Load reads the table once, without Run: for who only looks. The checkpoints
// are complete: a lease that still stands at the application's start has its
// time. The error is what DynamoDB said.
func (s *Store) Load(ctx context.Context) (Snapshot, error) {
	c, err := s.rows.scan(ctx)
	if err != nil {
		return Snapshot{}, err
	}
	out := Snapshot{At: time.Now()}
	for _, l := range c.leases {
		if c.app != nil {
			l = c.app.void(l)
			l.Checkpoint = c.app.complete(l.Checkpoint)
		}
		out.Leases = append(out.Leases, l)
	}
	for id, w := range c.workers {
		out.Workers = append(out.Workers, WorkerRow{ID: id, AdminAddress: w.address, Draining: w.draining, Heartbeat: w.counter, Refused: w.refused, CPU: w.cpu, Vitals: w.vitals})
	}
	out.sort()
	return out, nil
}

// Lease reads one lease as it is in the table now; its Shard is empty if there
// is none. The error is what DynamoDB said.
func (s *Store) Lease(ctx context.Context, shard string) (LeaseRow, error) {
	it, err := s.rows.get(ctx, shard)
	if err != nil || it == nil {
		return LeaseRow{}, err
	}
	return leaseOf(it)
}

// Worker reads one worker's row as it is in the table now; its ID is empty if
// there is none. The error is what DynamoDB said.
func (s *Store) Worker(ctx context.Context, id string) (WorkerRow, error) {
	it, err := s.rows.get(ctx, workerKeyPrefix+id)
	if err != nil || it == nil {
		return WorkerRow{}, err
	}
	w, err := workerOf(it)
	return WorkerRow{ID: w.id, AdminAddress: w.address, Draining: w.draining, Heartbeat: w.counter, Refused: w.refused}, err
}

func (s *Snapshot) sort() {
	slices.SortFunc(s.Leases, func(a, b LeaseRow) int { return cmp.Compare(a.Shard, b.Shard) })
	slices.SortFunc(s.Workers, func(a, b WorkerRow) int { return cmp.Compare(a.ID, b.ID) })
}
