package handlers

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"korestream/consumer"
)

// filtered is a route to h of the events of which a condition holds.
func filtered(t testing.TB, name, condition string, h Handler) Route {
	t.Helper()
	r := to(t, name, h)
	r.Where = where(t, condition)
	return r
}

func inCountry(t testing.TB, country string) *consumer.Delivery {
	t.Helper()
	return deliveryOf(t, fmt.Sprintf(`{"id": "EZ1", "type": %q, "data": {"sim_sid": %q, "network": {"iso_country": %s}}}`, sessionUpdated, aSIM, country))
}

func TestMux_HandlesWhatTheConditionHoldsOf(t *testing.T) {
	t.Parallel()
	var us, ca, all scripted
	m := newMux(t, &memoryBurier{}, attempts(1), []Route{
		filtered(t, "us", `data.network.iso_country == "US"`, &us),
		filtered(t, "ca", `data.network.iso_country == "CA"`, &ca),
		to(t, "all", &all),
	})
	wantOutcome(t, m, inCountry(t, `"US"`), consumer.Handled)
	wantOutcome(t, m, inCountry(t, `null`), consumer.Handled)
	wantOutcome(t, m, delivery(t, "EZ2", sessionUpdated), consumer.Handled)
	if us.count() != 1 || ca.count() != 0 || all.count() != 3 {
		t.Errorf("calls: got %d, %d, %d; want 1, 0, 3", us.count(), ca.count(), all.count())
	}
	if s := m.Stats(); s.Filtered != 5 || s.Unrouted != 0 || s.FilterFailures != 0 {
		t.Errorf("stats: got %+v, want 5 filtered", s)
	}
}

func TestMux_WhatNoConditionHoldsOfIsUnrouted(t *testing.T) {
	t.Parallel()
	var us scripted
	m := newMux(t, &memoryBurier{}, attempts(1), []Route{filtered(t, "us", `data.network.iso_country == "US"`, &us)})
	wantOutcome(t, m, inCountry(t, `"CA"`), consumer.Handled)
	if s := m.Stats(); s.Unrouted != 1 || s.Filtered != 1 || us.count() != 0 {
		t.Errorf("got %d unrouted, %d filtered, %d calls; want 1, 1, 0", s.Unrouted, s.Filtered, us.count())
	}
}

// Whatever the policy says: a lane must not stop for a mistake in a condition,
// and no event be dropped for one.
func TestMux_BuriesWhatAConditionFailsOn(t *testing.T) {
	t.Parallel()
	for _, exhausted := range []Exhausted{DeadLetter, Park, Drop} {
		t.Run(string(exhausted), func(t *testing.T) {
			t.Parallel()
			var us, all scripted
			b := &memoryBurier{}
			policy := attempts(1)
			policy.OnExhausted = exhausted
			m := newMux(t, b, policy, []Route{filtered(t, "us", `data.network.iso_country > 7`, &us), to(t, "all", &all)})
			d := inCountry(t, `"US"`)
			wantOutcome(t, m, d, consumer.DeadLettered)
			if us.count() != 0 || all.count() != 1 || m.Stats().FilterFailures != 1 || m.Stats().Buried != 1 {
				t.Errorf("got %d and %d calls, %+v; want 0, 1, one failure and one letter", us.count(), all.count(), m.Stats())
			}
			l := b.buried()[0]
			if l.Reason != consumer.ReasonFilter || l.Handler != "us" || l.Attempts != 0 || string(l.Payload) != string(d.Event.Raw) ||
				!strings.Contains(l.Err.Error(), "where: compute data.network.iso_country > 7: no such overload") {
				t.Errorf("letter: got %+v", l)
			}
		})
	}
}

// Allocations are those of the whole process, so nothing runs beside this test.
func TestMux_DecodesDataOnceForAllConditions(t *testing.T) {
	var h scripted
	var routes []Route
	for i := range 5 {
		routes = append(routes, filtered(t, fmt.Sprint(i), fmt.Sprintf("has(data.network.n%d)", i), &h))
	}
	m := newMux(t, &memoryBurier{}, attempts(1), routes)
	var network strings.Builder
	for i := range 500 {
		fmt.Fprintf(&network, `"n%d": "%d", `, i, i)
	}
	e := deliveryOf(t, fmt.Sprintf(`{"id": "EZ1", "type": %q, "data": {"network": {%s"last": 1}}}`, sessionUpdated, network.String())).Event
	once := testing.AllocsPerRun(20, func() { _, _ = decodeData(e.Data, m.needs) })
	all := testing.AllocsPerRun(20, func() { m.matching(e, m.routing.of(e).routes) })
	if once < 1000 || all > once*1.5 {
		t.Errorf("five conditions: got %.0f allocations, want little more than the %.0f of decoding once", all, once)
	}
	if got := len(m.matching(e, m.routing.of(e).routes)); got != 5 {
		t.Errorf("routes: got %d, want 5", got)
	}
}

func BenchmarkMux_Where(b *testing.B) {
	nothing := HandlerFunc(func(context.Context, *consumer.Delivery) error { return nil })
	d := deliveryOf(b, sample(b))
	for name, condition := range map[string]string{
		"none": "", "envelope": `source == "kore-events"`, "data": `data.network.iso_country == "US"`, "no_match": `data.network.iso_country == "CA"`,
	} {
		b.Run(name, func(b *testing.B) {
			r := to(b, "h", nothing)
			r.Match = []Pattern{pattern(b, "*.data-session.*")}
			if condition != "" {
				r.Where = where(b, condition)
			}
			m := newMux(b, &memoryBurier{}, DefaultRetryPolicy(), []Route{r})
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Dispatch(context.Background(), d); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
