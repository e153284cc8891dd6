package telemetry

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	collectormetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collectortrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// collector takes OTLP over HTTP, and reads it as the services of OpenTelemetry's own
// collector do.
type collector struct {
	t   *testing.T
	url string
	// answer, if set, answers in place of the collector and returns true then.
	answer func(w http.ResponseWriter, n int) bool

	mu       sync.Mutex // guards all below
	requests []*http.Request
	spans    []*tracepb.Span
	metrics  map[string]*metricspb.Metric
	resource map[string]string
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{t: t, metrics: map[string]*metricspb.Metric{}}
	s := httptest.NewServer(c)
	t.Cleanup(s.Close)
	c.url = s.URL
	return c
}

// otlp are settings that lead here.
func (c *collector) otlp(signal string) *OTLP {
	return &OTLP{URL: c.url + "/v1/" + signal, Timeout: otlpTimeout, Headers: http.Header{}}
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests = append(c.requests, r)
	if c.answer != nil && c.answer(w, len(c.requests)) {
		return
	}
	if err := c.take(r); err != nil {
		c.t.Error(err)
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

func (c *collector) take(r *http.Request) error {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		var err error
		if body, err = gzip.NewReader(r.Body); err != nil {
			return err
		}
	}
	message, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	if got := r.Header.Get("Content-Type"); got != "application/x-protobuf" || r.Method != http.MethodPost {
		return fmt.Errorf("got %s of %s, want POST of application/x-protobuf", r.Method, got)
	}
	switch r.URL.Path {
	case "/v1/traces":
		var in collectortrace.ExportTraceServiceRequest
		if err := proto.Unmarshal(message, &in); err != nil {
			return err
		}
		for _, rs := range in.ResourceSpans {
			c.keep(rs.Resource)
			for _, ss := range rs.ScopeSpans {
				c.spans = append(c.spans, ss.Spans...)
			}
		}
	case "/v1/metrics":
		var in collectormetrics.ExportMetricsServiceRequest
		if err := proto.Unmarshal(message, &in); err != nil {
			return err
		}
		for _, rm := range in.ResourceMetrics {
			c.keep(rm.Resource)
			for _, sm := range rm.ScopeMetrics {
				for _, m := range sm.Metrics {
					c.metrics[m.Name] = m
				}
			}
		}
	default:
		return fmt.Errorf("nothing is at %s", r.URL.Path)
	}
	return nil
}

func (c *collector) keep(r *resourcepb.Resource) { c.resource = texts(r.Attributes) }

func (c *collector) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.requests)
}

// named returns the spans of a name.
func (c *collector) named(name string) []*tracepb.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(c.spans), func(s *tracepb.Span) bool { return s.Name != name })
}

// texts are attributes as text.
func texts(all []*commonpb.KeyValue) map[string]string {
	out := make(map[string]string, len(all))
	for _, kv := range all {
		switch v := kv.Value.Value.(type) {
		case *commonpb.AnyValue_StringValue:
			out[kv.Key] = v.StringValue
		case *commonpb.AnyValue_IntValue:
			out[kv.Key] = fmt.Sprint(v.IntValue)
		case *commonpb.AnyValue_BoolValue:
			out[kv.Key] = fmt.Sprint(v.BoolValue)
		default:
			out[kv.Key] = fmt.Sprintf("%T", v)
		}
	}
	return out
}

// silentServer answers only when it may.
func silentServer(t *testing.T, until <-chan struct{}) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-until:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}
