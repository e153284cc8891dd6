package handlers

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	ce "github.com/cloudevents/sdk-go/v2"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"

	"korestream/consumer"
)

// receiver reads what it gets with the CloudEvents SDK, which also validates it.
type receiver struct {
	mu     sync.Mutex
	events []ce.Event
	posts  int
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	var got []ce.Event
	var err error
	if strings.HasPrefix(req.Header.Get("Content-Type"), "application/cloudevents-batch") {
		got, err = cehttp.NewEventsFromHTTPRequest(req)
	} else {
		var e *ce.Event
		if e, err = cehttp.NewEventFromHTTPRequest(req); err == nil {
			got = []ce.Event{*e}
		}
	}
	for _, e := range got {
		if err == nil {
			err = e.Validate()
		}
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.posts++
	r.events = append(r.events, got...)
	w.WriteHeader(http.StatusAccepted)
}

// serve starts a server for the test; closing it closes its connections.
func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func openHTTP(t *testing.T, url string, tune ...func(*HTTPConfig)) *HTTP {
	t.Helper()
	cfg := DefaultHTTPConfig()
	cfg.URL = url
	for _, f := range tune {
		f(&cfg)
	}
	h, err := OpenHTTP(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

func mode(m HTTPMode) func(*HTTPConfig) { return func(c *HTTPConfig) { c.Mode = m } }

// koreEvent is complete; its time and schema are as KORE writes them.
const koreEvent = `{"data":{"sim_sid":"HS1","network":{"friendly_name":"AT&T – Telefônica"}},"id":"EZ1","time":"2024-09-25T19:09:48.5842087+00:00","type":"com.kore.iot.supersim.connection.data-session.updated","source":"kore-events","dataschema":"https://events-schemas.korewireless.com/SuperSim.ConnectionEvent/2","specversion":"1.0","datacontenttype":"application/json"}`

func TestHTTP_EveryModeIsReadByTheCloudEventsSDK(t *testing.T) {
	t.Parallel()
	for _, m := range []HTTPMode{HTTPStructured, HTTPBinary, HTTPBatched} {
		for name, payload := range map[string]string{
			"complete":           koreEvent,
			"of KORE's oddities": `{"data":{"sim_sid":"HS1"},"id":"é 1%\"","time":"2024-09-25T19:09:48Z","type":"t","specversion":"2.0"}`,
			"without time":       `{"data":{"sim_sid":"HS1"},"id":"1","time":"yesterday","type":"t","source":"s","specversion":"1.0"}`,
		} {
			t.Run(fmt.Sprint(m, " ", name), func(t *testing.T) {
				t.Parallel()
				r := &receiver{}
				h := openHTTP(t, serve(t, r), mode(m))
				d := deliveryOf(t, payload)
				if err := h.Handle(t.Context(), d); err != nil {
					t.Fatal(err)
				}
				if len(r.events) != 1 {
					t.Fatalf("got %d events, want 1", len(r.events))
				}
				got, want := r.events[0], d.Event
				source := want.Source
				if source == "" {
					source = "/kinesis/kore-events"
				}
				id := got.ID()
				if m == HTTPBinary { // the SDK leaves the encoding of headers to its caller
					if id, err := url.PathUnescape(got.ID()); err != nil || id != want.ID {
						t.Errorf("id: got %q, %v, want %q", id, err, want.ID)
					}
					id = want.ID
				}
				if id != want.ID || got.Type() != want.Type || got.Source() != source || !got.Time().Equal(want.Time) || got.DataSchema() != want.DataSchema {
					t.Errorf("got %s\nwant that of %s", got, payload)
				}
				if string(got.Data()) != string(want.Data) {
					t.Errorf("data: got %s, want %s", got.Data(), want.Data)
				}
			})
		}
	}
}

func TestHTTP_ABatchIsOneRequest(t *testing.T) {
	t.Parallel()
	r := &receiver{}
	h := openHTTP(t, serve(t, r), mode(HTTPBatched))
	var ds []*consumer.Delivery
	for i := range 50 {
		ds = append(ds, delivery(t, fmt.Sprint("e", i), sessionUpdated))
	}
	if errs := h.HandleBatch(t.Context(), ds); errs != nil {
		t.Fatal(errs)
	}
	if r.posts != 1 || len(r.events) != 50 || r.events[49].ID() != "e49" {
		t.Errorf("got %d events in %d requests, want 50 in one, in order", len(r.events), r.posts)
	}
}

func TestHTTP_OfARefusedBatchOnlyThoseToBlameFail(t *testing.T) {
	t.Parallel()
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), `"bad"`) {
			http.Error(w, "no such SIM", http.StatusUnprocessableEntity)
		}
	}))
	h := openHTTP(t, url, mode(HTTPBatched))
	errs := h.HandleBatch(t.Context(), []*consumer.Delivery{delivery(t, "a", "t"), delivery(t, "bad", "t"), delivery(t, "c", "t")})
	if len(errs) != 3 || errs[0] != nil || !IsPermanent(errs[1]) || errs[2] != nil {
		t.Errorf("got %v, want the second one permanent", errs)
	}
	if !strings.Contains(errs[1].Error(), "no such SIM") {
		t.Errorf("got %v, want what the receiver said", errs[1])
	}
}

