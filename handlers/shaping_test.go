package handlers

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"korestream/consumer"
	"korestream/event"
)

// watching keeps the bytes of the events that it gets, and fails as told.
type watching struct {
	mu     sync.Mutex // guards events
	events []*event.Event
	err    error
}

func (w *watching) Handle(_ context.Context, d *consumer.Delivery) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, d.Event)
	return w.err
}

func TestMux_EachHandlerSeesItsOwnShape(t *testing.T) {
	t.Parallel()
	var all, masked, narrow watching
	rs := []Route{to(t, "all", &all), to(t, "masked", &masked), to(t, "narrow", &narrow)}
	rs[1].Shape = shape(t, []string{"iccid=mask"}, nil)
	rs[2].Shape = shape(t, nil, []string{"data.sim_sid"})
	m := newMux(t, &memoryBurier{}, attempts(1), rs)
	d := delivery(t, "EZ1", sessionUpdated)
	whole := string(d.Event.Raw)
	wantOutcome(t, m, d, consumer.Handled)
	if all.events[0] != d.Event || string(d.Event.Raw) != whole {
		t.Errorf("the handler without a shape: got %s, want the event itself, untouched", all.events[0].Raw)
	}
	if got := string(masked.events[0].Data); !strings.Contains(got, `"****0001"`) || !strings.Contains(got, aSIM) || strings.Contains(got, anICCID) {
		t.Errorf("the one with a mask: got %s", got)
	}
	if got := string(narrow.events[0].Data); got != `{"sim_sid": "`+aSIM+`"}` {
		t.Errorf("the one with a projection: got %s", got)
	}
	want := []PathStats{{"masked", "redact", "iccid=mask", 1}, {"narrow", "project", "data.sim_sid", 1}}
	if got := m.Stats().Paths; len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("matches: got %v, want %v", got, want)
	}
}

func TestMux_DeadLettersHoldWhatTheHandlerDidNotSee(t *testing.T) {
	t.Parallel()
	h := &watching{err: Permanent(errSinkDown)}
	r := to(t, "narrow", h)
	r.Shape = shape(t, []string{"iccid"}, []string{"data.sim_iccid"})
	b := &memoryBurier{}
	m := newMux(t, b, attempts(1), []Route{r})
	d := delivery(t, "EZ1", sessionUpdated)
	wantOutcome(t, m, d, consumer.DeadLettered)
	if got := string(h.events[0].Data); got != `{}` {
		t.Errorf("the handler saw %s", got)
	}
	if l := b.buried()[0]; string(l.Payload) != string(d.Event.Raw) || !strings.Contains(string(l.Payload), anICCID) {
		t.Errorf("letter: got %s, want all of the event", l.Payload)
	}
}

func TestMux_BuriesWhatCannotBeShaped(t *testing.T) {
	t.Parallel()
	var h watching
	r := to(t, "narrow", &h)
	r.Shape = shape(t, []string{"iccid"}, nil)
	b := &memoryBurier{}
	m := newMux(t, b, attempts(1), []Route{r})
	wantOutcome(t, m, &consumer.Delivery{Event: &event.Event{ID: "1", Type: "t", Raw: []byte(`{"data": {`)}}, consumer.DeadLettered)
	if l := b.buried(); len(h.events) != 0 || len(l) != 1 || l[0].Reason != consumer.ReasonShape || l[0].Attempts != 0 {
		t.Errorf("got %d calls and letters %+v, want none and one for %s", len(h.events), l, consumer.ReasonShape)
	}
}

func TestMux_NamesAPathThatMatchesNothingOnce(t *testing.T) {
	t.Parallel()
	var h scripted
	r := to(t, "narrow", &h)
	r.Shape = shape(t, []string{"iccid", "data.sim_icid"}, nil)
	core, logs := observer.New(zap.WarnLevel)
	m := newMux(t, &memoryBurier{}, attempts(1), []Route{r}, WithLogger(zap.New(core)))
	d := delivery(t, "EZ1", sessionUpdated)
	for range misspeltAfter - 1 {
		wantOutcome(t, m, d, consumer.Handled)
	}
	if got := logs.Len(); got != 0 {
		t.Errorf("got %d lines before event %d, want none", got, misspeltAfter)
	}
	for range misspeltAfter {
		wantOutcome(t, m, d, consumer.Handled)
	}
	lines := logs.FilterMessage("path matches no event").All()
	if len(lines) != 1 || lines[0].ContextMap()["path"] != "data.sim_icid" || lines[0].ContextMap()["handler"] != "narrow" {
		t.Errorf("got %v, want one line that names data.sim_icid", lines)
	}
}

// Who is told of failures, and follows a test event, is part of the delivery.
func TestMux_AShapedDeliveryDiffersInItsEventAlone(t *testing.T) {
	t.Parallel()
	var got consumer.Delivery
	r := to(t, "narrow", HandlerFunc(func(_ context.Context, d *consumer.Delivery) error { got = *d; return nil }))
	r.Shape = shape(t, []string{"iccid"}, nil)
	m := newMux(t, &memoryBurier{}, attempts(1), []Route{r})
	d := delivery(t, "EZ1", sessionUpdated)
	d.Trace, d.BegunAt = new(consumer.Trace), time.Now()
	wantOutcome(t, m, d, consumer.Handled)
	if got.Event == d.Event {
		t.Fatal("the handler got the whole event")
	}
	want := *d
	want.Event = got.Event
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
