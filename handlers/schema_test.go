package handlers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"korestream/consumer"
	"korestream/event/catalogue"
)

// conforming is an event that matches its schema; pairs replace texts in it.
func conforming(t testing.TB, id string, pairs ...string) *consumer.Delivery {
	t.Helper()
	text, err := os.ReadFile("../event/testdata/constructed-supersim-data-session-updated.json")
	if err != nil {
		t.Fatal(err)
	}
	payload := strings.ReplaceAll(string(text), "EZ49d0205460c873eb48e746fb217b3124", id)
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(payload, pairs[i]) {
			t.Fatalf("the sample has no %s", pairs[i])
		}
		payload = strings.Replace(payload, pairs[i], pairs[i+1], 1)
	}
	return deliveryOf(t, payload)
}

// badIMEI makes an event one that breaks its schema.
var badIMEI = []string{`"imei": "350000000000017"`, `"imei": 350000000000017`}

func newSchemaCheck(t testing.TB, cfg SchemaConfig) (*SchemaCheck, *observer.ObservedLogs) {
	t.Helper()
	core, logs := observer.New(zap.DebugLevel)
	s, err := NewSchemaCheck(cfg, zap.New(core))
	if err != nil {
		t.Fatal(err)
	}
	return s, logs
}

func burying(t testing.TB, match string) SchemaConfig {
	t.Helper()
	cfg := DefaultSchemaConfig()
	cfg.Rules = []SchemaRule{{Match: pattern(t, match), OnMismatch: BuryMismatch}}
	return cfg
}

func TestSchema_WhatDoesNotMatchIsBuriedAndNoHandlerGetsIt(t *testing.T) {
	t.Parallel()
	var h scripted
	b := &memoryBurier{}
	s, _ := newSchemaCheck(t, burying(t, "*.data-session.*"))
	m := newMux(t, b, attempts(1), []Route{to(t, "all", &h)}, WithSchemaCheck(s), WithDeduper(NewMemoryDeduper(0, 0)))
	wantOutcome(t, m, conforming(t, "EZ1"), consumer.Handled)
	d := conforming(t, "EZ2", badIMEI...)
	wantOutcome(t, m, d, consumer.DeadLettered)
	wantOutcome(t, m, d, consumer.Duplicate)
	letters := b.buried()
	if h.count() != 1 || len(letters) != 1 {
		t.Fatalf("got %d calls and %d letters, want 1 and 1", h.count(), len(letters))
	}
	l := letters[0]
	var mismatch *catalogue.MismatchError
	if l.Reason != consumer.ReasonSchema || l.EventID != "EZ2" || l.Handler != "" || l.Attempts != 0 ||
		string(l.Payload) != string(d.Event.Raw) || l.SequenceNumber != "4959" || !errors.As(l.Err, &mismatch) {
		t.Errorf("got letter %+v, want one of EZ2 by its schema, with all of its payload", l)
	}
	const want = "event does not match schema SuperSim.ConnectionEvent/2: data.imei: got number, want null or string"
	if l.Err.Error() != want {
		t.Errorf("error: got %q, want %q", l.Err, want)
	}
	if got := m.Stats().Buried; got != 1 {
		t.Errorf("buried: got %d, want 1", got)
	}
}

func TestSchema_ARuleIsForItsTypesAndTheFirstCounts(t *testing.T) {
	t.Parallel()
	cfg := SchemaConfig{OnMismatch: BuryMismatch, Sample: 1, Rules: []SchemaRule{
		{Match: pattern(t, "*.updated"), OnMismatch: PassMismatch}, {Match: pattern(t, "*.data-session.*"), OnMismatch: BuryMismatch},
	}}
	s, _ := newSchemaCheck(t, cfg)
	b := &memoryBurier{}
	m := newMux(t, b, attempts(1), nil, WithSchemaCheck(s))
	wantOutcome(t, m, conforming(t, "EZ1", badIMEI...), consumer.Handled)
	ended := append([]string{`"type": "com.twilio.iot.supersim.connection.data-session.updated"`, `"type": "com.kore.iot.supersim.connection.data-session.ended"`}, badIMEI...)
	wantOutcome(t, m, conforming(t, "EZ2", ended...), consumer.DeadLettered)
	wantOutcome(t, m, deliveryOf(t, `{"id":"1","type":"never.heard.of","source":"s","specversion":"1.0"}`), consumer.Handled)
	if r := s.Found().Report(); len(r.Findings) != 1 || r.Findings[0].Type != "data-session.ended" || r.Findings[0].Kind != catalogue.ChangedKind {
		t.Errorf("without drift: got %+v, want only the mismatch of what is not passed", r.Findings)
	}
}

func TestSchema_ALetterThatCannotBeWrittenKeepsTheEventWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &memoryBurier{down: true}
		s, _ := newSchemaCheck(t, burying(t, "*"))
		m := newMux(t, b, attempts(1), nil, WithSchemaCheck(s))
		go func() {
			time.Sleep(10 * time.Second)
			b.setDown(false)
		}()
		begun := time.Now()
		wantOutcome(t, m, conforming(t, "EZ1", badIMEI...), consumer.DeadLettered)
		if waited := time.Since(begun); waited < 10*time.Second || len(b.buried()) != 1 {
			t.Errorf("done after %s with %d letters, want 10s at least and 1", waited, len(b.buried()))
		}
		b.setDown(true)
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, errLeaseLost)
		defer cancel()
		if _, err := m.Dispatch(ctx, conforming(t, "EZ2", badIMEI...)); !errors.Is(err, errLeaseLost) {
			t.Errorf("an event whose letter was not written: got %v, want %v", err, errLeaseLost)
		}
	})
}

