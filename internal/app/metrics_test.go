package app

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"korestream/consumer"
	"korestream/handlers"
)

func TestMetrics_OfAShardGoWithItsLease(t *testing.T) {
	t.Parallel()
	var st consumer.Status
	reg := prometheus.NewRegistry()
	reg.MustRegister(collector{func() consumer.Status { return st }, func() handlers.Stats { return handlers.Stats{} }, nil})
	series := func(shard string) (n int) {
		families, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			for _, m := range f.GetMetric() {
				for _, l := range m.GetLabel() {
					if l.GetName() == "shard" && l.GetValue() == shard {
						n++
					}
				}
			}
		}
		return n
	}
	shard := func(id string) consumer.ShardStatus {
		return consumer.ShardStatus{Shard: id, State: consumer.StateReading, Behind: 5}
	}
	st.Shards = []consumer.ShardStatus{shard("parent"), shard("other")}
	if n := series("parent"); n < 4 {
		t.Errorf("a shard that is owned: got %d series, want its lag and more", n)
	}
	st.Shards = []consumer.ShardStatus{shard("other"), shard("child")}
	if n := series("parent"); n != 0 {
		t.Errorf("a shard that was finished: got %d series, want none", n)
	}
	if series("child") == 0 || series("other") == 0 {
		t.Error("the shards that are owned have no series")
	}
	if err := live([]string{"a", "b"}); err == nil || !strings.Contains(err.Error(), "a\nb") {
		t.Errorf("live: got %v, want both reasons", err)
	}
}

func TestMetrics_CountWhatRedactAndProjectMatch(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	reg.MustRegister(collector{status: func() consumer.Status { return consumer.Status{} }, stats: func() handlers.Stats {
		return handlers.Stats{Filtered: 5, FilterFailures: 2, Paths: []handlers.PathStats{
			{Route: "lake", Setting: "redact", Entry: "data.imsi", Matches: 3}, {Route: "lake", Setting: "project", Entry: "data.imsi"},
		}}
	}})
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]float64)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetValue())
			}
			got[f.GetName()+strings.Join(labels, ",")] = m.GetCounter().GetValue()
		}
	}
	for name, want := range map[string]float64{
		"korestream_events_filtered_total":                            5,
		"korestream_filter_failures_total":                            2,
		"korestream_handler_path_matches_totallake,data.imsi,redact":  3,
		"korestream_handler_path_matches_totallake,data.imsi,project": 0,
	} {
		if v, ok := got[name]; !ok || v != want {
			t.Errorf("%s: got %v, %t; want %v", name, v, ok, want)
		}
	}
}
