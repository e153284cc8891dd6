package app

import (
	"math"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"korestream/consumer"
	"korestream/event/catalogue"
	"korestream/handlers"
)

// collector turns the consumer's status into metrics when it is scraped. So
// series of a shard are there exactly as long as its lease is held.
type collector struct {
	stream   string
	status   func() consumer.Status
	lag      func(consumer.Status) streamLag
	scale    func() scaleView
	stats    func() handlers.Stats
	breakers func() map[string]bool
	// found is nil where events are not compared with schemas.
	found *catalogue.Collector
}

var _ prometheus.Collector = collector{}

// Describe implements prometheus.Collector.
func (c collector) Describe(out chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, out) }

// Collect implements prometheus.Collector.
func (c collector) Collect(out chan<- prometheus.Metric) {
	version, revision := Build()
	mBuild.value(out, 1, version, revision, runtime.Version())
	st := c.status()
	c.collectTotals(out, st)
	c.collectHandlers(out)
	c.collectSchemas(out)
	lag := c.lag(st)
	c.collectStream(out, st, lag)
	now := time.Now()
	for _, s := range st.Shards {
		c.collectShard(out, s, lag, now)
	}
}

func (c collector) collectTotals(out chan<- prometheus.Metric, st consumer.Status) {
	for outcome, n := range map[string]int64{
		"handled": st.Totals.Handled, "duplicate": st.Totals.Duplicates, "dead_lettered": st.Totals.DeadLettered, "dropped": st.Totals.Dropped,
	} {
		mEvents.value(out, float64(n), outcome)
	}
	mRecords.value(out, float64(st.Totals.Records))
	mBytes.value(out, float64(st.Totals.Bytes))
	mSkipped.value(out, float64(st.Totals.Skipped))
	mCheckpoints.value(out, float64(st.Totals.Checkpoints), "written")
	mCheckpoints.value(out, float64(st.Totals.CheckpointFailures), "failed")
	for change, n := range map[string]int64{
		"taken": st.Leases.Taken, "ended": st.Leases.Ended, "lost": st.Leases.Lost, "released": st.Leases.Released,
	} {
		mLeases.value(out, float64(n), change)
	}
}

func (c collector) collectHandlers(out chan<- prometheus.Metric) {
	hs := c.stats()
	mRetries.value(out, float64(hs.Retries))
	mPanics.value(out, float64(hs.Panics))
	mTimeouts.value(out, float64(hs.Timeouts))
	mBatches.value(out, float64(hs.Batches))
	mUnrouted.value(out, float64(hs.Unrouted))
	mFiltered.value(out, float64(hs.Filtered))
	mNoFilter.value(out, float64(hs.FilterFailures))
	for _, p := range hs.Paths {
		mPaths.value(out, float64(p.Matches), p.Route, p.Setting, p.Entry)
	}
	mBuryFail.value(out, float64(hs.BuryFailures))
	mKept.value(out, float64(hs.Parked))
	for name, open := range c.breakers() {
		v := 0.0
		if open {
			v = 1
		}
		mBreaker.value(out, v, name)
	}
}

func (c collector) collectSchemas(out chan<- prometheus.Metric) {
	if c.found == nil {
		return
	}
	for _, t := range c.found.Totals() {
		mFindings.value(out, float64(t.Count), t.Label, string(t.Kind))
	}
	for _, n := range c.found.Counts() {
		mChecked.value(out, float64(n.Checked), n.Type)
	}
}

func (c collector) collectStream(out chan<- prometheus.Metric, st consumer.Status, lag streamLag) {
	if lag.known > 0 {
		mStreamBehind.value(out, lag.behind.Seconds(), c.stream)
	}
	if lag.retention > 0 {
		mRetention.value(out, lag.retention.Seconds(), c.stream)
		if lag.known > 0 {
			mStreamHeadroom.value(out, headroom(lag.retention, lag.behind).Seconds(), c.stream)
		}
	}
	mOpen.value(out, float64(st.OpenShards), c.stream)
	mUnowned.value(out, float64(lag.unowned), c.stream)
	v := c.scale()
	mWorkers.value(out, float64(v.Workers), c.stream)
	mDesired.value(out, float64(v.Desired), c.stream)
}

func (c collector) collectShard(out chan<- prometheus.Metric, s consumer.ShardStatus, lag streamLag, now time.Time) {
	of := func(m *metric, v float64) { m.value(out, v, c.stream, s.Shard) }
	mOwned.value(out, 1, c.stream, s.Shard, string(s.State))
	if l := lag.shards[s.Shard]; l.known {
		of(mBehind, l.behind.Seconds())
		if lag.retention > 0 {
			of(mHeadroom, headroom(lag.retention, l.behind).Seconds())
		}
		eta := math.Inf(1)
		if d, ever := l.catchUp(); ever {
			eta = d.Seconds()
		}
		of(mCatchUp, eta)
	}
	if s.Behind >= 0 {
		of(mReadBehind, s.Behind.Seconds())
	}
	of(mInFlight, float64(s.InFlight))
	of(mParked, float64(len(s.Parked)))
	slowest := 0.0
	if !s.Slowest.Since.IsZero() {
		slowest = now.Sub(s.Slowest.Since).Seconds()
	}
	of(mSlowest, slowest)
	if !s.FetchedAt.IsZero() {
		of(mFetched, unix(s.FetchedAt))
	}
	if !s.CheckpointedAt.IsZero() {
		of(mCheckpointed, unix(s.CheckpointedAt))
	}
	of(mUnsaved, s.CheckpointAge(now).Seconds())
}

func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