func TestHTTP_TellsWhoIsToBlame(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]string{
		200: "handled", 202: "handled", 204: "handled",
		301: "permanent", 307: "permanent", 400: "permanent", 404: "permanent", 410: "permanent", 413: "permanent", 422: "permanent",
		401: "unavailable", 403: "unavailable", 408: "unavailable", 425: "unavailable", 429: "unavailable",
		502: "unavailable", 503: "unavailable", 504: "unavailable", 500: "attempt", 501: "attempt",
	} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			h := openHTTP(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "https://elsewhere.example")
				w.Header().Set("Retry-After", "7")
				w.WriteHeader(code)
			})))
			err := h.Handle(t.Context(), delivery(t, "e", "t"))
			got := "attempt"
			switch {
			case err == nil:
				got = "handled"
			case IsPermanent(err):
				got = "permanent"
			case IsUnavailable(err):
				got = "unavailable"
			}
			if got != want {
				t.Errorf("got %s (%v), want %s", got, err, want)
			}
			if after := classOf(err).after; code == 503 && after != 7*time.Second {
				t.Errorf("Retry-After: got %s, want 7s", after)
			}
		})
	}
}

func TestHTTP_RetryAfterIsSecondsOrADateAndBounded(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "soon": 0, "3": 3 * time.Second, "-3": 0, "999999": maxRetryAfter,
		"Thu, 01 Jan 2026 00:00:09 GMT": 9 * time.Second, "Wed, 31 Dec 2025 00:00:00 GMT": 0, "Fri, 01 Jan 2027 00:00:00 GMT": maxRetryAfter,
	} {
		if got := retryAfter(text, now); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestHTTP_SignsWithSecretsAsTheyAreNow(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	token, secret := filepath.Join(dir, "token"), filepath.Join(dir, "secret")
	put := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(token, "one\n")
	put(secret, "s3cret\n")
	var header http.Header
	var body []byte
	h := openHTTP(t, serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		header = r.Header
		body, _ = io.ReadAll(r.Body)
	})), func(c *HTTPConfig) { c.BearerFile, c.HMACFile = token, secret })
	for _, want := range []string{"one", "another"} {
		put(token, want+"\n")
		if err := h.Handle(t.Context(), delivery(t, "e", "t")); err != nil {
			t.Fatal(err)
		}
		if got := header.Get("Authorization"); got != "Bearer "+want {
			t.Errorf("Authorization: got %q, want the token %q", got, want)
		}
	}
	stamp, sum, _ := strings.Cut(strings.TrimPrefix(header.Get("Korestream-Signature"), "t="), ",v1=")
	mac := hmac.New(sha256.New, []byte("s3cret"))
	fmt.Fprintf(mac, "%s.%s", stamp, body)
	if got := hex.EncodeToString(mac.Sum(nil)); got != sum {
		t.Errorf("signature of %q: got %q, want %q", stamp, sum, got)
	}
	put(token, "")
	if err := h.Handle(t.Context(), delivery(t, "e", "t")); !IsUnavailable(err) {
		t.Errorf("with an empty token: got %v, want that it is tried until there is one", err)
	}
}

