package report_test

import (
	"strings"
	"testing"

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
	d.Add(measure.Outcome{Name: report.MainRace, Stream: stub.DefaultConfig(), Rounds: 3, Costs: []measure.Cost{cost("floor", 2), cost("korestream", 3), cost("peer", 12)}})
	d.Add(measure.Outcome{Name: "1 shard", Stream: stub.Config{Shards: 1, PageRecords: 10, Pages: 2, EventBytes: 8192}, Costs: []measure.Cost{cost("korestream", 4)}})
	files := d.Files()
	text := files["benchmarks.md"]
	for _, want := range []string{
		"| korestream | 3.00 | 3.00–3.00 | 1.50 × | 1.00 × | 3.00 | 1,234 | 50 |\n",
		"| peer | 12.0 | 12.0–12.0 | 6.00 × | 4.00 × |",
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
