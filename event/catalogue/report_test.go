package catalogue

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"korestream/event"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func found(kind Kind, path string) Finding {
	return Finding{Type: event.SuffixDataSessionUpdated, Kind: kind, Path: path, Got: "string"}
}

func TestCollector_CountsAFindingOnceWithItsTimes(t *testing.T) {
	t.Parallel()
	c := NewCollector()
	for i := range 3 {
		if n := c.Add(event.SuffixDataSessionUpdated, found(NewField, "data.x"), fmt.Sprint("EZ", i), noon.Add(time.Duration(i)*time.Minute)); n != int64(i+1) {
			t.Errorf("count of the finding: got %d, want %d", n, i+1)
		}
	}
	want := []Entry{{Finding: found(NewField, "data.x"), Count: 3, First: noon, Last: noon.Add(2 * time.Minute), EventID: "EZ2"}}
	if diff := cmp.Diff(want, c.Report().Findings); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestCollector_StaysBoundedAndKeepsRoomForEachKind(t *testing.T) {
	t.Parallel()
	c := NewCollector()
	const many = 10 * maxPerKind
	for i := range many {
		c.Add(Other, found(NewField, fmt.Sprint("data.x", i)), strings.Repeat("E", 1<<20), noon)
	}
	if n := c.Add(Other, found(NewType, "type"), "EZ", noon); n != 1 {
		t.Errorf("a finding of another kind: got count %d, want 1", n)
	}
	r := c.Report()
	if len(r.Findings) != maxPerKind+1 || r.LeftOut != many-maxPerKind || len(r.Findings[0].EventID) > maxID {
		t.Errorf("got %d findings, %d left out and an ID of %d bytes; want %d, %d and at most %d",
			len(r.Findings), r.LeftOut, len(r.Findings[0].EventID), maxPerKind+1, many-maxPerKind, maxID)
	}
	totals := make(map[Kind]int64)
	for _, total := range c.Totals() {
		totals[total.Kind] += total.Count
	}
	if diff := cmp.Diff(map[Kind]int64{NewField: many, NewType: 1}, totals); diff != "" {
		t.Errorf("totals, which lose nothing (-want +got):\n%s", diff)
	}
}

func TestCollector_TheFirstOfATypeAreDueAndThenASample(t *testing.T) {
	t.Parallel()
	c := NewCollector()
	due := 0
	for range alwaysChecked + 1000 {
		if c.Counter(Test).Due(50, "shardId-000000000000") {
			due++
			c.Counter(Test).Checked()
		}
	}
	if want := alwaysChecked + 20; due != want {
		t.Errorf("got %d of them due, want %d", due, want)
	}
	if !c.Counter(Other).Due(1_000_000, "") {
		t.Error("the first event of another type is not due")
	}
	want := []TypeCount{{Other, 1, 0}, {Test, alwaysChecked + 1000, alwaysChecked + 20}}
	if diff := cmp.Diff(want, c.Report().Types); diff != "" {
		t.Errorf("types (-want +got):\n%s", diff)
	}
}

// However many shards there are, one in so many is due, and none is counted twice.
func TestCollector_SamplesOfManyShardsAreOneInSoMany(t *testing.T) {
	t.Parallel()
	for _, shards := range []int{1, 3, 64} {
		c, due := NewCollector(), 0
		for i := range 80_000 + alwaysChecked {
			if c.Counter(Test).Due(1000, fmt.Sprintf("shardId-%012d", i%shards)) {
				due++
			}
		}
		if got := due - alwaysChecked; got < 80-counterStripes || got > 80+counterStripes {
			t.Errorf("%d shards: got %d of 80000 due, want about 80", shards, got)
		}
		if got := c.Counts()[0].Seen; got != 80_000+alwaysChecked {
			t.Errorf("%d shards: got %d seen, want all", shards, got)
		}
	}
}

func TestCollector_LosesNothingToConcurrency(t *testing.T) {
	t.Parallel()
	c := NewCollector()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 500 {
				c.Counter(Other).Due(1, fmt.Sprint("shardId-", i))
				c.Add(Other, found(NewField, fmt.Sprint("data.x", i%5)), "EZ", noon)
				c.Totals()
			}
		})
	}
	wg.Wait()
	r, sum := c.Report(), int64(0)
	for _, e := range r.Findings {
		sum += e.Count
	}
	if len(r.Findings) != 5 || sum != 4000 || r.Types[0].Seen != 4000 {
		t.Errorf("got %d findings, %d times, in %d events; want 5, 4000, 4000", len(r.Findings), sum, r.Types[0].Seen)
	}
}

func TestMerge_AddsUpWhatSeveralProcessesFound(t *testing.T) {
	t.Parallel()
	a, b := NewCollector(), NewCollector()
	a.Counter(Test).Due(1, "")
	b.Counter(Test).Due(1, "")
	a.Add(Test, found(NewField, "data.x"), "EZ1", noon)
	b.Add(Test, found(NewField, "data.x"), "EZ2", noon.Add(-time.Hour))
	b.Add(Test, found(ChangedKind, "data.y"), "EZ3", noon)
	got := Merge(a.Report(), b.Report(), Report{LeftOut: 4})
	want := Report{
		Types: []TypeCount{{Type: Test, Seen: 2}},
		Findings: []Entry{
			{Finding: found(ChangedKind, "data.y"), Count: 1, First: noon, Last: noon, EventID: "EZ3"},
			{Finding: found(NewField, "data.x"), Count: 2, First: noon.Add(-time.Hour), Last: noon, EventID: "EZ1"},
		},
		LeftOut: 4,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("together (-want +got):\n%s", diff)
	}
}
