package handlers

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"korestream/event"
)

// anEvent is one with members of every kind.
const anEvent = `{"data": {"sim_sid": "HS1", "network": {"iso_country": "US", "mnc": "410", "sid": null}, "location": null, "data_total": 2048,
	"lat": 52.5, "big": 1e999, "roaming": true, "cells": [{"id": 1}, {"id": 2, "lac": "x"}], "words": ["a", null, "b"], "text": "12a"},
	"id": "EZ1", "type": "com.kore.iot.supersim.connection.data-session.updated", "time": "2026-03-01T12:00:00Z", "source": "kore-events"}`

func where(t testing.TB, text string) *Where {
	t.Helper()
	w, err := ParseWhere(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return w
}

func TestWhere_TellsWhichEventsMatch(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, where string
		want        bool
	}{
		{"a member of data", `data.network.iso_country == "US"`, true},
		{"another value", `data.network.iso_country == "CA"`, false},
		{"one of several", `data.network.iso_country in ["CA", "US"]`, true},
		{"a name in brackets", `data["network"]["mnc"] == "410"`, true},
		{"an attribute", `type.endsWith(".updated") && source == "kore-events" && id != "" && subject == ""`, true},
		{"the time", `time >= timestamp("2026-03-01T00:00:00Z") && time.getHours() == 12`, true},
		{"a whole number and a fraction", `data.data_total > 2047.5 && data.lat > 52 && data.data_total / 1024 == 2`, true},
		{"a number out of range", `data.big > 1`, true},
		{"true", `data.roaming == true`, true},
		{"some element", `data.cells.exists(c, c.id == 2)`, true},
		{"every element", `data.cells.all(c, c.id > 1)`, false},
		{"a regular expression", `data.network.mnc.matches("^4[0-9]+$")`, true},
		{"the type of a member", `type(data.text) == string`, true},

		{"has what is there", `has(data.network.mnc)`, true},
		{"has what is absent", `has(data.error)`, false},
		{"has below what is absent", `has(data.error.code.x)`, false},
		{"has not below what is absent", `!has(data.error.code.x)`, true},
		{"has not below a text", `!has(data.text.x)`, true},
		{"null is absent", `has(data.location) || has(data.network.sid)`, false},
		{"null in a list stays", `data.words.size() == 3`, true},

		{"an absent member is unequal to nothing", `data.error.code != 83700`, false},
		{"nor equal", `data.error.code == 83700`, false},
		{"nor less", `data.error.code < 83700`, false},
		{"an absent member that does not matter", `data.error.code == 83700 || data.data_total > 0`, true},
		{"below a text", `data.text.x == 1`, false},
		{"below a null", `data.location.lat > 1.0`, false},
		{"beyond the end", `data.words[7] == "a"`, false},
		{"absent in some element", `data.cells.exists(c, c.lac == "x")`, true},
		{"absent in each element", `data.cells.exists(c, c.none == "x")`, false},
		{"absent in what was chosen", `(has(data.sid) ? data.sid : data.other) == "x"`, false},
		{"absent in a call", `data.none.startsWith("x")`, false},
	}
	e := deliveryOf(t, anEvent).Event
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := where(t, tt.where).Match(e)
			if err != nil || got != tt.want {
				t.Errorf("%s: got %t, %v; want %t", tt.where, got, err, tt.want)
			}
		})
	}
}

func TestWhere_FailsOnWhatIsNotMerelyAbsent(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, where, want string }{
		{"a text that is compared with a number", `data.text > 1`, "no such overload"},
		{"a text that is no number", `int(data.text) > 1`, "type conversion"},
		{"a division by zero", `data.data_total / 0 == 1`, "division by zero"},
		{"in what decides a choice", `(1 / 0 == 1 ? data.none : data.text) == "x"`, "division by zero"},
		{"in an index", `data.words[1 / 0] == "a"`, "division by zero"},
		{"too costly", strings.Repeat(`[0, 1, 2, 3, 4, 5, 6, 7, 8, 9].all(x, `, 7) + "id != ''" + strings.Repeat(")", 7), "cost"},
	}
	e := deliveryOf(t, anEvent).Event
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := where(t, tt.where).Match(e)
			if got || err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %t, %v; want an error with %q", got, err, tt.want)
			}
		})
	}
}

func TestWhere_TakesDataInAllItsForms(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, event, where string
		want               bool
	}{
		{"JSON in a string", `{"id": "1", "type": "t", "data": "{\"network\": {\"mcc\": \"310\"}}"}`, `data.network.mcc == "310"`, true},
		{"a list", `{"id": "1", "type": "t", "data": [1, 2]}`, `data[1] == 2`, true},
		{"a text", `{"id": "1", "type": "t", "data": "x"}`, `data == "x"`, true},
		{"a text without members", `{"id": "1", "type": "t", "data": "x"}`, `data.x == 1`, false},
		{"none", `{"id": "1", "type": "t"}`, `!has(data.x)`, true},
		{"null", `{"id": "1", "type": "t", "data": null}`, `data.x == 1`, false},
		{"no time", `{"id": "1", "type": "t"}`, `time < timestamp("2100-01-01T00:00:00Z")`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := where(t, tt.where).Match(deliveryOf(t, tt.event).Event)
			if err != nil || got != tt.want {
				t.Errorf("got %t, %v; want %t", got, err, tt.want)
			}
		})
	}
}

