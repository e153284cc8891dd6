package main

import (
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// otlpCollector keeps what it is sent.
type otlpCollector struct {
	t   *testing.T
	url string

	mu      sync.Mutex // guards all below
	spans   []*tracepb.Span
	metrics map[string]bool
	bodies  []string
}

func newOTLPCollector(t *testing.T) *otlpCollector {
	t.Helper()
	c := &otlpCollector{t: t, metrics: map[string]bool{}}
	s := httptest.NewServer(c)
	t.Cleanup(s.Close)
	c.url = s.URL
	return c
}

func (c *otlpCollector) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the sender has ended it, for it stops: its last export has all of it
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bodies = append(c.bodies, string(body))
	var traces tracepb.TracesData
	var metrics metricspb.MetricsData
	switch r.URL.Path {
	case "/v1/traces":
		err = proto.Unmarshal(body, &traces)
	case "/v1/metrics":
		err = proto.Unmarshal(body, &metrics)
	default:
		err = fmt.Errorf("nothing is at %s", r.URL.Path)
	}
	if err != nil {
		c.t.Error(err)
	}
	for _, rs := range traces.ResourceSpans {
		for _, ss := range rs.ScopeSpans {
			c.spans = append(c.spans, ss.Spans...)
		}
	}
	for _, rm := range metrics.ResourceMetrics {
		for _, sm := range rm.ScopeMetrics {
			for _, m := range sm.Metrics {
				c.metrics[m.Name] = true
			}
		}
	}
}

// handled counts the events of the batches that were sent, and their links by trace.
func (c *otlpCollector) handled() (events int64, links map[string]bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	links = map[string]bool{}
	for _, s := range c.spans {
		for _, a := range s.Attributes {
			if a.Key == "korestream.events.handled" {
				events += a.Value.GetIntValue()
			}
		}
		for _, l := range s.Links {
			links[hex.EncodeToString(l.TraceId)] = true
		}
	}
	return events, links
}

// has tells whether a metric was sent, and anything whether there was any request.
func (c *otlpCollector) has(metric string) (sent, anything bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.metrics[metric], len(c.bodies) > 0
}

// sent is all that was sent.
func (c *otlpCollector) sent() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.bodies, "")
}

