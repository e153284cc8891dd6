package webhook

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"

	"korestream/event"
	"korestream/handlers"
)

// The headers of a request, see https://docs.korewireless.com/en-us/developers/webhooks.
const (
	HeaderSignature = "Kore-Signature"
	HeaderToken     = "Kore-Idempotency-Token"
)

const (
	// maxPutIDs and putAge bound the memory of which events were put. KORE repeats
	// a request at most three times with growing pauses.
	maxPutIDs, putAge = 200_000, time.Hour
	// claimWait is how long a request waits for another one with its token: longer
	// than a put takes, and short enough for a retry after a crash to be answered
	// within a second.
	claimWait = 300 * time.Millisecond
)

// Handler receives requests and puts their events on the stream. The package
// comment tells what it guarantees. It is safe for concurrent use.
type Handler struct {
	cfg Config
	// url is the part of the callback's that is signed, path and query are what a
	// request for it has.
	url, path, query string
	stream           PutAPI
	secrets          *Secrets
	log              *zap.Logger
	// identity is what repeats of an event are known by; empty is by nothing.
	identity func(*event.Event) string
	// tokens knows requests that were accepted, ids events that are on the stream.
	tokens  handlers.Deduper
	ids     *window[struct{}]
	sources *sources
	slots   *semaphore.Weighted
	// settling are claims whose outcome is being recorded.
	settling sync.WaitGroup
	stats    counters
	trouble  trouble
	noClaims trouble
	refusals [outcomes]rate.Sometimes
}

var _ http.Handler = (*Handler)(nil)

// Option sets something of a Handler that has a harmless default.
type Option func(*Handler)

// WithLogger sets where the Handler reports failures; the default is nowhere.
func WithLogger(log *zap.Logger) Option { return func(h *Handler) { h.log = log } }

// WithTokens sets what recognises repeats of requests; the default is the memory of
// this process.
func WithTokens(d handlers.Deduper) Option { return func(h *Handler) { h.tokens = d } }

// WithIdentity sets what repeats of an event are recognised by; the default is
// [event.Event.DedupeID]. It should be the consumer's.
func WithIdentity(of func(*event.Event) string) Option { return func(h *Handler) { h.identity = of } }

// NewHandler returns a Handler that puts on the configured stream. Without a secret
// it wants to be told that this is meant.
func NewHandler(cfg Config, stream PutAPI, secrets *Secrets, opts ...Option) (*Handler, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("webhook: %w", err)
	}
	if len(secrets.current()) == 0 && !cfg.AllowUnsigned {
		return nil, fmt.Errorf("webhook: no secret, so that anyone could send events; give one, or set AllowUnsigned")
	}
	h := &Handler{
		cfg: cfg, url: SignedURL(cfg.URL), stream: stream, secrets: secrets, log: zap.NewNop(),
		identity: (*event.Event).DedupeID, tokens: handlers.NewMemoryDeduper(0, 0),
		ids: newWindow[struct{}](maxPutIDs, putAge), sources: newSources(cfg.RefusalRate), slots: semaphore.NewWeighted(int64(cfg.Concurrency)),
	}
	h.path, h.query = cfg.target()
	for _, opt := range opts {
		opt(h)
	}
	h.trouble = trouble{log: h.log, begins: "put events on the stream, trying again", over: "events are put on the stream again"}
	h.noClaims = trouble{log: h.log, begins: "claim token, going on without", over: "tokens are claimed again"}
	for o := range h.refusals {
		h.refusals[o].Interval = time.Minute
	}
	if len(secrets.current()) == 0 {
		h.log.Warn("webhook takes unsigned requests: anyone who knows its URL can send events")
	}
	return h, nil
}

// ServeHTTP answers one request, within Timeout of its arrival.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begun := time.Now()
	h.stats.now.Add(1)
	defer h.stats.now.Add(-1)
	source := sourceOf(r, h.cfg.TrustedProxies)
	o := h.serve(w, r, source, begun)
	if o.charged() {
		h.sources.refused(source)
	}
	if o.charged() || o == limited {
		h.refusals[o].Do(func() {
			h.log.Warn("request refused", zap.String("outcome", o.String()), zap.String("source", source))
		})
	}
	if o >= badPath && o < overloaded {
		w.Header().Set("Connection", "close")
	}
	if o == badMethod {
		w.Header().Set("Allow", "POST, GET")
	}
	if s := answers[o].status; s == http.StatusServiceUnavailable || s == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
	}
	h.stats.answered(o, time.Since(begun))
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(answers[o].status)
	_, _ = io.WriteString(w, answers[o].text+"\n") // the client has gone
}

