package handlers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"korestream/consumer"
	"korestream/event"
)

var (
	errSinkDown  = errors.New("sink down")
	errLeaseLost = errors.New("lease lost")
)

const (
	sessionUpdated = "com.kore.iot.supersim.connection.data-session.updated"
	attachRejected = "com.kore.iot.supersim.connection.attachment.rejected"
	aSIM           = "HS00000000000000000000000000000001"
	anICCID        = "89883070000000000001"
)

// delivery is an event of the SIM aSIM as the consumer would deliver it.
func delivery(t testing.TB, id, eventType string) *consumer.Delivery {
	t.Helper()
	return deliveryOf(t, fmt.Sprintf(`{"data": {"sim_sid": %q, "sim_iccid": %q}, "id": %q, "type": %q}`, aSIM, anICCID, id, eventType))
}

func deliveryOf(t testing.TB, payload string) *consumer.Delivery {
	t.Helper()
	items, err := event.Decode([]byte(payload))
	if err != nil || len(items) != 1 || items[0].Err != nil {
		t.Fatalf("decode %s: got %v, %v; want one event", payload, items, err)
	}
	return &consumer.Delivery{
		Origin: consumer.Origin{
			Stream: "kore-events", Shard: "shardId-000000000001", SequenceNumber: "4959", SubSequenceNumber: 2,
			PartitionKey: "key", ArrivedAt: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		},
		Event: items[0].Event,
	}
}

// memoryBurier keeps letters in memory. It fails as long as down is true.
type memoryBurier struct {
	mu      sync.Mutex
	down    bool
	tries   int
	letters []*consumer.DeadLetter
}

func (b *memoryBurier) Bury(_ context.Context, l *consumer.DeadLetter) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tries++
	if b.down {
		return errSinkDown
	}
	b.letters = append(b.letters, l)
	return nil
}

func (b *memoryBurier) setDown(down bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = down
}

func (b *memoryBurier) buried() []*consumer.DeadLetter {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]*consumer.DeadLetter(nil), b.letters...)
}

// scripted is a handler that answers its calls one after another with the
// errors of its script, and then with nil.
type scripted struct {
	mu     sync.Mutex
	script []error
	calls  []time.Time
}

func (s *scripted) Handle(context.Context, *consumer.Delivery) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.calls)
	s.calls = append(s.calls, time.Now())
	if n < len(s.script) {
		return s.script[n]
	}
	return nil
}

func (s *scripted) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.calls)
}

// always is a handler that never succeeds.
func always(err error) Handler {
	return HandlerFunc(func(context.Context, *consumer.Delivery) error { return err })
}

func repeat(err error, n int) []error {
	errs := make([]error, n)
	for i := range errs {
		errs[i] = err
	}
	return errs
}

func pattern(t testing.TB, text string) Pattern {
	t.Helper()
	p, err := ParsePattern(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// to is a route that takes every event to h.
func to(t testing.TB, name string, h Handler) Route {
	return Route{Name: name, Match: []Pattern{pattern(t, "*")}, Handler: h}
}

func newMux(t testing.TB, b consumer.Burier, policy RetryPolicy, routes []Route, opts ...Option) *Mux {
	t.Helper()
	m, err := NewMux(routes, b, policy, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// attempts is the default policy but for the number of attempts, and without a
// bound by age.
func attempts(n int) RetryPolicy {
	p := DefaultRetryPolicy()
	p.MaxAttempts, p.MaxAge = n, 0
	return p
}

func wantOutcome(t testing.TB, m *Mux, d *consumer.Delivery, want consumer.Outcome) {
	t.Helper()
	got, err := m.Dispatch(context.Background(), d)
	if err != nil || got != want {
		t.Fatalf("Dispatch: got outcome %d, error %v; want outcome %d", got, err, want)
	}
}

func containsAll(s string, parts ...string) bool {
	for _, p := range parts {
		if !strings.Contains(s, p) {
			return false
		}
	}
	return true
}
