package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/prometheus/client_golang/prometheus"

	"korestream/consumer"
	"korestream/consumer/wire"
	"korestream/handlers"
	"korestream/localstack/embed"
)

func TestMetrics_OfAShardGoWithItsLease(t *testing.T) {
	t.Parallel()
	var st consumer.Status
	reg := prometheus.NewRegistry()
	reg.MustRegister(testCollector(func() consumer.Status { return st }))
	series := func(shard string) (n int) {
		families, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			for _, m := range f.GetMetric() {
				for _, l := range m.GetLabel() {
					if l.GetName() == "shard" && l.GetValue() == shard {
						n++
					}
				}
			}
		}
		return n
	}
	shard := func(id string) consumer.ShardStatus {
		return consumer.ShardStatus{Shard: id, State: consumer.StateReading, Behind: 5}
	}
	st.Shards = []consumer.ShardStatus{shard("parent"), shard("other")}
	if n := series("parent"); n < 4 {
		t.Errorf("a shard that is owned: got %d series, want its lag and more", n)
	}
	st.Shards = []consumer.ShardStatus{shard("other"), shard("child")}
	if n := series("parent"); n != 0 {
		t.Errorf("a shard that was finished: got %d series, want none", n)
	}
	if series("child") == 0 || series("other") == 0 {
		t.Error("the shards that are owned have no series")
	}
	if err := live([]string{"a", "b"}); err == nil || !strings.Contains(err.Error(), "a\nb") {
		t.Errorf("live: got %v, want both reasons", err)
	}
}

func testCollector(status func() consumer.Status) collector {
	return collector{
		stream: "kore-events", status: status,
		lag:      func(st consumer.Status) streamLag { return lagOf(st, nil, time.Now()) },
		scale:    func() scaleView { return scaleView{Desired: 3, Workers: 2} },
		stats:    func() handlers.Stats { return handlers.Stats{} },
		breakers: func() map[string]bool { return map[string]bool{"archive": true, "log": false} },
	}
}

var update = flag.Bool("update", false, "write the table of metrics into docs/metrics.md")

func TestMetrics_AreDocumented(t *testing.T) {
	t.Parallel()
	const path, begin, end = "../../docs/metrics.md", "<!-- metrics:begin", "<!-- metrics:end -->"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	comment, rest, ok2 := strings.Cut(rest, "-->\n")
	_, after, ok3 := strings.Cut(rest, end)
	if !ok || !ok2 || !ok3 {
		t.Fatalf("%s has no %s … %s", path, begin, end)
	}
	want := before + begin + comment + "-->\n" + MetricsTable() + end + after
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(text) != want {
		t.Error("the table in docs/metrics.md is not what the code has; run: go test ./internal/app -run Metrics -update")
	}
}

func TestMetrics_KeepToPrometheusNames(t *testing.T) {
	t.Parallel()
	name := regexp.MustCompile(`^korestream_[a-z]+(_[a-z]+)*$`)
	seen := make(map[string]bool)
	for _, m := range metrics {
		switch {
		case !name.MatchString(m.name) || seen[m.name]:
			t.Errorf("%s: want words joined by underscores, once", m.name)
		case m.kind == kindCounter != strings.HasSuffix(m.name, "_total"):
			t.Errorf("%s is a %s: counters, and they alone, end in _total", m.name, m.kind)
		case m.kind == kindHistogram && !strings.HasSuffix(m.name, "_seconds"):
			t.Errorf("%s: want its unit at the end", m.name)
		case !strings.HasSuffix(m.help, "."):
			t.Errorf("%s: want a sentence, got %q", m.name, m.help)
		}
		seen[m.name] = true
	}
	// Others build on these.
	for _, want := range []string{
		"shard_behind_seconds stream,shard", "shard_retention_headroom_seconds stream,shard", "shards_unowned stream",
		"shard_parked_keys stream,shard", "shard_checkpoint_age_seconds stream,shard", "handler_breaker_open handler",
		"handler_seconds handler", "event_age_seconds ",
	} {
		if !slices.ContainsFunc(metrics, func(m *metric) bool {
			return m.name+" "+strings.Join(m.labels, ",") == "korestream_"+want
		}) {
			t.Errorf("there is no korestream_%s", want)
		}
	}
}

func TestMetrics_SayWhatTheStatusSays(t *testing.T) {
	t.Parallel()
	now := time.Now()
	c := testCollector(func() consumer.Status {
		return consumer.Status{
			Retention: 24 * time.Hour, OpenShards: 4, Leases: consumer.LeaseCounts{Taken: 5, Lost: 1},
			Totals: consumer.Counts{Checkpoints: 7, CheckpointFailures: 2},
			Shards: []consumer.ShardStatus{{
				Shard: "s", State: consumer.StateReading, FetchedAt: now, OldestAt: now.Add(-time.Hour), Gain: -1,
				Parked: []consumer.Failing{{}, {}}, UnsavedSince: now.Add(-time.Minute),
			}},
		}
	})
	got := gather(t, c)
	for key, want := range map[string]string{
		"korestream_shard_behind_seconds s kore-events":             "3600",
		"korestream_shard_retention_headroom_seconds s kore-events": "82800",
		"korestream_shard_catch_up_seconds s kore-events":           "+Inf",
		"korestream_shard_read_behind_seconds s kore-events":        "0",
		"korestream_shard_checkpoint_age_seconds s kore-events":     "60",
		"korestream_shard_parked_keys s kore-events":                "2",
		"korestream_stream_behind_seconds kore-events":              "3600",
		"korestream_shards_unowned kore-events":                     "0",
		"korestream_workers_desired kore-events":                    "3",
		"korestream_handler_breaker_open archive":                   "1",
		"korestream_handler_breaker_open log":                       "0",
		"korestream_checkpoints_total failed":                       "2",
		"korestream_lease_changes_total lost":                       "1",
	} {
		if got[key] != want {
			t.Errorf("%s: got %q, want %s", key, got[key], want)
		}
	}
}