func TestSchema_WarnSaysItAtOneTenAndAHundredAndHandles(t *testing.T) {
	t.Parallel()
	cfg := DefaultSchemaConfig()
	cfg.OnMismatch, cfg.Drift = WarnMismatch, false
	s, logs := newSchemaCheck(t, cfg)
	var h scripted
	m := newMux(t, &memoryBurier{}, attempts(1), []Route{to(t, "all", &h)}, WithSchemaCheck(s))
	for i := range 250 {
		wantOutcome(t, m, conforming(t, fmt.Sprint("EZ", i), append([]string{`"apn"`, `"brand_new": 1, "apn"`}, badIMEI...)...), consumer.Handled)
	}
	var counts []int64
	for _, l := range logs.FilterMessage("event does not match its schema").All() {
		counts = append(counts, l.ContextMap()["count"].(int64))
		if c := l.ContextMap(); c["path"] != "data.imei" || c["got"] != "number" || c["finding"] != "changed_kind" || c["event_type"] != "data-session.updated" {
			t.Errorf("got %v, want the place and the kinds", c)
		}
	}
	if fmt.Sprint(counts) != "[1 10 100]" || logs.Len() != 3 || h.count() != 250 {
		t.Errorf("got counts %v in %d lines and %d calls; want 1, 10, 100, those lines alone and 250", counts, logs.Len(), h.count())
	}
}

func TestSchema_DriftIsLoggedOnceAndSampled(t *testing.T) {
	t.Parallel()
	cfg := DefaultSchemaConfig()
	cfg.Sample = 1000
	s, logs := newSchemaCheck(t, cfg)
	var h scripted
	m := newMux(t, &memoryBurier{}, attempts(1), []Route{to(t, "all", &h)}, WithSchemaCheck(s))
	for i := range 1100 {
		wantOutcome(t, m, conforming(t, fmt.Sprint("EZ", i), `"apn"`, `"brand_new": "89883070000000000001", "apn"`), consumer.Handled)
	}
	for i := range 300 {
		wantOutcome(t, m, deliveryOf(t, fmt.Sprintf(`{"id":"%d","type":"never.heard.of","source":"s","specversion":"1.0"}`, i)), consumer.Handled)
	}
	lines := logs.FilterMessage("schema drift").All()
	if len(lines) != 2 || logs.Len() != 2 || h.count() != 1400 {
		t.Fatalf("got %d lines of drift of %d and %d calls; want 2 of 2 and 1400", len(lines), logs.Len(), h.count())
	}
	if c := lines[0].ContextMap(); c["path"] != "data.brand_new" || strings.Contains(fmt.Sprint(c), "8988") {
		t.Errorf("got %v, want the member and nothing of its value", c)
	}
	got := make(map[catalogue.Kind]int64)
	for _, e := range s.Found().Report().Findings {
		got[e.Kind] = e.Count
	}
	// 100 and one in a thousand; a type that is not known, each time.
	if got[catalogue.NewField] != 101 || got[catalogue.NewType] != 300 {
		t.Errorf("got %v, want 101 new fields and 300 new types", got)
	}
}

func TestSchemaConfig_SaysWhatIsWrongAndWhenItIsIdle(t *testing.T) {
	t.Parallel()
	idle := SchemaConfig{OnMismatch: PassMismatch, Sample: 1, Rules: []SchemaRule{{Match: pattern(t, "*"), OnMismatch: PassMismatch}}}
	if err := errors.Join(idle.Validate(), DefaultSchemaConfig().Validate()); err != nil {
		t.Error(err)
	}
	if !idle.Idle() || DefaultSchemaConfig().Idle() || burying(t, "*").Idle() {
		t.Error("only what passes everything and watches nothing is idle")
	}
	for field, cfg := range map[string]SchemaConfig{
		"OnMismatch": {Sample: 1}, "Sample": {OnMismatch: PassMismatch},
		"OnMismatch of *.x": {OnMismatch: PassMismatch, Sample: 1, Rules: []SchemaRule{{Match: pattern(t, "*.x"), OnMismatch: "drop"}}},
	} {
		if _, err := NewSchemaCheck(cfg, zap.NewNop()); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: got %v, want it named", field, err)
		}
	}
}

// BenchmarkMux_Schema measures what the stage adds to an event.
func BenchmarkMux_Schema(b *testing.B) {
	nothing := HandlerFunc(func(context.Context, *consumer.Delivery) error { return nil })
	warn := DefaultSchemaConfig()
	warn.OnMismatch = WarnMismatch
	for name, cfg := range map[string]*SchemaConfig{"none": nil, "default": new(DefaultSchemaConfig()), "every-event": &warn} {
		b.Run("check="+name, func(b *testing.B) {
			var opts []Option
			if cfg != nil {
				s, _ := newSchemaCheck(b, *cfg)
				opts = append(opts, WithSchemaCheck(s))
			}
			m := newMux(b, &memoryBurier{}, attempts(1), []Route{to(b, "all", nothing)}, opts...)
			d := conforming(b, "EZ1")
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Dispatch(context.Background(), d); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
