package report

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"korestream/bench/measure"
)

const head = `# Benchmarks

korestream beside its peers: the same stream, the same events, one process each. Made by ` + "`make bench-peers`" + ` in one go; nothing here is written by hand.

`

const method = `## How it is measured

- **The stream** is a stub in a process of its own that serves pages of KORE events (package ` + "`event/fleet`" + `) made once, over HTTP on loopback. Every shard holds a fixed number of records, all there from the beginning. DynamoDB is the embedded endpoint, in another process.
- **Each consumer** is a process of its own: it decodes the envelope of every event, counts it, adds a hash of its id to a checksum, and checkpoints as its users would have it. A run counts only if count and checksum are exactly what was served.
- **CPU** is user and system time as the operating system counts them, less a run of the same consumer in which each shard holds ten records (its start, its leases, its stop), per million records. **Allocations** are those of the Go runtime, counted likewise. **Peak** is the peak of resident memory. Consumers take turns (A B C A B C), so that what else the machine does hits all alike; medians count, the range is beside them.
- **Peak memory depends on how many shards are read at once.** vmware-go-kcl-v2 takes one shard after another and has read it to its end before it has the next, so that its peak is low; the loops and harlow read all shards from the first moment.
- **Settings** are the defaults of each. Two are not, for one worker would not get to all shards otherwise: vmware-go-kcl-v2 looks for a shard to take every 100 ms instead of once a minute, and harlow's shards are scanned one by one, because its own scan of all of them dies of a concurrent map write.
- **The decoder** is ` + "`encoding/json`" + ` into a struct, as most programs have it, and in a second row korestream's own. The *bare SDK loop* is GetRecords in a loop: no leases, no checkpoints. The *floor* is the cheapest program we know that still reads every event: requests by hand and unsigned, one buffer a shard, SIMD base64, a scan to the id.

What is not measured: AWS itself (a real network, TLS, throttling), handlers that do something, and wall time, which on loopback says how fast the stub is polled and not how fast a consumer is.
Not compared: Redpanda Connect, whose licence is not an open-source one, and Bento, of which no release could be had as a module.

Again, on another machine: ` + "`make bench-peers`, then `make bench-more`" + `; ` + "`cd bench && go run . peers -h`" + ` lists what can be changed.
`

// markdown is the document's text.
func (d Document) markdown() string {
	var b strings.Builder
	b.WriteString(head)
	for _, o := range d.Races {
		if o.Name == MainRace {
			d.writeMain(&b, o)
		}
	}
	d.writeArms(&b)
	d.writeMore(&b)
	b.WriteString(method)
	d.writeEnvironment(&b)
	return b.String()
}

func (d Document) writeMain(b *strings.Builder, o measure.Outcome) {
	fmt.Fprintf(b, "## %s\n\n", caption(o))
	t := Table{Texts: 1, Head: []string{"consumer", "CPU s per million records", "range", "in floors", "beside " + Ours, "allocations / record", "bytes / record", "peak MiB"}}
	floor, ours := o.Costs[0].CPU, costNamed(o, Ours).CPU
	for _, c := range o.Costs {
		if c.Failed != "" {
			t.Add(c.Name, failed)
			continue
		}
		t.Add(c.Name, number(c.CPU), number(c.CPULeast)+"–"+number(c.CPUMost), ratio(c.CPU, floor), ratio(c.CPU, ours),
			number(c.Allocations), thousands(int64(c.Bytes)), thousands(c.Peak>>20))
	}
	b.WriteString(t.Markdown())
	b.WriteString("\n")
	for _, p := range d.pictures() {
		fmt.Fprintf(b, "![%s](benchmarks/%s)\n\n", p.alt, p.file)
	}
}

// failed stands for the cost of a consumer that did not handle exactly what was
// served; the numbers beside the document say more.
const failed = "failed"

// writeArms writes the races that differ from the main one in one thing.
func (d Document) writeArms(b *strings.Builder) {
	var names []string
	t := Table{Texts: 1, Head: []string{"CPU s per million records (allocations / record)"}}
	for _, o := range d.Races {
		if len(o.Costs) == 0 || o.Name == MainRace {
			continue
		}
		for _, c := range o.Costs {
			if !slices.Contains(names, c.Name) {
				names = append(names, c.Name)
				t.Head = append(t.Head, c.Name)
			}
		}
	}
	if names == nil {
		return
	}
	for _, o := range d.Races {
		if o.Name == MainRace {
			continue
		}
		row := []string{fmt.Sprintf("%s (%d × %d × %d of %s bytes)", o.Name, o.Stream.Shards, o.Stream.Pages, o.Stream.PageRecords, thousands(int64(o.Stream.EventBytes)))}
		for _, name := range names {
			cell := "–"
			if c := costNamed(o, name); c.Failed != "" {
				cell = failed
			} else if c.Name != "" {
				cell = fmt.Sprintf("%s (%s)", number(c.CPU), number(c.Allocations))
			}
			row = append(row, cell)
		}
		t.Add(row...)
	}
	b.WriteString("## One thing other than above\n\nShards × pages × records of a page. One round each; in small batches a record carries its share of the calls.\n\n" + t.Markdown() + "\n")
}

func (d Document) writeEnvironment(b *strings.Builder) {
	e := d.Environment
	fmt.Fprintf(b, "\n## Where\n\n%s, commit %s, %s, %s, %s, %d cores, load %s when it began.\n\n", e.Date, e.Commit, e.Go, e.System, e.CPU, e.Cores, e.Load)
	if e.busy() {
		b.WriteString("**The machine had other work to do at the same time.** CPU times are higher than on one that has not, for caches and cores were shared; what can be compared is the ratios. Latency and drain rates mean little.\n\n")
	}
	t := Table{Texts: 2, Head: []string{"program", "versions"}}
	for _, p := range slices.Sorted(maps.Keys(d.Versions)) {
		t.Add(p, d.Versions[p])
	}
	b.WriteString(t.Markdown())
}

func costNamed(o measure.Outcome, name string) measure.Cost {
	i := slices.IndexFunc(o.Costs, func(c measure.Cost) bool { return c.Name == name })
	if i < 0 {
		return measure.Cost{}
	}
	return o.Costs[i]
}

// number writes a number with three digits or so that mean something.
func number(v float64) string {
	switch {
	case v >= 99.5 || v <= -99.5:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 9.95 || v <= -9.95:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

// ratio writes how many times as much a is as b.
func ratio(a, b float64) string {
	if b <= 0 {
		return "–"
	}
	return number(a/b) + " ×"
}

// thousands writes a whole number with its thousands set apart.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
