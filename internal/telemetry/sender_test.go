package telemetry

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/protobuf/encoding/protowire"

	"korestream/internal/episode"
)

// scripted is a collector that answers its calls one after another.
type scripted struct {
	calls  atomic.Int64
	script []http.HandlerFunc
}

func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := int(s.calls.Add(1)) - 1
	_, _ = io.Copy(io.Discard, r.Body)
	if n < len(s.script) {
		s.script[n](w, r)
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// sending returns a sender to a server, and its log.
func sending(t *testing.T, h http.Handler, tune ...func(*OTLP)) (*sender, *observer.ObservedLogs) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	to := &OTLP{URL: server.URL, Timeout: otlpTimeout, Headers: http.Header{}}
	for _, f := range tune {
		f(to)
	}
	core, logs := observer.New(zapcore.DebugLevel)
	s := newSender(to, "traces", zap.New(core))
	t.Cleanup(s.close)
	return s, logs
}

func TestSender_TriesAgainWhatACollectorCannotTakeNow(t *testing.T) {
	t.Parallel()
	later := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	c := &scripted{script: []http.HandlerFunc{status(http.StatusBadGateway), later, status(http.StatusTooManyRequests)}}
	s, logs := sending(t, c)
	began := time.Now()
	s.send(t.Context(), []byte("message"))
	if n := c.calls.Load(); n != 4 {
		t.Errorf("got %d requests, want 4", n)
	}
	if took := time.Since(began); took < time.Second {
		t.Errorf("took %s, want the second that the collector has asked for at least", took)
	}
	if logs.Len() > 0 {
		t.Errorf("logged %v, want nothing: it went", logs.All())
	}
}

func TestSender_TellsOfWhatIsRefusedForGood(t *testing.T) {
	t.Parallel()
	partial := protowire.AppendTag(nil, 1, protowire.VarintType)
	partial = protowire.AppendVarint(partial, 3)
	partial = protowire.AppendTag(partial, 2, protowire.BytesType)
	partial = protowire.AppendString(partial, "too old")
	answer := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), partial)
	for _, c := range []struct {
		name, reason, says string
		answer             http.HandlerFunc
	}{
		{"unauthorized", "refused", "401", status(http.StatusUnauthorized)},
		{"a redirect", "refused", "302", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }},
		{"a part", "rejected", `rejected 3: "too old"`, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(answer) }},
		{"an answer that is none", "", "", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>ok</html>") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			collector := &scripted{script: []http.HandlerFunc{c.answer}}
			s, logs := sending(t, collector)
			s.send(t.Context(), []byte("message"))
			if n := collector.calls.Load(); n != 1 {
				t.Errorf("got %d requests, want 1", n)
			}
			if c.reason == "" {
				if logs.Len() > 0 {
					t.Errorf("logged %v, want nothing", logs.All())
				}
				return
			}
			if logs.Len() != 1 {
				t.Fatalf("logged %v, want one line", logs.All())
			}
			if m := logs.All()[0].ContextMap(); m[keyReason] != c.reason || !strings.Contains(m[keyError].(string), c.says) {
				t.Errorf("logged %v, want reason %s and an error that says %s", m, c.reason, c.says)
			}
		})
	}
}

func TestSender_TellsOnceOfACollectorThatIsAway(t *testing.T) {
	t.Parallel()
	c := &scripted{}
	s, logs := sending(t, c, func(o *OTLP) {
		o.URL = strings.Replace(o.URL, "http://", "http://user:s3cret@", 1) + "/?key=s3cret"
		o.Timeout = 50 * time.Millisecond
	})
	c.script = []http.HandlerFunc{func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }}
	for range 9 {
		c.script = append(c.script, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	}
	for range 5 {
		s.send(t.Context(), []byte("message"))
	}
	if logs.Len() != 1 || logs.All()[0].ContextMap()[keyReason] != "unreachable" {
		t.Fatalf("logged %v, want one line that says unreachable", logs.All())
	}
	if text := logs.All()[0].ContextMap()[keyError].(string); strings.Contains(text, "s3cret") {
		t.Errorf("the log shows a secret: %s", text)
	}
	// Known to be away, it is tried once a time and nobody waits for it.
	if n := c.calls.Load(); n > 6 {
		t.Errorf("got %d requests for 5 exports, want 6 at most", n)
	}
}

func TestSender_AnExportThatAStopCutsShortIsNoTrouble(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	c := &scripted{script: []http.HandlerFunc{
		func(_ http.ResponseWriter, r *http.Request) {
			stop()
			<-r.Context().Done()
		},
		status(http.StatusBadGateway),
	}}
	s, logs := sending(t, c)
	s.send(ctx, []byte("cut short"))
	s.send(t.Context(), []byte("the last"))
	if n := c.calls.Load(); n != 3 {
		t.Errorf("got %d requests, want 3: the last export is tried again", n)
	}
	if logs.Len() > 0 {
		t.Errorf("logged %v, want nothing: all went", logs.All())
	}
}

func TestSender_TellsWhenItIsBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zapcore.DebugLevel)
		s := &sender{signal: "metrics", log: zap.New(core)}
		s.tell(&refusedError{status: "503 Service Unavailable"})
		s.tell(context.DeadlineExceeded)
		s.tell(context.DeadlineExceeded)
		s.tell(nil)
		time.Sleep(episode.SettledAfter)
		s.tell(nil)
		s.tell(nil)
		var got []string
		for _, l := range logs.All() {
			got = append(got, l.Message)
		}
		const away, back = "telemetry not exported; what does not fit into its queue is dropped", "telemetry is exported again"
		if want := []string{away, away, back}; strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("logged %q, want %q", got, want)
		}
	})
}
