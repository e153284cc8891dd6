package telemetry

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap/zaptest"
)

// environment is one of the variables given, as NAME=value.
func environment(variables ...string) Environment {
	return func(name string) (string, bool) {
		for _, v := range variables {
			if n, value, _ := strings.Cut(v, "="); n == name {
				return value, true
			}
		}
		return "", false
	}
}

// toText says where a signal goes, for comparison.
func toText(s Signal) string {
	text := strings.Join(s.to(), " ")
	if s.OTLP != nil {
		text += " " + s.OTLP.URL
	}
	if s.Err != nil {
		text = s.Err.Error()
	}
	return text
}

func TestSettings_NothingIsOnUnlessAsked(t *testing.T) {
	t.Parallel()
	const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318"
	for _, c := range []struct {
		name            string
		env             []string
		traces, metrics string
	}{
		{"nothing set", nil, "", ""},
		{"what asks for nothing", []string{"OTEL_SERVICE_NAME=x", "OTEL_TRACES_SAMPLER=always_on", "OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "OTEL_EXPORTER_OTLP_HEADERS=a=b"}, "", ""},
		{"empty is not set", []string{"OTEL_TRACES_EXPORTER=", "OTEL_EXPORTER_OTLP_ENDPOINT= "}, "", ""},
		{"an endpoint", []string{endpoint}, "otlp http://collector:4318/v1/traces", "otlp http://collector:4318/v1/metrics"},
		{"an endpoint with a path", []string{endpoint + "/base/"}, "otlp http://collector:4318/base/v1/traces", "otlp http://collector:4318/base/v1/metrics"},
		{"an endpoint of traces, taken as it is", []string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=https://t"}, "otlp https://t/", ""},
		{"an endpoint of metrics", []string{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://m/x"}, "", "otlp http://m/x"},
		{"both endpoints", []string{endpoint, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://t/x"}, "otlp http://t/x", "otlp http://collector:4318/v1/metrics"},
		{"an exporter", []string{"OTEL_TRACES_EXPORTER=otlp"}, "otlp http://localhost:4318/v1/traces", ""},
		{"console", []string{"OTEL_METRICS_EXPORTER=console"}, "", "console"},
		{"several", []string{"OTEL_TRACES_EXPORTER=console, otlp"}, "otlp console http://localhost:4318/v1/traces", ""},
		{"none in spite of an endpoint", []string{endpoint, "OTEL_TRACES_EXPORTER=none"}, "", "otlp http://collector:4318/v1/metrics"},
		{"prometheus, which is served anyway", []string{"OTEL_METRICS_EXPORTER=prometheus"}, "", ""},
		{"disabled", []string{endpoint, "OTEL_SDK_DISABLED=TRUE"}, "", ""},
		{"not disabled", []string{"OTEL_TRACES_EXPORTER=console", "OTEL_SDK_DISABLED=1"}, "console", ""},
		{
			"gRPC",
			[]string{endpoint, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=grpc"},
			"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL is grpc, which korestream does not speak: set it to http/protobuf, and the endpoint to the collector's port for that, mostly 4318",
			"otlp http://collector:4318/v1/metrics",
		},
		{
			"an exporter that is not here",
			[]string{"OTEL_TRACES_EXPORTER=zipkin", "OTEL_METRICS_EXPORTER=prometheus,carbon"},
			`exporter "zipkin" of OTEL_TRACES_EXPORTER is unknown: want otlp, console or none`,
			`exporter "carbon" of OTEL_METRICS_EXPORTER is unknown: want otlp, console or none`,
		},
		{"no URL", []string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=collector:4318"}, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT must be a URL such as http://localhost:4318", ""},
		{"JSON", []string{"OTEL_TRACES_EXPORTER=otlp", "OTEL_EXPORTER_OTLP_PROTOCOL=http/json"}, `OTEL_EXPORTER_OTLP_PROTOCOL is "http/json": want http/protobuf`, ""},
		{"time-out", []string{"OTEL_TRACES_EXPORTER=otlp", "OTEL_EXPORTER_OTLP_TIMEOUT=10s"}, `OTEL_EXPORTER_OTLP_TIMEOUT is "10s": want milliseconds, above 0`, ""},
		{"compression", []string{"OTEL_TRACES_EXPORTER=otlp", "OTEL_EXPORTER_OTLP_COMPRESSION=lzma"}, `OTEL_EXPORTER_OTLP_COMPRESSION is "lzma": want gzip or none`, ""},
		{"headers that would show a secret", []string{"OTEL_TRACES_EXPORTER=otlp", "OTEL_EXPORTER_OTLP_HEADERS=Bearer s3cret"}, "OTEL_EXPORTER_OTLP_HEADERS must be like name=value,name=value", ""},
		{"half a certificate", []string{"OTEL_TRACES_EXPORTER=otlp", "OTEL_EXPORTER_OTLP_CLIENT_KEY=k"}, "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY must be set together", ""},
		{"a file that is not there", []string{"OTEL_TRACES_EXPORTER=otlp", "OTEL_EXPORTER_OTLP_CERTIFICATE=/none/ca"}, "OTEL_EXPORTER_OTLP_CERTIFICATE: open /none/ca: no such file or directory", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := FromEnvironment(environment(c.env...))
			if got := [2]string{toText(s.Traces), toText(s.Metrics)}; got != [2]string{c.traces, c.metrics} {
				t.Errorf("got  %q\nwant %q", got, []string{c.traces, c.metrics})
			}
			if s.Traces.Err != nil && s.Traces.On() {
				t.Error("traces are on in spite of the error")
			}
		})
	}
}

func TestSettings_HowToSendIsTheSignalsOwnOrTheCommonOne(t *testing.T) {
	t.Parallel()
	s := FromEnvironment(environment("OTEL_EXPORTER_OTLP_ENDPOINT=http://c",
		"OTEL_EXPORTER_OTLP_HEADERS=api-key=a%2Cb, x = y%20z ", "OTEL_EXPORTER_OTLP_METRICS_HEADERS=m=1",
		"OTEL_EXPORTER_OTLP_TIMEOUT=1500", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT=200",
		"OTEL_EXPORTER_OTLP_COMPRESSION=none", "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION=gzip"))
	want := Settings{
		Traces:  Signal{OTLP: &OTLP{URL: "http://c/v1/traces", Headers: http.Header{"Api-Key": {"a,b"}, "X": {"y z"}}, Timeout: 200 * time.Millisecond}},
		Metrics: Signal{OTLP: &OTLP{URL: "http://c/v1/metrics", Headers: http.Header{"M": {"1"}}, Timeout: 1500 * time.Millisecond, Gzip: true}},
	}
	if d := cmp.Diff(want, s); d != "" {
		t.Error(d)
	}
}

func TestSettings_TheCertificateIsThatOfTheCollector(t *testing.T) {
	t.Parallel()
	var asked int
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer server.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	s := FromEnvironment(environment("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="+server.URL, "OTEL_EXPORTER_OTLP_CERTIFICATE="+ca))
	if s.Traces.Err != nil {
		t.Fatal(s.Traces.Err)
	}
	to := newSender(s.Traces.OTLP, "traces", zaptest.NewLogger(t))
	defer to.close()
	to.send(t.Context(), nil)
	if asked != 1 {
		t.Errorf("the collector was asked %d times, want once", asked)
	}
}
