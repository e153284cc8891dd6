package report_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"korestream/bench/measure"
	"korestream/bench/report"
	"korestream/bench/stub"
)

func cost(name string, cpu float64) measure.Cost {
	return measure.Cost{
		Entrant: measure.Entrant{Name: name, Program: name}, CPU: cpu, CPULeast: cpu, CPUMost: cpu, Allocations: 3, Bytes: 1234.5, Peak: 50 << 20,
		Modules: map[string]string{"github.com/aws/aws-sdk-go-v2/service/kinesis": "v1.2.3"},
	}
}

func TestDocument_SaysWhatEachCostBesideUsAndTheFloor(t *testing.T) {
	t.Parallel()
	var d report.Document
	d.Add(measure.Outcome{Name: report.MainRace, Stream: stub.DefaultConfig(), Rounds: 3, Costs: []measure.Cost{cost("floor", 2), cost("korestream", 3), cost("peer", 12), {Entrant: measure.Entrant{Name: "loser"}, Failed: "it lost events"}}})
	d.Add(measure.Outcome{Name: "1 shard", Stream: stub.Config{Shards: 1, PageRecords: 10, Pages: 2, EventBytes: 8192}, Costs: []measure.Cost{cost("korestream", 4)}})
	files := d.Files()
	text := files["benchmarks.md"]
	for _, want := range []string{
		"| korestream | 3.00 | 3.00–3.00 | 1.50 × | 1.00 × | 3.00 | 1,234 | 50 |\n",
		"| peer | 12.0 | 12.0–12.0 | 6.00 × | 4.00 × |",
		"| loser | failed |",
		"| 1 shard (1 × 2 × 10 of 8,192 bytes) | 4.00 (3.00) |\n",
		"| peer | service/kinesis v1.2.3 |\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the document lacks %q:\n%s", want, text)
		}
	}
	for _, file := range []string{"cpu.svg", "memory.svg"} {
		if !strings.Contains(text, "(benchmarks/"+file+")") {
			t.Errorf("the document does not show %s", file)
		}
		elements(t, files["benchmarks/"+file])
	}
}

func TestDocument_SaysThatTheMachineWasBusy(t *testing.T) {
	t.Parallel()
	for load, busy := range map[string]bool{"0.30": false, "1.00": false, "7.50": true, "": false} {
		d := report.Document{Environment: report.Environment{Cores: 2, Load: load}}
		if got := strings.Contains(d.Files()["benchmarks.md"], "had other work to do"); got != busy {
			t.Errorf("load %q on 2 cores: said to be busy: %t, want %t", load, got, busy)
		}
	}
}

func TestDocument_TellsWhatIsOfKorestreamAlone(t *testing.T) {
	t.Parallel()
	d := report.Document{
		Latency: []measure.Latency{{Shards: 8, Rate: 1000, Events: 16000, P50: 120, P99: 250.4, Most: 301, Requests: map[string]float64{"UpdateItem": 28800, "Scan": 3600}}},
		Idle:    []measure.Idle{{Name: "korestream", Shards: 512, Share: 0.125, Requests: map[string]float64{"Scan": 1800, "UpdateItem": 1440}}},
		Backlog: &measure.Backlog{Settings: map[string]string{"limits.memory": "256MiB"}, Bytes: 2 << 30, Shards: 64, Seconds: 20, Least: 16, CPU: 12, Peak: 200 << 20},
		Fleet:   &measure.Fleet{Shards: 64, First: 7.2, Rebalance: 6, Failover: 11.55},
	}
	text := d.Files()["benchmarks.md"]
	for _, want := range []string{
		"| 8 shards, 1,000 events/s each | 16,000 | 120 | 250 | 301 |\n",
		"| korestream, 512 | 0.12 | 1,800 | 1,440 |\n",
		"While 1,000 events a second come on each of 8 shards: 3,600 reads and 28,800 writes an hour.",
		"2,048 MiB in 64 shards, the shards' quotas enforced, `limits.memory: 256MiB`: drained in 20.0 s, where the quota allows 16.0 s at the least (80 % of it). Peak memory 200 MiB",
		"has all shards after 7.20 s", "has its half 6.00 s after", "has all again in 11.6 s",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the document lacks %q:\n%s", want, text)
		}
	}
}

func TestDocument_IsQuoted(t *testing.T) {
	t.Parallel()
	var d report.Document
	d.Add(measure.Outcome{Name: report.MainRace, Stream: stub.DefaultConfig(), Rounds: 3, Costs: []measure.Cost{cost("floor", 2), cost("korestream", 4), cost("korestream, dedupe off", 2.5)}})
	d.Add(measure.Outcome{Name: "512 shards", Stream: stub.Config{Shards: 512}, Costs: []measure.Cost{cost("korestream, dedupe off", 4)}})
	d.Idle = []measure.Idle{{Name: "korestream", Shards: 512, Share: 0.0625}, {Name: "peer", Shards: 512, Share: 0.5}}
	d.Backlog = &measure.Backlog{Settings: map[string]string{"limits.memory": "256MiB"}, Bytes: 2 << 30, Seconds: 20, Least: 16, Peak: 200 << 20}
	const before, after = "# Page\n<!-- measured by make bench-peers and make bench-more -->\n", "<!-- end of what was measured -->\nmore\n"
	got, err := d.Quote(before + "what was there\n" + after)
	if err != nil {
		t.Fatal(err)
	}
	want := before + `|  | measured |
| --- | --- |
| CPU, defaults | 4.00 s per million records |
| CPU, ` + "`dedupe.store: none`" + ` | 2.50 s per million records |
| full shards that one core carries before handlers: 1,000 / that of the defaults | 250 |
| CPU of nothing to do, quiet shards: 512 | 0.062 of a core |
| peak of memory, defaults, 64 shards far behind | 50 MiB |
| the same with 512 shards, ` + "`dedupe.store: none`" + ` | 50 MiB |
| peak of memory, 2,048 MiB behind, ` + "`limits.memory: 256MiB`" + ` | 200 MiB; drained in 20.0 s, where AWS's quota allows 16.0 s |
` + after
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, page := range []string{"", "# Page\n", before, after} {
		if _, err := d.Quote(page); err == nil {
			t.Errorf("a page without the lines, %q, is no error", page)
		}
	}
}