// putTraced puts n events, of which each second is of a trace of its own. Their SIMs
// are easy to find.
func (s *site) putTraced(n int) (ids []string) {
	s.t.Helper()
	for i := range n {
		trace := ""
		if i%2 == 0 {
			trace = fmt.Sprintf(`,"traceparent":"00-%032x-%016x-01"`, i+1, i+1)
		}
		id := fmt.Sprintf("EZtraced%d", i)
		text := fmt.Sprintf(`{"data":{"event_sid":%q,"sim_sid":"HSsecret%d","sim_iccid":"89secret%d"},"id":%q,"type":"com.kore.iot.supersim.connection.data-session.updated","source":"kore-events","specversion":"1.0"%s}`, id, i, i, id, trace)
		_, err := s.kc.PutRecord(s.t.Context(), &kinesis.PutRecordInput{StreamName: aws.String(testStream), PartitionKey: aws.String(fmt.Sprint("HSsecret", i)), Data: []byte(text)})
		if err != nil {
			s.t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

// consume runs a daemon with more variables until it has archived n events.
func (s *site) consume(n int, env ...string) (p *proc, archive string) {
	s.t.Helper()
	config, archive := writeConfig(s.t, "")
	p = start(s.t, append([]string{"AWS_ENDPOINT_URL=" + s.url(), "KORESTREAM_STREAM=" + testStream}, env...), "run", "--config", config)
	eventually(s.t, "the events", func() bool { return len(archived(s.t, archive)) >= n })
	return p, archive
}

func TestTelemetry_ADaemonSendsASpanPerBatchAndTheMetricsThatItServes(t *testing.T) {
	t.Parallel()
	s, c := newSite(t, 2), newOTLPCollector(t)
	const n = 20
	s.putTraced(n)
	p, _ := s.consume(n, "OTEL_EXPORTER_OTLP_ENDPOINT="+c.url, "OTEL_METRIC_EXPORT_INTERVAL=200", "OTEL_BSP_SCHEDULE_DELAY=100")
	eventually(t, "the spans of all batches", func() bool { events, _ := c.handled(); return events == n })
	served := scrapedNames(t, p.logged("admin server listens")["address"].(string))
	eventually(t, "the metrics", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		for name := range served {
			if !c.metrics[name] {
				return false
			}
		}
		return len(served) > 30
	})
	if code := p.stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	_, links := c.handled()
	for i := range n {
		if trace := fmt.Sprintf("%032x", i+1); links[trace] != (i%2 == 0) {
			t.Errorf("a link to trace %s: got %v, want %v", trace, links[trace], i%2 == 0)
		}
	}
	if strings.Contains(c.sent(), "secret") {
		t.Error("what was sent names a SIM")
	}
	if text := p.errText(); text != "" {
		t.Errorf("stderr: got %q, want nothing", text)
	}
}

func TestTelemetry_WhatIsLeftIsSentAtTheStop(t *testing.T) {
	t.Parallel()
	s, c := newSite(t, 1), newOTLPCollector(t)
	s.putTraced(3)
	p, _ := s.consume(3, "OTEL_EXPORTER_OTLP_ENDPOINT="+c.url, "OTEL_METRIC_EXPORT_INTERVAL=3600000", "OTEL_BSP_SCHEDULE_DELAY=3600000")
	if _, anything := c.has(""); anything {
		t.Fatal("something was sent before its time: the test shows nothing")
	}
	if code := p.stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	events, _ := c.handled()
	if sent, _ := c.has("korestream_events_total"); events != 3 || !sent {
		t.Errorf("got spans of %d events, and korestream_events_total is %v, want 3 and true", events, sent)
	}
}

// scrapedNames are the families at /metrics.
func scrapedNames(t *testing.T, address string) map[string]bool {
	t.Helper()
	resp, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (\S+)`).FindAllStringSubmatch(string(text), -1) {
		names[m[1]] = true
	}
	return names
}

// countingListener accepts connections, counts them and says nothing.
func countingListener(t *testing.T) (url string, connections *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	connections = &atomic.Int64{}
	var all sync.WaitGroup
	var open []net.Conn
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			open = append(open, c)
		}
	})
	t.Cleanup(func() {
		_ = l.Close() // which ends the loop
		all.Wait()
		for _, c := range open {
			_ = c.Close()
		}
	})
	return "http://" + l.Addr().String(), connections
}

func TestTelemetry_NothingIsSentUnlessAsked(t *testing.T) {
	t.Parallel()
	for name, env := range map[string][]string{
		"disabled": {"OTEL_SDK_DISABLED=true", "OTEL_TRACES_EXPORTER=otlp", "OTEL_METRICS_EXPORTER=otlp"},
		"none":     {"OTEL_TRACES_EXPORTER=none", "OTEL_METRICS_EXPORTER=none"},
		"gRPC":     {"OTEL_EXPORTER_OTLP_PROTOCOL=grpc"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, 1)
			url, connections := countingListener(t)
			s.putTraced(5)
			p, _ := s.consume(5, append(env, "OTEL_EXPORTER_OTLP_ENDPOINT="+url, "OTEL_METRIC_EXPORT_INTERVAL=50", "OTEL_BSP_SCHEDULE_DELAY=50")...)
			if code := p.stop(); code != 0 {
				t.Errorf("exit code: got %d, want 0", code)
			}
			if n := connections.Load(); n > 0 {
				t.Errorf("got %d connections, want none", n)
			}
			want := 0
			if name == "gRPC" {
				want = 2 // one for each signal
			}
			if got := strings.Count(strings.Join(p.lines(), "\n"), "telemetry is off: its variables make no sense"); got != want {
				t.Errorf("got %d lines that say why it is off, want %d", got, want)
			}
		})
	}
}

func TestTelemetry_ACollectorThatIsAwayDisturbsNobody(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	gone := "http://" + freeAddress(t)
	silent, _ := countingListener(t)
	s.putTraced(5)
	p, archive := s.consume(5, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="+gone, "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT="+silent,
		"OTEL_EXPORTER_OTLP_TIMEOUT=300", "OTEL_METRIC_EXPORT_INTERVAL=50", "OTEL_BSP_SCHEDULE_DELAY=50")
	const away = "telemetry not exported; what does not fit into its queue is dropped"
	told := func() int { return strings.Count(strings.Join(p.lines(), "\n"), away) }
	eventually(t, "the log to tell of both", func() bool { return told() >= 2 })
	_, err := s.kc.PutRecord(t.Context(), &kinesis.PutRecordInput{StreamName: aws.String(testStream), PartitionKey: aws.String("k"), Data: []byte(`{"id":"EZlater","type":"t"}`)})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "what came later", func() bool { return slices.Contains(archived(t, archive), "EZlater") })
	began := time.Now()
	if code := p.stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the stop took %s", took)
	}
	if n := told(); n != 2 {
		t.Errorf("the log tells %d times, want once for each signal", n)
	}
	if text := p.errText(); text != "" {
		t.Errorf("stderr: got %q, want nothing", text)
	}
}