func TestParseWhere_SaysWhereAndWhatIsExpected(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, where string
		want        []string
	}{
		{"empty", ``, []string{"want a condition"}},
		{"cut short", `data.x ==`, []string{"line 1, column 10", "Syntax error", "want a condition"}},
		{"an unknown variable", "id == \"1\" &&\n  dta.x == 1", []string{"line 2, column 3", "'dta'", "dataschema"}},
		{"an unknown function", `lower(id) == "a"`, []string{"column 6", "'lower'"}},
		{"types that do not go together", `id == 1`, []string{"column 4", "no matching overload"}},
		{"a text", `id + "x"`, []string{"type string", "want a condition"}},
		{"a member", `data.roaming`, []string{"type dyn", "want a condition"}},
		{"one equals sign", `id = "1"`, []string{"column 4", "Syntax error"}},
		{"has of no member", `has(id)`, []string{"has() asks for a member"}},
		{"too long", `id == "` + strings.Repeat("x", maxWhere) + `"`, []string{"exceeds"}},
		{"too deep", strings.Repeat("(", 100) + "true" + strings.Repeat(")", 100), []string{"recursion"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := ParseWhere(tt.where)
			if err == nil || !containsAll(err.Error(), tt.want...) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one line with %q", err, tt.want)
			}
		})
	}
}

func TestWhere_DecodesDataOnceAndOnlyIfAsked(t *testing.T) {
	t.Parallel()
	f := &facts{event: deliveryOf(t, anEvent).Event, needs: members{names: []string{"network"}}}
	if ok, err := where(t, `type.endsWith(".updated")`).holds(f); !ok || err != nil || f.decoded {
		t.Errorf("a condition on the type: got %t, %v, decoded %t; want true, and nothing decoded", ok, err, f.decoded)
	}
	if ok, err := where(t, `type == "x" && has(data.network)`).holds(f); ok || err != nil || f.decoded {
		t.Errorf("a condition that is settled before it comes to data: got %t, %v, decoded %t; want false, and nothing decoded", ok, err, f.decoded)
	}
	if ok, err := where(t, `has(data.network)`).holds(f); !ok || err != nil || !f.decoded {
		t.Errorf("got %t, %v, decoded %t; want true, and decoded", ok, err, f.decoded)
	}
	f.event = &event.Event{Data: []byte(`{"broken`)} // who decodes it again fails
	if ok, err := where(t, `data.network.mnc == "410"`).holds(f); !ok || err != nil {
		t.Errorf("the second condition: got %t, %v; want true of what the first has decoded", ok, err)
	}
	if diff := cmp.Diff(map[string]any{"network": map[string]any{"iso_country": "US", "mnc": "410"}}, f.data); diff != "" {
		t.Errorf("more or less was decoded than is needed (-want +got):\n%s", diff)
	}
	if ok, err := where(t, `has(data.network)`).Match(f.event); ok || err == nil {
		t.Errorf("data that are broken: got %t, %v; want an error", ok, err)
	}
}

func TestWhere_KnowsWhichMembersItNeeds(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]members{
		`id == "1"`: {},
		`data.a.b == 1 && has(data.c.d) && data.a.x == 2`: {names: []string{"a", "c"}},
		`data.cells.exists(c, c.data == data.d)`:          {names: []string{"cells", "d"}},
		`data["a"] == 1`:                                  {all: true},
		`data.a == 1 || data == "x"`:                      {all: true, names: []string{"a"}},
	} {
		if diff := cmp.Diff(want, where(t, text).needs, cmp.AllowUnexported(members{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

func TestWhere_IsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	w := where(t, `data.cells.exists(c, c.id == 2) && !has(data.error.code)`)
	e := deliveryOf(t, anEvent).Event
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				if ok, err := w.Match(e); !ok || err != nil {
					t.Errorf("got %t, %v; want true", ok, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkWhere(b *testing.B) {
	d := deliveryOf(b, sample(b))
	for name, text := range map[string]string{
		"envelope": `type.endsWith(".updated")`,
		"data":     `data.network.iso_country == "US"`,
		"several":  `data.network.iso_country in ["US", "CA"] && data.data_total > 0 && !has(data.error.code)`,
	} {
		b.Run(name, func(b *testing.B) {
			w := where(b, text)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := w.Match(d.Event); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