func TestHTTP_TrustsOnlyWhatItIsTold(t *testing.T) {
	t.Parallel()
	r := &receiver{}
	s := httptest.NewUnstartedServer(r)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // a client that refuses is meant
	s.StartTLS()
	defer s.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := openHTTP(t, s.URL, func(c *HTTPConfig) { c.CAFile = ca }).Handle(t.Context(), delivery(t, "e", "t")); err != nil || len(r.events) != 1 {
		t.Errorf("with its certificate: got %v and %d events, want one", err, len(r.events))
	}
	if err := openHTTP(t, s.URL).Handle(t.Context(), delivery(t, "e", "t")); !IsUnavailable(err) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("without the certificate: got %v, want unavailable and why", err)
	}
}

func TestHTTPConfig_NamesFieldAndBound(t *testing.T) {
	t.Parallel()
	for want, break_ := range map[string]func(*HTTPConfig){
		"URL must be one":   func(c *HTTPConfig) { c.URL = "events" },
		"no password":       func(c *HTTPConfig) { c.URL = "https://u:p@example.com" },
		"URL must be https": func(c *HTTPConfig) { c.URL = "http://example.com" },
		"Mode":              func(c *HTTPConfig) { c.Mode = "text" },
		"HMACFile":          func(c *HTTPConfig) { c.Mode, c.HMACFile = HTTPBinary, "x" },
		"MaxConns":          func(c *HTTPConfig) { c.MaxConns = 0 },
		"ConnectTimeout":    func(c *HTTPConfig) { c.ConnectTimeout = 0 },
		"read secret":       func(c *HTTPConfig) { c.BearerFile = "/nowhere" },
		"read CAFile":       func(c *HTTPConfig) { c.CAFile = "/nowhere" },
	} {
		cfg := DefaultHTTPConfig()
		cfg.URL = "https://example.com/events"
		break_(&cfg)
		if _, err := OpenHTTP(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

func TestHTTP_LosesAndBuriesNothingInAnOutage(t *testing.T) {
	t.Parallel()
	r := &receiver{}
	var away atomic.Bool
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if away.Load() { // cut without an answer
			panic(http.ErrAbortHandler)
		}
		r.ServeHTTP(w, req)
	}))
	b := &memoryBurier{}
	p := attempts(2)
	p.InitialBackoff, p.MaxBackoff, p.Breaker.Open = 5*time.Millisecond, 20*time.Millisecond, 50*time.Millisecond
	route := to(t, "hook", openHTTP(t, url, mode(HTTPBatched)))
	route.Batch = BatchPolicy{MaxEvents: 8, MaxWait: 5 * time.Millisecond}
	m := newMux(t, b, p, []Route{route})
	away.Store(true)
	const sims, each = 16, 25
	var wg sync.WaitGroup
	for sim := range sims {
		wg.Go(func() {
			for i := range each {
				payload := fmt.Sprintf(`{"specversion":"1.0","source":"s","data":{"sim_sid":"HS%d"},"id":"%d/%d","type":"t"}`, sim, sim, i)
				if _, err := m.Dispatch(context.Background(), deliveryOf(t, payload)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	time.Sleep(300 * time.Millisecond)
	if len(r.events) != 0 {
		t.Error("something came through while the receiver was away")
	}
	away.Store(false)
	wg.Wait()
	seen := make(map[string]bool)
	for _, e := range r.events {
		seen[e.ID()] = true
	}
	if len(seen) != sims*each || len(b.buried()) != 0 {
		t.Errorf("got %d events and %d letters, want %d and none", len(seen), len(b.buried()), sims*each)
	}
}
