package app

import (
	"context"
	"fmt"
	"io"
	"maps"
	"time"

	"github.com/schollz/progressbar/v3"
	"go.uber.org/zap"

	"korestream/checkpoint"
	"korestream/consumer"
)

// replaySummary is what a process has done of a replay.
type replaySummary struct {
	ID   string    `json:"id"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Complete says that all of the range is done, by whichever process.
	Complete     bool  `json:"complete"`
	DryRun       bool  `json:"dry_run,omitempty"`
	Replayed     int64 `json:"replayed"`
	Skipped      int64 `json:"skipped"`
	Duplicates   int64 `json:"duplicates"`
	DeadLettered int64 `json:"dead_lettered"`
	Dropped      int64 `json:"dropped"`
	// Shards counts those that are done up to the end of the range.
	Shards int `json:"shards"`
	// Types and SIMs are of a dry run.
	Types map[string]int64 `json:"types,omitempty"`
	SIMs  *int             `json:"sims,omitempty"`
}

func (r *replay) summary(complete bool) replaySummary {
	s := r.sieve
	out := replaySummary{
		ID: r.id, From: r.plan.From, To: r.plan.To, Complete: complete, DryRun: r.plan.DryRun,
		Replayed: s.replayed.Load(), Skipped: s.skipped.Load(), Duplicates: s.duplicates.Load(),
		DeadLettered: s.deadLettered.Load(), Dropped: s.dropped.Load(), Shards: r.progress().done,
	}
	if c := s.census; c != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		n := len(c.sims)
		out.Types, out.SIMs = maps.Clone(c.types), &n
	}
	return out
}

// replayProgress is how far a replay has come.
type replayProgress struct {
	done, shards int
	// part is of the range, 0 to 1: the mean over the shards.
	part float64
}

func (r *replay) progress() replayProgress {
	st := r.daemon.consumer.Status()
	return progressOf(st, r.daemon.leases.Snapshot().Leases, r.plan, r.sieve.reachedAt, time.Now())
}

// progressOf estimates how far each shard is: where it is done or, when nothing of
// it is in flight, where it is read. What other processes have counts when it is
// finished.
func progressOf(st consumer.Status, leases []checkpoint.LeaseRow, plan replayPlan, reached func(shard string) time.Time, now time.Time) replayProgress {
	p := replayProgress{shards: st.ListedShards}
	sum := 0.0
	for _, l := range leases {
		if l.Finished() {
			p.done++
			sum++
		}
	}
	for _, s := range st.Shards {
		at := reached(s.Shard)
		if s.InFlight == 0 && s.State == consumer.StateReading && s.Behind >= 0 {
			at = now.Add(-s.Behind)
		}
		sum += min(max(at.Sub(plan.From).Seconds()/plan.To.Sub(plan.From).Seconds(), 0), 1)
	}
	if p.shards > 0 {
		p.part = min(sum/float64(p.shards), 1)
	}
	return p
}

const (
	replayLogEvery = 10 * time.Second
	replayBarEvery = 250 * time.Millisecond
	replayBarParts = 1000
)

// show says how the replay comes on until ctx ends, in the log or as a bar.
func (r *replay) show(ctx context.Context, bar io.Writer) {
	if bar != nil {
		r.drawFrom(ctx, bar, r.progress)
		return
	}
	r.log.Info("replay begins", zap.Time("from", r.plan.From), zap.Time("to", r.plan.To), zap.Strings("handlers", r.plan.Handlers),
		zap.Bool("resumed", !r.fresh), zap.Bool("dry_run", r.plan.DryRun))
	every(ctx, replayLogEvery, func() {
		p := r.progress()
		r.log.Info("replaying", zap.Float64("percent", float64(int(p.part*1000))/10), zap.Int("shards_done", p.done), zap.Int("shards", p.shards),
			zap.Int64("replayed", r.sieve.replayed.Load()), zap.Int64("skipped", r.sieve.skipped.Load()),
			zap.Int64("dead_lettered", r.sieve.deadLettered.Load()))
	})
}

// drawFrom draws a bar, which goes when the replay ends.
func (r *replay) drawFrom(ctx context.Context, w io.Writer, progress func() replayProgress) {
	fmt.Fprintf(w, "replay %s: %s to %s\n", r.id, r.plan.From.Format(time.RFC3339), r.plan.To.Format(time.RFC3339))
	bar := progressbar.NewOptions64(replayBarParts, progressbar.OptionSetWriter(w), progressbar.OptionSetWidth(30),
		progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true))
	every(ctx, replayBarEvery, func() {
		p := progress()
		bar.Describe(fmt.Sprintf("%d events, %d of %d shards", r.sieve.replayed.Load(), p.done, p.shards))
		// It finishes by itself at its last part, and must not before the end.
		_ = bar.Set64(min(int64(p.part*replayBarParts), replayBarParts-1)) // a bar that cannot be drawn harms nobody
	})
	_ = bar.Finish()
}

// every calls f again and again until ctx ends.
func every(ctx context.Context, d time.Duration, f func()) {
	tick := time.NewTicker(d)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			f()
		case <-ctx.Done():
			return
		}
	}
}
