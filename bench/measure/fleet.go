package measure

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"korestream/bench/peers"
	"korestream/checkpoint"
)

// Fleet is how long it takes two processes to share the shards of a stream.
type Fleet struct {
	Shards int `json:"shards"`
	// First is until the first process has all shards, Rebalance until a second
	// one has its half, Failover until the first has all again after kill -9.
	First     float64 `json:"first_seconds"`
	Rebalance float64 `json:"rebalance_seconds"`
	Failover  float64 `json:"failover_seconds"`
}

// leaseTable is the lease table where one is looked at.
const leaseTable = "bench-leases"

// RunFleet starts two processes of korestream, one after the other, and kills
// the second.
func RunFleet(ctx context.Context, bin string, e Entrant, shards int) (f Fleet, err error) {
	s, db, stop, err := quietStream(ctx, shards)
	if err != nil {
		return Fleet{}, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	t := s.target(db, time.Hour)
	t.Records = 1 << 40 // it goes on until it is killed
	start := func(worker string) (*process, error) {
		t.Settings = peers.Settings{"lease.table": leaseTable, "worker": worker}
		return e.start(ctx, bin, t)
	}
	f.Shards = shards
	one, err := start("one")
	if err != nil {
		return Fleet{}, err
	}
	defer one.kill()
	if f.First, err = until(ctx, t, func(owned map[string]int) bool { return owned["one"] == shards }); err != nil {
		return f, err
	}
	two, err := start("two")
	if err != nil {
		return Fleet{}, err
	}
	defer two.kill()
	if f.Rebalance, err = until(ctx, t, func(owned map[string]int) bool { return owned["one"] == shards/2 && owned["two"] == shards-shards/2 }); err != nil {
		return f, err
	}
	two.kill()
	f.Failover, err = until(ctx, t, func(owned map[string]int) bool { return owned["one"] == shards })
	return f, err
}

// untilPatience bounds a wait for leases to be where they should.
const untilPatience = 5 * time.Minute

// until looks at the lease table until the leases are shared out as is wanted,
// and says how many seconds that took.
func until(ctx context.Context, t peers.Target, as func(owned map[string]int) bool) (float64, error) {
	cfg := checkpoint.DefaultConfig()
	cfg.Table, cfg.Worker = leaseTable, "onlooker"
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, untilPatience)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	owned := make(map[string]int)
	for {
		snap, err := checkpoint.New(dynamodb.NewFromConfig(t.AWS(t.Dynamo)), cfg).Load(ctx)
		if err == nil { // the table may not be there yet
			clear(owned)
			for _, l := range snap.Leases {
				owned[l.Owner]++
			}
			if as(owned) {
				return time.Since(began).Seconds(), nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return 0, fmt.Errorf("leases are owned by %v after %s: %w", owned, untilPatience, errors.Join(err, context.Cause(ctx)))
		}
	}
}
