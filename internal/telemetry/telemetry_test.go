package telemetry

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"go.uber.org/zap/zaptest"

	"korestream/consumer"
	"korestream/event"
	"korestream/handlers"
)

// started returns a telemetry that sends to the collector; stop it to see all.
func started(t *testing.T, s Settings, g prometheus.Gatherer) *Telemetry {
	t.Helper()
	tel := New(s, zaptest.NewLogger(t))
	tel.Start(t.Context(), Identity{Version: "v1", Application: "app", Worker: "w"}, func() prometheus.Gatherer { return g })
	return tel
}

func stop(t *testing.T, tel *Telemetry) {
	t.Helper()
	if err := tel.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func delivery(t testing.TB, id, more string) *consumer.Delivery {
	t.Helper()
	items, err := event.Decode(fmt.Appendf(nil, `{"id":%q,"type":"t","data":{"sim_sid":"HS1"}%s}`, id, more))
	if err != nil || items[0].Err != nil {
		t.Fatal(err, items)
	}
	return &consumer.Delivery{Event: items[0].Event, Origin: consumer.Origin{PartitionKey: "HS1"}}
}

// traceOf is a member that says of which trace the n-th event is.
func traceOf(n int) string {
	return fmt.Sprintf(`,"traceparent":"00-%032x-%016x-01","tracestate":"n=%d"`, n, n, n)
}

var fetched = consumer.Fetched{Stream: "kore-events", Shard: "shardId-000000000000", Records: 3, Bytes: 900, First: "101", Last: "103", Behind: 1500 * time.Millisecond}

func TestTelemetry_ABatchIsATraceWithLinksToWhereItsEventsWereMade(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	tel := started(t, Settings{Traces: Signal{OTLP: c.otlp("traces")}}, nil)
	b := tel.batches.Begin(fetched)
	b.Accepted(delivery(t, "1", traceOf(1)))
	b.Accepted(delivery(t, "2", ""))
	b.Accepted(delivery(t, "3", traceOf(3)))
	b.End(consumer.BatchResult{Events: 4, Handled: 2, Duplicates: 1, DeadLettered: 1})
	tel.batches.Begin(fetched).End(consumer.BatchResult{Events: 2, Parked: 1, Unfinished: 1})
	tel.batches.Begin(fetched).End(consumer.BatchResult{Events: 1, Handled: 1})
	stop(t, tel)
	spans := c.named("process kore-events")
	if len(spans) != 3 {
		t.Fatalf("got %d spans, want 3", len(spans))
	}
	s := spans[0]
	if s.Kind != tracepb.Span_SPAN_KIND_CONSUMER || len(s.ParentSpanId) > 0 || bytes.Equal(s.TraceId, spans[1].TraceId) {
		t.Errorf("got a span of kind %s with parent %x, want a consumer's without, in a trace of its own", s.Kind, s.ParentSpanId)
	}
	want := map[string]string{
		"messaging.system": "aws_kinesis", "messaging.operation.name": "process", "messaging.operation.type": "process",
		"messaging.destination.name": "kore-events", "messaging.destination.partition.id": "shardId-000000000000", "aws.kinesis.stream_name": "kore-events",
		"messaging.consumer.group.name": "app", "messaging.client.id": "w", "messaging.batch.message_count": "3",
		"korestream.record_bytes": "900", "korestream.first_sequence_number": "101", "korestream.last_sequence_number": "103",
		"korestream.millis_behind_latest": "1500", "korestream.events": "4", "korestream.events.handled": "2",
		"korestream.events.duplicate": "1", "korestream.events.dead_lettered": "1", "error.type": "dead_lettered",
	}
	if d := cmp.Diff(want, texts(s.Attributes)); d != "" {
		t.Error(d)
	}
	var links []string
	for _, l := range s.Links {
		links = append(links, hex.EncodeToString(l.TraceId)+" "+hex.EncodeToString(l.SpanId))
	}
	if want := []string{fmt.Sprintf("%032x %016x", 1, 1), fmt.Sprintf("%032x %016x", 3, 3)}; !slices.Equal(links, want) {
		t.Errorf("links: got %q, want %q", links, want)
	}
	for i, want := range []string{"1 events buried, 0 parked", "0 events buried, 1 parked", ""} {
		got := spans[i].Status
		if failed := got.GetCode() == tracepb.Status_STATUS_CODE_ERROR; failed != (want != "") || got.GetMessage() != want {
			t.Errorf("status of batch %d: got %v, want %q", i, got, want)
		}
	}
	if got := texts(spans[1].Attributes)["error.type"]; got != "parked" {
		t.Errorf("error.type: got %q, want parked", got)
	}
	if c.resource["service.name"] != "korestream" || c.resource["service.version"] != "v1" || c.resource["service.instance.id"] != "w" {
		t.Errorf("resource: got %v", c.resource)
	}
}

func TestTelemetry_LinksAreBounded(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	tel := started(t, Settings{Traces: Signal{OTLP: c.otlp("traces")}}, nil)
	b := tel.batches.Begin(fetched)
	for i := range 1000 {
		b.Accepted(delivery(t, "1", traceOf(i+1)))
	}
	b.End(consumer.BatchResult{Events: 1000, Handled: 1000})
	stop(t, tel)
	s := c.named("process kore-events")[0]
	if n := len(s.Links); n != maxLinks || s.Links[0].SpanId[7] != 1 {
		t.Errorf("got %d links from %x on, want the first %d", n, s.Links[0].SpanId, maxLinks)
	}
	if got := texts(s.Attributes)["korestream.links_left_out"]; got != "true" {
		t.Errorf("links left out: got %q, want true", got)
	}
}

func TestTelemetry_AttemptsThatFailedOrWereSlowAreSpansBelowTheirBatch(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	tel := started(t, Settings{Traces: Signal{OTLP: c.otlp("traces")}}, nil)
	b := tel.batches.Begin(fetched)
	ctx, now := b.Context(t.Context()), time.Now()
	for _, a := range []struct {
		handler string
		took    time.Duration
		err     error
	}{
		{"fast", -time.Hour, nil}, // however long the test is held up before it is told
		{"slow", 2 * slow, nil},
		{"away", 0, handlers.Unavailable(errors.New("HS1 is secret"))},
		{"refused", 0, handlers.Permanent(errors.New("HS1 is secret"))},
		{"late", 0, fmt.Errorf("HS1 is secret: %w", handlers.ErrTimeout)},
		{"wrong", 0, errors.New("HS1 is secret")},
	} {
		tel.attempts.Attempted(ctx, a.handler, delivery(t, "1", traceOf(7)), now.Add(-a.took), a.err)
		tel.attempts.Attempted(t.Context(), a.handler+" without a batch", delivery(t, "1", ""), now.Add(-a.took), a.err)
	}
	parent, state := tel.Propagator()(ctx)
	b.End(consumer.BatchResult{Events: 1, Handled: 1})
	stop(t, tel)
	batch := c.named("process kore-events")[0]
	if want := fmt.Sprintf("00-%x-%x-01", batch.TraceId, batch.SpanId); parent != want || state != "" {
		t.Errorf("propagated %q and %q, want %q", parent, state, want)
	}
	got := map[string]string{}
	for _, s := range c.spans {
		if s == batch {
			continue
		}
		if !bytes.Equal(s.TraceId, batch.TraceId) || !bytes.Equal(s.ParentSpanId, batch.SpanId) || len(s.Links) != 1 {
			t.Errorf("%s is in trace %x below %x with %d links, want it below its batch and linked to its event's", s.Name, s.TraceId, s.ParentSpanId, len(s.Links))
		}
		got[s.Name] = s.Status.GetMessage()
		if a := texts(s.Attributes); s.Name == "handle slow" {
			if took := time.Duration(s.EndTimeUnixNano - s.StartTimeUnixNano); took < 2*slow || a["cloudevents.event_id"] != "1" || a["korestream.handler"] != "slow" {
				t.Errorf("%s took %s and says %v", s.Name, took, a)
			}
		}
		if strings.Contains(s.String(), "HS1") {
			t.Errorf("%s names a SIM: %v", s.Name, s)
		}
	}
	want := map[string]string{"handle slow": "", "handle away": "unavailable", "handle refused": "permanent", "handle late": "timeout", "handle wrong": "failed"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestTelemetry_WhatIsNotSampledCostsNothingFurther(t *testing.T) {
	t.Setenv("OTEL_TRACES_SAMPLER", "always_off")
	c := newCollector(t)
	tel := started(t, Settings{Traces: Signal{OTLP: c.otlp("traces")}}, nil)
	if b := tel.batches.Begin(fetched); b != nil {
		t.Errorf("a batch that is not sampled is followed by %v, want nobody", b)
	}
	stop(t, tel)
	if n := c.count(); n != 0 {
		t.Errorf("the collector was asked %d times, want never", n)
	}
}

func TestTelemetry_VariablesOfTheResourceComeFirst(t *testing.T) {
	t.Setenv("OTEL_SERVICE_NAME", "mine")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=prod,service.instance.id=other")
	c := newCollector(t)
	tel := started(t, Settings{Traces: Signal{OTLP: c.otlp("traces")}}, nil)
	tel.batches.Begin(fetched).End(consumer.BatchResult{})
	stop(t, tel)
	for name, want := range map[string]string{"service.name": "mine", "service.instance.id": "other", "deployment.environment.name": "prod", "service.version": "v1"} {
		if got := c.resource[name]; got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestTelemetry_MetricsAreThoseOfTheRegistry(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	count := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "c_total", Help: "A counter."}, []string{"kind"})
	count.WithLabelValues("a").Add(3)
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{Name: "g", Help: "A gauge."})
	gauge.Set(math.Inf(1))
	classic := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "h_seconds", Help: "A histogram.", Buckets: []float64{1, 2}})
	native := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "n_seconds", Help: "A native one.", Buckets: []float64{1}, NativeHistogramBucketFactor: 1.1})
	summary := prometheus.NewSummary(prometheus.SummaryOpts{Name: "s_seconds", Help: "A summary.", Objectives: map[float64]float64{.5: .01}})
	for _, o := range []prometheus.Observer{classic, native, summary} {
		for _, v := range []float64{.5, 1.5, 4} {
			o.Observe(v)
		}
	}
	reg.MustRegister(count, gauge, classic, native, summary)
	c := newCollector(t)
	tel := started(t, Settings{Metrics: Signal{OTLP: c.otlp("metrics")}}, reg)
	if tel.ConsumerOptions() != nil || tel.MuxOptions() != nil || tel.Propagator() != nil {
		t.Error("the consumer is traced for metrics alone")
	}
	stop(t, tel)
	sum := c.metrics["c_total"].GetSum()
	if p := sum.GetDataPoints()[0]; p.GetAsDouble() != 3 || texts(p.Attributes)["kind"] != "a" || !sum.IsMonotonic || sum.AggregationTemporality != cumulative || p.StartTimeUnixNano == 0 {
		t.Errorf("counter: got %v", sum)
	}
	if p := c.metrics["g"].GetGauge().GetDataPoints()[0]; !math.IsInf(p.GetAsDouble(), 1) || p.TimeUnixNano == 0 {
		t.Errorf("gauge: got %v", p)
	}
	if p := c.metrics["h_seconds"].GetHistogram().GetDataPoints()[0]; p.Count != 3 || p.GetSum() != 6 || !slices.Equal(p.ExplicitBounds, []float64{1, 2}) || !slices.Equal(p.BucketCounts, []uint64{1, 1, 1}) {
		t.Errorf("histogram: got %v", p)
	}
	if p := c.metrics["n_seconds"].GetExponentialHistogram().GetDataPoints()[0]; p.Count != 3 || p.GetSum() != 6 || bucketsOf(p) != 3 {
		t.Errorf("native histogram: got %v", p)
	}
	if p := c.metrics["s_seconds"].GetSummary().GetDataPoints()[0]; p.Count != 3 || p.Sum != 6 || p.QuantileValues[0].Quantile != .5 || p.QuantileValues[0].Value != 1.5 {
		t.Errorf("summary: got %v", p)
	}
	if d := c.metrics["c_total"].Description; d != "A counter." {
		t.Errorf("description: got %q", d)
	}
}

