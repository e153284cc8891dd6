package app

import (
	"fmt"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// metric is one row of the table of metrics, from which docs/metrics.md is made.
type metric struct {
	name, kind, help string
	labels           []string
	desc             *prometheus.Desc
}

// The kinds of metrics.
const (
	kindCounter   = "counter"
	kindGauge     = "gauge"
	kindHistogram = "histogram"
)

// metrics is the table, in the order of the documentation.
var metrics []*metric

func define(kind, name, help string, labels ...string) *metric {
	m := &metric{name: "korestream_" + name, kind: kind, help: help, labels: labels}
	m.desc = prometheus.NewDesc(m.name, help, labels, nil)
	metrics = append(metrics, m)
	return m
}

func counter(name, help string, labels ...string) *metric {
	return define(kindCounter, name, help, labels...)
}

func gauge(name, help string, labels ...string) *metric {
	return define(kindGauge, name, help, labels...)
}

// opts makes a histogram of the metric. Scrapers that know native histograms get
// one; others get the buckets.
func (m *metric) opts(buckets ...float64) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{
		Name: m.name, Help: m.help, Buckets: buckets,
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100,
	}
}

// value sends what the metric stands at.
func (m *metric) value(out chan<- prometheus.Metric, v float64, labels ...string) {
	kind := prometheus.GaugeValue
	if m.kind == kindCounter {
		kind = prometheus.CounterValue
	}
	out <- prometheus.MustNewConstMetric(m.desc, kind, v, labels...)
}

