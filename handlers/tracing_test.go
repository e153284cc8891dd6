package handlers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"korestream/consumer"
)

const (
	ownTrace   = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	batchTrace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
)

// ofBatch is a propagator that knows one trace.
func ofBatch(context.Context) (parent, state string) { return batchTrace, "batch=1" }

var (
	untracedEvent = koreEvent
	tracedEvent   = strings.TrimSuffix(koreEvent, "}") + `,"traceparent":"` + ownTrace + `","tracestate":"own=1"}`
)

func TestHTTP_RequestsNameTheEventsOwnTraceOrElseThatOfItsBatch(t *testing.T) {
	t.Parallel()
	for _, m := range []HTTPMode{HTTPStructured, HTTPBinary, HTTPBatched} {
		for _, c := range []struct {
			name, payload, parent, state string
			p                            Propagator
		}{
			{"nobody traces", tracedEvent, "", "", nil},
			{"its own", tracedEvent, ownTrace, "own=1", ofBatch},
			{"that of its batch", untracedEvent, batchTrace, "batch=1", ofBatch},
			{"no trace", untracedEvent, "", "", func(context.Context) (string, string) { return "", "" }},
		} {
			t.Run(fmt.Sprint(m, " ", c.name), func(t *testing.T) {
				t.Parallel()
				var got http.Header
				cfg := DefaultHTTPConfig()
				cfg.Mode = m
				cfg.URL = serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header }))
				h, err := OpenHTTP(cfg, WithHTTPPropagator(c.p))
				if err != nil {
					t.Fatal(err)
				}
				defer h.Close()
				if err := h.Handle(t.Context(), deliveryOf(t, c.payload)); err != nil {
					t.Fatal(err)
				}
				if p, s := got.Get("traceparent"), got.Get("tracestate"); p != c.parent || s != c.state {
					t.Errorf("headers: got %q and %q, want %q and %q", p, s, c.parent, c.state)
				}
				// The extension is a part of the event, whoever traces.
				want := ""
				if m == HTTPBinary && c.payload == tracedEvent {
					want = ownTrace
				}
				if p := got.Get("ce-traceparent"); p != want {
					t.Errorf("ce-traceparent: got %q, want %q", p, want)
				}
			})
		}
	}
}

func TestHTTP_OneRequestOfSeveralEventsNamesTheTraceOfTheBatch(t *testing.T) {
	t.Parallel()
	var got http.Header
	cfg := DefaultHTTPConfig()
	cfg.Mode = HTTPBatched
	cfg.URL = serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header }))
	h, err := OpenHTTP(cfg, WithHTTPPropagator(ofBatch))
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if errs := h.HandleBatch(t.Context(), []*consumer.Delivery{deliveryOf(t, tracedEvent), deliveryOf(t, untracedEvent)}); errs != nil {
		t.Fatal(errs)
	}
	if p := got.Get("traceparent"); p != batchTrace {
		t.Errorf("traceparent: got %q, want %q", p, batchTrace)
	}
}

func TestSQS_MessagesNameTheirTraceIfThereIsRoom(t *testing.T) {
	t.Parallel()
	d := deliveryOf(t, tracedEvent)
	message := func(most int, p Propagator, d *consumer.Delivery) *sqsMessage {
		cfg := SQSConfig{QueueURL: "https://sqs.us-east-1.amazonaws.com/1/q", MaxMessageBytes: most}
		s := &SQS{cfg: cfg, trace: p}
		m, err := s.message(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	attribute := func(m *sqsMessage, name string) string {
		if a, ok := m.attributes[name]; ok {
			return *a.StringValue
		}
		return ""
	}
	plain := message(MaxSQSMessageBytes, nil, d)
	if got := attribute(plain, "traceparent"); got != "" {
		t.Errorf("nobody traces: got traceparent %q, want none", got)
	}
	own := message(MaxSQSMessageBytes, ofBatch, d)
	if p, s := attribute(own, "traceparent"), attribute(own, "tracestate"); p != ownTrace || s != "own=1" {
		t.Errorf("an event's own: got %q and %q, want %q and own=1", p, s, ownTrace)
	}
	if p := attribute(message(MaxSQSMessageBytes, ofBatch, deliveryOf(t, untracedEvent)), "traceparent"); p != batchTrace {
		t.Errorf("an event without: got %q, want %q", p, batchTrace)
	}
	exact := message(own.size(), ofBatch, d)
	if attribute(exact, "tracestate") == "" {
		t.Errorf("%d bytes of room for %d: want all", own.size(), own.size())
	}
	tight := message(own.size()-1, ofBatch, d)
	if attribute(tight, "traceparent") == "" || attribute(tight, "tracestate") != "" {
		t.Errorf("one byte less: got %v, want the parent alone", tight.attributes)
	}
	if full := message(plain.size(), ofBatch, d); full.size() != plain.size() {
		t.Errorf("no room: got %v, want no trace", full.attributes)
	}
}

// told is an AttemptObserver that keeps what it is told.
type told struct {
	mu       sync.Mutex // guards attempts
	attempts []string
}

func (o *told) Attempted(ctx context.Context, handler string, d *consumer.Delivery, began time.Time, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.attempts = append(o.attempts, fmt.Sprint(handler, " ", d.Event.ID, " ", ctx.Value(toldKey{}), " ", time.Since(began) >= 0, " ", err))
}

type toldKey struct{}

func TestMux_TellsOfEveryAttempt(t *testing.T) {
	t.Parallel()
	o := &told{}
	once := &scripted{script: []error{errors.New("away")}}
	m := newMux(t, &memoryBurier{}, attempts(2), []Route{to(t, "a", once)}, WithAttemptObserver(o))
	d := delivery(t, "1", "t")
	if _, err := m.Dispatch(context.WithValue(t.Context(), toldKey{}, "batch"), d); err != nil {
		t.Fatal(err)
	}
	want := []string{"a 1 batch true away", "a 1 batch true <nil>"}
	if fmt.Sprint(o.attempts) != fmt.Sprint(want) {
		t.Errorf("got %q, want %q", o.attempts, want)
	}
}