// retryAfter is in seconds.
const retryAfter = 2

// serve does everything but answer.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, source string, begun time.Time) outcome {
	switch {
	case h.sources.spent(source):
		return limited
	case r.URL.Path != h.path:
		return badPath
	case r.Method != http.MethodPost && r.Method != http.MethodGet:
		return badMethod
	}
	body, kind, o := h.verify(w, r)
	if o != accepted {
		return o
	}
	if len(body) == 0 {
		return h.bodiless(r)
	}
	token := r.Header.Get(HeaderToken)
	records, o := h.decode(kind, token, body)
	if o != accepted {
		return o
	}
	// The client's going away does not stop what has begun: its next try then finds
	// it done.
	ctx, cancel := context.WithDeadline(context.WithoutCancel(r.Context()), begun.Add(h.cfg.Timeout))
	defer cancel()
	return h.accept(ctx, token, body, records)
}

// verify reads the body and checks the signature.
func (h *Handler) verify(w http.ResponseWriter, r *http.Request) ([]byte, content, outcome) {
	var kind content
	if r.ContentLength != 0 {
		var o outcome
		if kind, o = contentOf(r.Header); o != accepted {
			return nil, kind, o
		}
	}
	secrets := h.secrets.current()
	signature := r.Header.Get(HeaderSignature)
	if len(secrets) > 0 && signature == "" {
		return nil, kind, unsigned
	}
	body, o := readBody(w, r, int64(h.cfg.MaxBodyBytes))
	if o != accepted {
		return nil, kind, o
	}
	if len(secrets) > 0 && !verified(secrets, r.Method, h.url, body, signature) {
		return nil, kind, badSignature
	}
	return body, kind, accepted
}

// bodiless judges a verified request without a body. KORE does not say where a GET
// carries events. In a query they would not be signed, and a 2xx would lose them.
func (h *Handler) bodiless(r *http.Request) outcome {
	if r.Method != http.MethodGet || r.URL.RawQuery != h.query {
		return badBody
	}
	h.log.Info("request without events received")
	return empty
}

// accept puts the events of a verified request on the stream, once for all repeats
// of it.
func (h *Handler) accept(ctx context.Context, token string, body []byte, records []record) outcome {
	if !h.slot(ctx) {
		return overloaded
	}
	claim, done := h.claim(ctx, token, body)
	if done {
		h.slots.Release(1)
		return repeated
	}
	err := h.put(ctx, h.fresh(records))
	if err == nil {
		h.count(records)
	}
	// Recording the outcome may take longer than the answer has time. Until then
	// the request keeps its slot, so that not too many are recorded at once.
	h.settling.Go(func() {
		defer h.slots.Release(1)
		switch ctx := context.WithoutCancel(ctx); {
		case claim == nil:
		case err == nil:
			claim.Done(ctx)
		default:
			claim.Release(ctx)
		}
	})
	if err != nil {
		return unavailable
	}
	return accepted
}

// slot waits for one of the requests at the stream to be done, for half of the time
// that there is. A 503 at once would have KORE use up its few tries the sooner.
func (h *Handler) slot(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, h.cfg.Timeout/2)
	defer cancel()
	return h.slots.Acquire(ctx, 1) == nil
}

// fresh leaves out the events that are on the stream already.
func (h *Handler) fresh(records []record) []record {
	out := make([]record, 0, len(records))
	here := make(map[string]bool, len(records))
	for _, r := range records {
		_, known := h.ids.get(r.id)
		if r.id != "" && (known || here[r.id]) {
			h.stats.repeated.Add(1)
			continue
		}
		here[r.id] = true
		out = append(out, r)
	}
	return out
}

// count notes what a request brought that was not a mere event.
func (h *Handler) count(records []record) {
	for _, r := range records {
		switch {
		case r.event == nil:
			h.stats.notEvents.Add(1)
		case r.event.IsTest():
			h.stats.tests.Add(1)
			h.log.Info("test event received", zap.String("event_id", r.event.ID))
		}
	}
}

// Wait waits until the outcome of every request is recorded, or ctx ends.
func (h *Handler) Wait(ctx context.Context) error {
	done := make(chan struct{})
	go func() { defer close(done); h.settling.Wait() }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