// MetricsTable returns the metrics as a table in Markdown.
func MetricsTable() string {
	var b strings.Builder
	b.WriteString("| metric | type | labels | what it is |\n|---|---|---|---|\n")
	for _, m := range metrics {
		labels := "`" + strings.Join(m.labels, "`, `") + "`"
		if len(m.labels) == 0 {
			labels = ""
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", m.name, m.kind, labels, strings.ReplaceAll(m.help, "|", "\\|"))
	}
	return b.String()
}

var (
	mReady     = gauge("ready", "1 if /readyz says that the process consumes, else 0.")
	mTableRead = gauge("lease_table_last_read_timestamp_seconds", "When the lease table was last read.")
	mBuild     = gauge("build_info", "1, with the version that runs.", "version", "revision", "go_version")

	mEvents   = counter("events_total", "Events by what became of them: handled, duplicate, dead_lettered, dropped.", "outcome")
	mRecords  = counter("records_total", "Kinesis records read.")
	mBytes    = counter("record_bytes_total", "Payload of the Kinesis records read.")
	mSkipped  = counter("records_skipped_total", "Kinesis records that an earlier owner of their shard had handled above its checkpoint.")
	mAge      = define(kindHistogram, "event_age_seconds", "For how long events had been on the stream when they came to their handlers. A sample: one in sixteen after the first thousand.")
	mHandler  = define(kindHistogram, "handler_seconds", "How long an attempt of a handler took, with the wait for its batch. A sample: one in sixteen after the first thousand.", "handler")
	mBreaker  = gauge("handler_breaker_open", "1 while a handler is left alone because it fails for everybody, else 0.", "handler")
	mRetries  = counter("handler_retries_total", "Attempts of handlers after the first.")
	mPanics   = counter("handler_panics_total", "Attempts of handlers that panicked.")
	mTimeouts = counter("handler_timeouts_total", "Attempts of handlers that were cut off.")
	mBatches  = counter("handler_batches_total", "Calls of handlers with several events at once.")
	mUnrouted = counter("events_unrouted_total", "Events that no handler's patterns match.")
	mFiltered = counter("events_filtered_total", "Events that matched a handler's patterns and not its condition (where), once for each handler.")
	mNoFilter = counter("filter_failures_total", "Events that a handler's condition (where) failed on; each is a dead letter.")
	mPaths    = counter("handler_path_matches_total", "Members of events that an entry of redact or project has matched. One that stays at 0 may be misspelt.", "handler", "setting", "path")
	mBuryFail = counter("dead_letter_failures_total", "Tries to write a dead letter that failed.")
	mKept     = gauge("events_parked", "Events that wait because a handler has given up on them and is to go on (retry.on_exhausted).")

	mFindings = counter("schema_findings_total", "Differences between events and their schemas that were found, in the events that were compared.", "type", "kind")
	mChecked  = counter("schema_checked_total", "Events that were compared with their schemas.", "type")

	mStreamBehind   = gauge("stream_behind_seconds", "For how long the oldest record that is not done has been on the stream, over all shards, whoever has them.", "stream")
	mStreamHeadroom = gauge("stream_retention_headroom_seconds", "The time until the oldest record that is not done expires, over all shards, whoever has them.", "stream")
	mRetention      = gauge("stream_retention_seconds", "How long the stream keeps records.", "stream")
	mOpen           = gauge("stream_open_shards", "Open shards of the stream.", "stream")
	mUnowned        = gauge("shards_unowned", "Shards that could be read and that no living worker has. Each worker counts them: take the max.", "stream")
	mWorkers        = gauge("workers", "Workers that live and do not drain, as this one sees them.", "stream")
	mDesired        = gauge("workers_desired", "How many workers /scale asks for.", "stream")

	mOwned        = gauge("shard_owned", "1 for each shard that this process has leased, by what it is doing.", "stream", "shard", "state")
	mBehind       = gauge("shard_behind_seconds", "For how long the oldest record that is not done has been on the shard; 0 if all is done.", "stream", "shard")
	mHeadroom     = gauge("shard_retention_headroom_seconds", "The time until the oldest record that is not done expires.", "stream", "shard")
	mCatchUp      = gauge("shard_catch_up_seconds", "When the shard has caught up, as fast as it does now; +Inf is never.", "stream", "shard")
	mReadBehind   = gauge("shard_read_behind_seconds", "How far what was read last is behind the shard's tip, by Kinesis's MillisBehindLatest.", "stream", "shard")
	mInFlight     = gauge("shard_in_flight_events", "Events read and not done.", "stream", "shard")
	mParked       = gauge("shard_parked_keys", "Keys that wait behind an event that can be neither handled nor buried.", "stream", "shard")
	mSlowest      = gauge("shard_slowest_event_seconds", "For how long the slowest event has been in its handlers.", "stream", "shard")
	mFetched      = gauge("shard_last_fetch_timestamp_seconds", "When the shard was last read.", "stream", "shard")
	mCheckpointed = gauge("shard_last_checkpoint_timestamp_seconds", "When a checkpoint was last written.", "stream", "shard")
	mUnsaved      = gauge("shard_checkpoint_age_seconds", "For how long there has been something that no checkpoint covers and none was written; 0 if nothing is.", "stream", "shard")

	mCheckpoints = counter("checkpoints_total", "Tries to write a checkpoint by how they went: written, failed.", "outcome")
	mLeases      = counter("lease_changes_total", "Leases taken, and how they ended: taken, ended (the shard was read to its end), lost (to another worker), released.", "change")
	mCalls       = counter("aws_calls_total", "Calls to AWS by how they went: ok, AWS's error code, canceled, or unreachable.", "service", "operation", "outcome")
	mCallSeconds = define(kindHistogram, "aws_call_seconds", "How long calls to AWS took.", "service", "operation")

	mRequests   = counter("webhook_requests_total", "Webhook requests by what became of them.", "outcome")
	mReceived   = counter("webhook_events_total", "Events of webhooks: put on the stream, left out because they were put before, tests of the portal, and what is no event.", "kind")
	mPutAgain   = counter("webhook_put_retries_total", "Rounds of PutRecords that left something to put again.")
	mUnclaimed  = counter("webhook_unclaimed_total", "Requests that were put without knowing whether they are repeats.")
	mUnfinished = counter("webhook_unfinished_connections_total", "Connections that ended within the head of a request.")
	mAnswering  = gauge("webhook_in_flight_requests", "Requests that are being answered.")
	mAnswers    = define(kindHistogram, "webhook_answer_seconds", "Time from a request's head to its answer.")

	mSIMs      = gauge("simstate_sims", "SIMs whose states a handler has in memory.", "handler")
	mForgotten = counter("simstate_forgotten_total", "SIMs whose states had to make room for others in memory (max_sims).", "handler")
	mConflicts = counter("simstate_conflicts_total", "Writes of a state to its table that met another one and were made again.", "handler")
)
