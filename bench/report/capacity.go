package report

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"korestream/bench/measure"
)

// The lines of a page that its quotation of the figures is between.
const (
	quoteBegins = "<!-- measured by make bench-peers and make bench-more -->\n"
	quoteEnds   = "<!-- end of what was measured -->\n"
)

// Quote puts what one needs to know of a process's capacity into a page that has
// two lines for it. Its error says that the page lacks them.
func (d Document) Quote(page string) (string, error) {
	before, rest, begins := strings.Cut(page, quoteBegins)
	_, after, ends := strings.Cut(rest, quoteEnds)
	if !begins || !ends {
		return "", errors.New("it lacks the lines " + strings.TrimSpace(quoteBegins) + " and " + strings.TrimSpace(quoteEnds))
	}
	return before + quoteBegins + d.capacity() + quoteEnds + after, nil
}

// capacity is the table that operators reckon with.
func (d Document) capacity() string {
	t := Table{Texts: 2, Head: []string{"", "measured"}}
	main, _ := d.race(MainRace)
	for _, row := range []struct{ what, entrant string }{
		{"CPU, defaults", Ours},
		{"CPU, `dedupe.store: none`", Ours + ", dedupe off"},
		{"CPU, `source.protocol: cbor`, `dedupe.store: none`", Ours + ", cbor, dedupe off"},
		{"CPU, fan-out, `dedupe.store: none`", Ours + ", fan-out, dedupe off"},
	} {
		if c := costNamed(main, row.entrant); c.CPU > 0 {
			t.Add(row.what, number(c.CPU)+" s per million records")
		}
	}
	if c := costNamed(main, Ours); c.CPU > 0 {
		// A shard takes in 1,000 records a second at most.
		t.Add("full shards that one core carries before handlers: 1,000 / that of the defaults", number(1000/c.CPU))
	}
	for _, i := range d.Idle {
		if i.Name == Ours {
			t.Add(fmt.Sprintf("CPU of nothing to do, quiet shards: %d", i.Shards), fmt.Sprintf("%.3f of a core", i.Share))
		}
	}
	for _, l := range d.Latency {
		t.Add(fmt.Sprintf("put to handled, %d shards at %s records a second each%s", l.Shards, thousands(int64(l.Rate)), l.Manner()),
			fmt.Sprintf("%s ms (p50), %s ms (p99), %s ms at most", number(l.P50), number(l.P99), number(l.Most)))
	}
	if c := costNamed(main, Ours); c.Peak > 0 {
		t.Add("peak of memory, defaults, 64 shards far behind", thousands(c.Peak>>20)+" MiB")
	}
	d.addPeaks(&t)
	if f := d.Fleet; f != nil {
		t.Add(fmt.Sprintf("all %d shards owned by one fresh process", f.Shards), number(f.First)+" s")
		t.Add("a second process has its half", number(f.Rebalance)+" s after its start")
		t.Add("after `kill -9` of it the first has all again", number(f.Failover)+" s, default `lease.failover`")
	}
	return t.Markdown()
}

func (d Document) addPeaks(t *Table) {
	if i := slices.IndexFunc(d.Races, func(o measure.Outcome) bool { return o.Stream.Shards == 512 }); i >= 0 {
		if c := costNamed(d.Races[i], Ours+", dedupe off"); c.Peak > 0 {
			t.Add("the same with 512 shards, `dedupe.store: none`", thousands(c.Peak>>20)+" MiB")
		}
	}
	if m := d.Backlog; m != nil {
		t.Add(fmt.Sprintf("peak of memory, %s MiB behind, `limits.memory: %s`", thousands(m.Bytes>>20), m.Settings["limits.memory"]),
			fmt.Sprintf("%s MiB; drained in %s s, where AWS's quota allows %s s", thousands(m.Peak>>20), number(m.Seconds), number(m.Least)))
	}
}
