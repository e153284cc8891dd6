package measure

import (
	"context"
	"errors"
	"time"

	"korestream/bench/stub"
)

// Idle is what a consumer costs while nothing comes.
type Idle struct {
	Name   string `json:"name"`
	Shards int    `json:"shards"`
	// Share is CPU time by time: 1 is a core.
	Share float64 `json:"share_of_a_core"`
	// Requests are those to DynamoDB, by operation, an hour.
	Requests map[string]float64 `json:"dynamodb_requests_per_hour"`
}

// RunIdle lets an entrant handle ten records of each shard and then looks on for
// as long as it is told.
func RunIdle(ctx context.Context, bin string, e Entrant, shards int, d time.Duration) (_ Idle, err error) {
	s, db, stop, err := quietStream(ctx, shards)
	if err != nil {
		return Idle{}, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	t := s.target(db, 10*time.Minute)
	t.Hold = d
	p, err := e.start(ctx, bin, t)
	if err != nil {
		return Idle{}, err
	}
	if err := p.holding(); err != nil {
		return Idle{}, err
	}
	before := db.counts()
	select {
	case <-time.After(d):
	case <-ctx.Done():
		return Idle{}, context.Cause(ctx)
	}
	after := db.counts()
	r, err := p.wait(s.Tally)
	if err != nil {
		return Idle{}, err
	}
	return Idle{Name: e.Name, Shards: shards, Share: r.HeldCPU / d.Seconds(), Requests: anHour(before, after, d)}, nil
}

// anHour is how many requests there were between two counts, as if that had gone
// on for an hour.
func anHour(before, after map[string]int64, took time.Duration) map[string]float64 {
	out := make(map[string]float64)
	for operation, n := range after {
		if n > before[operation] {
			out[operation] = float64(n-before[operation]) * float64(time.Hour) / float64(took)
		}
	}
	return out
}

// quietStream starts a stub whose shards hold ten records each, and DynamoDB.
func quietStream(ctx context.Context, shards int) (*stubProcess, *dynamo, func() error, error) {
	cfg := stub.DefaultConfig()
	cfg.Shards, cfg.PageRecords, cfg.Pages = shards, smallPage, 1
	s, err := startStub(ctx, cfg)
	if err != nil {
		return nil, nil, nil, err
	}
	db, err := startDynamo(ctx)
	if err != nil {
		return nil, nil, nil, errors.Join(err, s.stop())
	}
	return s, db, func() error { return errors.Join(s.stop(), db.close()) }, nil
}
