package measure

import (
	"context"
	"errors"
	"fmt"
	"time"

	"korestream/bench/peers"
	"korestream/bench/stub"
)

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