func TestMetrics_CountCallsByTheirOutcome(t *testing.T) {
	t.Parallel()
	c := newClients(embed.New().Config())
	_, err := c.kinesis.ListShards(t.Context(), &kinesis.ListShardsInput{StreamName: aws.String("nowhere")})
	if err == nil {
		t.Fatal("there is a stream that was not made")
	}
	if _, err := c.kinesis.ListStreams(t.Context(), &kinesis.ListStreamsInput{}); err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.kinesis.ListStreams(gone, &kinesis.ListStreamsInput{}); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want it canceled", err)
	}
	got := gather(t, c.calls.total, c.calls.seconds)
	for key, want := range map[string]string{
		"korestream_aws_calls_total ListShards ResourceNotFoundException Kinesis": "1",
		"korestream_aws_calls_total ListStreams ok Kinesis":                       "1",
		"korestream_aws_calls_total ListStreams canceled Kinesis":                 "1",
		"korestream_aws_call_seconds ListShards Kinesis":                          "1",
		"korestream_aws_call_seconds ListStreams Kinesis":                         "2",
	} {
		if got[key] != want {
			t.Errorf("%s: got %q, want %s", key, got[key], want)
		}
	}
}

// TestMetrics_CountCallsPastTheSDK: those that are made directly, each once.
func TestMetrics_CountCallsPastTheSDK(t *testing.T) {
	t.Parallel()
	c := newClients(embed.New().Config())
	iterator := iteratorOf(t, c.kinesis, "kore")
	observer, direct := c.calls.ofRecords(), 0
	answered := observer.Answered
	observer.Answered = func(took time.Duration) { direct++; answered(took) }
	reader := wire.NewReader(c.kinesis, wire.NewPool(0), wire.Directly(observer, func(why string) { t.Errorf("calls go through the SDK: %s", why) }),
		wire.WithOptions(func(o *kinesis.Options) { o.Retryer = aws.NopRetryer{} }))
	var page wire.Page
	for range 4 {
		if _, err := reader.Read(t.Context(), wire.Ask{Iterator: iterator, Limit: 10}, &page); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := reader.Read(t.Context(), wire.Ask{Iterator: "none", Limit: 10}, &page); err == nil {
		t.Fatal("there is an iterator that was not given out")
	}
	if direct != 3 {
		t.Errorf("got %d direct calls, want 3", direct)
	}
	got := gather(t, c.calls.total, c.calls.seconds)
	for key, want := range map[string]string{
		"korestream_aws_calls_total GetRecords ok Kinesis":                       "4",
		"korestream_aws_calls_total GetRecords InvalidArgumentException Kinesis": "1",
		"korestream_aws_call_seconds GetRecords Kinesis":                         "5",
	} {
		if got[key] != want {
			t.Errorf("%s: got %q, want %s", key, got[key], want)
		}
	}
}

// iteratorOf makes a stream and returns an iterator of its shard.
func iteratorOf(t *testing.T, kc *kinesis.Client, stream string) string {
	t.Helper()
	if _, err := kc.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: &stream, ShardCount: aws.Int32(1)}); err != nil {
		t.Fatal(err)
	}
	out, err := kc.GetShardIterator(t.Context(), &kinesis.GetShardIteratorInput{
		StreamName: &stream, ShardId: aws.String("shardId-000000000000"), ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
	})
	if err != nil {
		t.Fatal(err)
	}
	return *out.ShardIterator
}

// gather returns each series, as its name and its labels' values, with what it
// stands at: of a histogram, how many there are.
func gather(t *testing.T, of ...prometheus.Collector) map[string]string {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(of...)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			key := f.GetName()
			for _, l := range m.GetLabel() {
				key += " " + l.GetValue()
			}
			got[key] = fmt.Sprintf("%.0f", m.GetGauge().GetValue()+m.GetCounter().GetValue()+float64(m.GetHistogram().GetSampleCount()))
		}
	}
	return got
}

func TestMetrics_CountWhatRedactAndProjectMatch(t *testing.T) {
	t.Parallel()
	c := testCollector(func() consumer.Status { return consumer.Status{} })
	c.stats = func() handlers.Stats {
		return handlers.Stats{Filtered: 5, FilterFailures: 2, Paths: []handlers.PathStats{
			{Route: "lake", Setting: "redact", Entry: "data.imsi", Matches: 3}, {Route: "lake", Setting: "project", Entry: "data.imsi"},
		}}
	}
	got := gather(t, c)
	for key, want := range map[string]string{
		"korestream_events_filtered_total":                             "5",
		"korestream_filter_failures_total":                             "2",
		"korestream_handler_path_matches_total lake data.imsi redact":  "3",
		"korestream_handler_path_matches_total lake data.imsi project": "0",
	} {
		if got[key] != want {
			t.Errorf("%s: got %q, want %s", key, got[key], want)
		}
	}
}
