package app

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"korestream/consumer"
	"korestream/event/catalogue"
	"korestream/handlers"
)

// collector turns the consumer's status into metrics when it is scraped. So
// series of a shard are there exactly as long as its lease is held.
type collector struct {
	status func() consumer.Status
	stats  func() handlers.Stats
	// found is nil where events are not compared with schemas.
	found *catalogue.Collector
}

var _ prometheus.Collector = collector{}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("korestream_"+name, help, labels, nil)
}

var (
	descEvents   = desc("events_total", "Events by what became of them.", "outcome")
	descRecords  = desc("records_total", "Kinesis records read.")
	descBytes    = desc("record_bytes_total", "Payload of the Kinesis records read.")
	descSkipped  = desc("records_skipped_total", "Kinesis records that an earlier owner of their shard had handled above its checkpoint.")
	descRetries  = desc("handler_retries_total", "Attempts of handlers after the first.")
	descPanics   = desc("handler_panics_total", "Attempts of handlers that panicked.")
	descTimeouts = desc("handler_timeouts_total", "Attempts of handlers that were cut off.")
	descBatches  = desc("handler_batches_total", "Calls of handlers with several events at once.")
	descUnrouted = desc("events_unrouted_total", "Events that no handler's patterns match.")
	descFiltered = desc("events_filtered_total", "Events that matched a handler's patterns and not its condition (where), once for each handler.")
	descNoFilter = desc("filter_failures_total", "Events that a handler's condition (where) failed on; each is a dead letter.")
	descPaths    = desc("handler_path_matches_total", "Members of events that an entry of redact or project has matched. One that stays at 0 may be misspelt.", "handler", "setting", "path")
	descBuryFail = desc("dead_letter_failures_total", "Tries to write a dead letter that failed.")
	descKept     = desc("events_parked", "Events that wait because a handler has given up on them and is to go on (retry.on_exhausted).")
	descFindings = desc("schema_findings_total", "Differences between events and their schemas that were found, in the events that were compared.", "type", "kind")
	descChecked  = desc("schema_checked_total", "Events that were compared with their schemas.", "type")
	descShards   = desc("stream_open_shards", "Open shards of the stream.")
	descOwned    = desc("shard_owned", "1 for each shard that this process has leased, by what it is doing.", "shard", "state")
	descBehind   = desc("shard_behind_seconds", "How far the newest record read is behind the shard's tip.", "shard")
	descInFlight = desc("shard_in_flight_events", "Events read and not done.", "shard")
	descParked   = desc("shard_parked_keys", "Keys that wait behind an event that can be neither handled nor buried.", "shard")
	descOldest   = desc("shard_slowest_event_seconds", "For how long the slowest event has been in its handlers.", "shard")
	descFetched  = desc("shard_last_fetch_timestamp_seconds", "When the shard was last read.", "shard")
	descSaved    = desc("shard_last_checkpoint_timestamp_seconds", "When a checkpoint was last written.", "shard")
)

// Describe implements prometheus.Collector.
func (c collector) Describe(out chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, out) }

// Collect implements prometheus.Collector.
func (c collector) Collect(out chan<- prometheus.Metric) {
	counter := func(d *prometheus.Desc, v int64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	st, hs := c.status(), c.stats()
	counter(descEvents, st.Totals.Handled, "handled")
	counter(descEvents, st.Totals.Duplicates, "duplicate")
	counter(descEvents, st.Totals.DeadLettered, "dead_lettered")
	counter(descEvents, st.Totals.Dropped, "dropped")
	counter(descRecords, st.Totals.Records)
	counter(descBytes, st.Totals.Bytes)
	counter(descSkipped, st.Totals.Skipped)
	counter(descRetries, hs.Retries)
	counter(descPanics, hs.Panics)
	counter(descTimeouts, hs.Timeouts)
	counter(descBatches, hs.Batches)
	counter(descUnrouted, hs.Unrouted)
	counter(descFiltered, hs.Filtered)
	counter(descNoFilter, hs.FilterFailures)
	for _, p := range hs.Paths {
		counter(descPaths, p.Matches, p.Route, p.Setting, p.Entry)
	}
	counter(descBuryFail, hs.BuryFailures)
	gauge(descKept, float64(hs.Parked))
	if c.found != nil {
		for _, t := range c.found.Totals() {
			counter(descFindings, t.Count, t.Label, string(t.Kind))
		}
		for _, n := range c.found.Counts() {
			counter(descChecked, n.Checked, n.Type)
		}
	}
	gauge(descShards, float64(st.OpenShards))
	for _, s := range st.Shards {
		gauge(descOwned, 1, s.Shard, string(s.State))
		if s.Behind >= 0 {
			gauge(descBehind, s.Behind.Seconds(), s.Shard)
		}
		gauge(descInFlight, float64(s.InFlight), s.Shard)
		gauge(descParked, float64(len(s.Parked)), s.Shard)
		slowest := 0.0
		if !s.Slowest.Since.IsZero() {
			slowest = time.Since(s.Slowest.Since).Seconds()
		}
		gauge(descOldest, slowest, s.Shard)
		if !s.FetchedAt.IsZero() {
			gauge(descFetched, unix(s.FetchedAt), s.Shard)
		}
		if !s.CheckpointedAt.IsZero() {
			gauge(descSaved, unix(s.CheckpointedAt), s.Shard)
		}
	}
}

func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
