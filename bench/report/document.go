package report

import (
	"fmt"
	"slices"
	"strings"

	"korestream/bench/measure"
)

// MainRace is the name of the race that all others are variations of.
const MainRace = "64 shards"

// Ours is the name of the entrant that others are compared with.
const Ours = "korestream"

// Document is everything that was measured in one go.
type Document struct {
	Environment Environment       `json:"environment"`
	Races       []measure.Outcome `json:"races"`
	// The rest is of korestream alone, and may be lacking.
	Latency []measure.Latency `json:"latency,omitempty"`
	Idle    []measure.Idle    `json:"idle,omitempty"`
	Backlog *measure.Backlog  `json:"backlog,omitempty"`
	Fleet   *measure.Fleet    `json:"fleet,omitempty"`
	// Versions are those of the modules that matter, by program.
	Versions map[string]string `json:"versions"`
}

// Add adds a race that was run.
func (d *Document) Add(o measure.Outcome) {
	d.Races = append(d.Races, o)
	if d.Versions == nil {
		d.Versions = make(map[string]string)
	}
	for _, c := range o.Costs {
		if v := versions(c.Modules); v != "" {
			d.Versions[c.Program] = v
		}
	}
}

// named are the modules whose versions are told, in the order in which they are.
var named = []string{
	"github.com/vmware/vmware-go-kcl-v2", "github.com/harlow/kinesis-consumer", "github.com/aws/aws-sdk-go-v2/service/kinesis",
	"github.com/aws/smithy-go", "github.com/segmentio/asm",
}

func versions(modules map[string]string) string {
	var out []string
	for _, m := range named {
		if v := modules[m]; v != "" {
			out = append(out, strings.TrimPrefix(strings.TrimPrefix(m, "github.com/"), "aws/aws-sdk-go-v2/")+" "+v)
		}
	}
	return strings.Join(out, ", ")
}

// Files are the document and its pictures by their paths in the docs folder.
func (d Document) Files() map[string]string {
	files := map[string]string{"benchmarks.md": d.markdown()}
	for _, p := range d.pictures() {
		files["benchmarks/"+p.file] = p.bars.SVG()
	}
	return files
}

// picture is one picture of the document.
type picture struct {
	file, alt string
	bars      Bars
}

func (d Document) pictures() []picture {
	main, ok := d.race(MainRace)
	if !ok {
		return nil
	}
	cpu := Bars{Title: "CPU seconds per million records", Note: caption(main)}
	peak := Bars{Title: "Peak memory, MiB", Note: caption(main)}
	for _, c := range main.Costs {
		if c.Failed != "" {
			continue
		}
		ours := strings.HasPrefix(c.Name, "korestream")
		cpu.Rows = append(cpu.Rows, Bar{Name: c.Name, Value: c.CPU, Ours: ours})
		peak.Rows = append(peak.Rows, Bar{Name: c.Name, Value: float64(c.Peak >> 20), Ours: ours})
	}
	return []picture{{"cpu.svg", "CPU time per million records, by consumer", cpu}, {"memory.svg", "Peak memory, by consumer", peak}}
}

func caption(o measure.Outcome) string {
	s := o.Stream
	return fmt.Sprintf("%d shards, %s records of %s bytes in pages of %s, median of %d",
		s.Shards, thousands(int64(s.Shards*s.PageRecords*s.Pages)), thousands(int64(s.EventBytes)), thousands(int64(s.PageRecords)), o.Rounds)
}

func (d Document) race(name string) (measure.Outcome, bool) {
	i := slices.IndexFunc(d.Races, func(o measure.Outcome) bool { return o.Name == name })
	if i < 0 {
		return measure.Outcome{}, false
	}
	return d.Races[i], true
}
