package measure

import (
	"context"
	"errors"
	"fmt"
	"time"

	"korestream/bench/peers"
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

// Backlog is how a full stream was drained.
type Backlog struct {
	Name string `json:"name"`
	// Settings are what the process was told of its limits.
	Settings peers.Settings `json:"settings"`
	Bytes    int64          `json:"bytes"`
	Shards   int            `json:"shards"`
	// Seconds are those from the first event to the last, Least how many the
	// quota of the shards makes it at least.
	Seconds float64 `json:"seconds"`
	Least   float64 `json:"least_seconds"`
	CPU     float64 `json:"cpu_seconds"`
	Peak    int64   `json:"peak_rss_bytes"`
}

// RunBacklog drains a stream that enforces its quotas.
func RunBacklog(ctx context.Context, bin string, e Entrant, cfg stub.Config) (_ Backlog, err error) {
	cfg.Quotas = true
	s, err := startStub(ctx, cfg)
	if err != nil {
		return Backlog{}, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	db, err := startDynamo(ctx)
	if err != nil {
		return Backlog{}, err
	}
	defer func() { err = errors.Join(err, db.close()) }()
	p, err := e.start(ctx, bin, s.target(db, 20*time.Minute))
	if err != nil {
		return Backlog{}, err
	}
	r, err := p.wait(s.Tally)
	if err != nil {
		return Backlog{}, fmt.Errorf("drain a backlog: %w", err)
	}
	shard := int64(cfg.Pages) * int64(cfg.PageRecords) * int64(cfg.EventBytes)
	return Backlog{
		Name: e.Name, Settings: e.Settings, Bytes: shard * int64(cfg.Shards), Shards: cfg.Shards,
		Seconds: r.Seconds, Least: float64(shard) / stub.BytesPerSecond, CPU: r.cpu.Seconds(), Peak: r.peak,
	}, nil
}