func bucketsOf(p *metricspb.ExponentialHistogramDataPoint) (n uint64) {
	for _, b := range p.Positive.BucketCounts {
		n += b
	}
	return n
}

func TestTelemetry_GzipIsReadByTheCollector(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	to := c.otlp("traces")
	to.Gzip = true
	tel := started(t, Settings{Traces: Signal{OTLP: to}}, nil)
	tel.batches.Begin(fetched).End(consumer.BatchResult{})
	stop(t, tel)
	if n := len(c.named("process kore-events")); n != 1 {
		t.Errorf("got %d spans, want 1", n)
	}
}

func TestTelemetry_ConsoleWritesToWhatItIsGiven(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	tel := New(Settings{Traces: Signal{Console: true}, Metrics: Signal{Console: true}}, zaptest.NewLogger(t), WithConsole(&out))
	reg := prometheus.NewRegistry()
	reg.MustRegister(prometheus.NewGauge(prometheus.GaugeOpts{Name: "g_of_ours", Help: "A gauge."}))
	tel.Start(t.Context(), Identity{}, func() prometheus.Gatherer { return reg })
	tel.batches.Begin(fetched).End(consumer.BatchResult{})
	stop(t, tel)
	for _, want := range []string{`"process kore-events"`, `"g_of_ours"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("got %s, want %s in it", out.String(), want)
		}
	}
}

func TestTelemetry_OffNothingIsMadeAndNobodyIsAsked(t *testing.T) {
	t.Parallel()
	tel := New(Settings{}, zaptest.NewLogger(t))
	tel.Start(t.Context(), Identity{}, func() prometheus.Gatherer {
		t.Error("the registry was asked for")
		return prometheus.NewRegistry()
	})
	if tel.ConsumerOptions() != nil || tel.MuxOptions() != nil || tel.Propagator() != nil {
		t.Error("somebody is to be told though nobody has asked")
	}
	stop(t, tel)
	var none *Telemetry
	if none.ConsumerOptions() != nil || none.MuxOptions() != nil || none.Propagator() != nil {
		t.Error("a program without telemetry has some")
	}
}

func TestTelemetry_AStopEndsWithItsContextThoughTheCollectorIsSilent(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	silent := make(chan struct{})
	to := c.otlp("traces")
	to.URL = silentServer(t, silent)
	tel := started(t, Settings{Traces: Signal{OTLP: to}}, nil)
	tel.batches.Begin(fetched).End(consumer.BatchResult{})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	_ = tel.Stop(ctx) // that it was cut off is what we want
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the stop took %s, want no longer than its context", took)
	}
	close(silent)
}
