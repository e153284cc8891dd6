package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"korestream/bench/measure"
)

// writeMore writes what is of korestream alone.
func (d Document) writeMore(b *strings.Builder) {
	if len(d.Latency) > 0 {
		d.writeLatency(b)
	}
	if len(d.Idle) > 0 {
		d.writeIdle(b)
	}
	if d.Backlog != nil {
		writeBacklog(b, *d.Backlog)
	}
	if d.Fleet != nil {
		writeFleet(b, *d.Fleet)
	}
}

func (d Document) writeLatency(b *strings.Builder) {
	t := Table{Texts: 1, Head: []string{"stream", "events", "p50 ms", "p99 ms", "max ms"}}
	for _, l := range d.Latency {
		t.Add(fmt.Sprintf("%d shards, %s events/s each%s", l.Shards, thousands(int64(l.Rate)), l.Manner()), thousands(l.Events), number(l.P50), number(l.P99), number(l.Most))
	}
	b.WriteString("## From put to handled\n\nOn the embedded endpoint over HTTP, default settings but for `source.type` where it is named; the time between two polls of a shard is most of it.\n\n" + t.Markdown() + "\n")
}

func (d Document) writeIdle(b *strings.Builder) {
	t := Table{Texts: 1, Head: []string{"quiet shards", "share of a core", "DynamoDB reads an hour", "writes an hour"}}
	for _, i := range d.Idle {
		reads, writes := readsAndWrites(i.Requests)
		t.Add(fmt.Sprintf("%s, %d", i.Name, i.Shards), number(i.Share), thousands(int64(reads)), thousands(int64(writes)))
	}
	b.WriteString("## When nothing comes\n\nOne process that has handled all there is, looked at for a minute.\n\n" + t.Markdown())
	for _, l := range d.Latency {
		if l.Source != "" {
			continue // it is the same
		}
		reads, writes := readsAndWrites(l.Requests)
		fmt.Fprintf(b, "\nWhile %s events a second come on each of %d shards: %s reads and %s writes an hour.\n", thousands(int64(l.Rate)), l.Shards, thousands(int64(reads)), thousands(int64(writes)))
	}
	b.WriteString("\n")
}

// readsAndWrites sums up requests to DynamoDB, whatever their size.
func readsAndWrites(requests map[string]float64) (reads, writes float64) {
	for operation, n := range requests {
		switch operation {
		case "UpdateItem", "PutItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems":
			writes += n
		default:
			reads += n
		}
	}
	return reads, writes
}

func writeBacklog(b *strings.Builder, m measure.Backlog) {
	var limits []string
	for _, key := range slices.Sorted(maps.Keys(m.Settings)) {
		limits = append(limits, "`"+key+": "+m.Settings[key]+"`")
	}
	fmt.Fprintf(b, "## A backlog\n\n%s MiB in %d shards, the shards' quotas enforced, %s: drained in %s s, where the quota allows %s s at the least (%s of it). Peak memory %s MiB, %s CPU s in all.\n\n",
		thousands(m.Bytes>>20), m.Shards, strings.Join(limits, ", "), number(m.Seconds), number(m.Least), percent(m.Least, m.Seconds), thousands(m.Peak>>20), number(m.CPU))
}

func writeFleet(b *strings.Builder, f measure.Fleet) {
	fmt.Fprintf(b, "## Two processes, %d shards\n\nThe first has all shards after %s s (its start included). A second one has its half %s s after it is started. After `kill -9` of it the first has all again in %s s, default `lease.failover`.\n\n",
		f.Shards, number(f.First), number(f.Rebalance), number(f.Failover))
}

func percent(part, whole float64) string {
	if whole <= 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f %%", 100*part/whole)
}
