package app

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"korestream/consumer"
)

// devView shows a person what happens, a block of lines at a time. It writes no
// control sequences: the blocks stay readable in a file and between log lines.
type devView struct {
	w     io.Writer
	begun time.Time
	last  string
}

// show writes the present state, unless nothing has changed since the last time.
func (v *devView) show(put ledger, st consumer.Status) {
	var b strings.Builder
	fmt.Fprintf(&b, "put %d   handled %d   duplicates %d   dead-lettered %d   leases %d of %d\n",
		put.total(), st.Totals.Handled, st.Totals.Duplicates, st.Totals.DeadLettered, len(st.Shards), st.OpenShards)
	t := tabwriter.NewWriter(&b, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "  shard\tstate\tbehind\tin flight\tdone\tcheckpoint")
	for _, s := range st.Shards {
		fmt.Fprintf(t, "  %s\t%s\t%s\t%d\t%d\t%s\n", s.Shard, s.State, behind(s), s.InFlight,
			s.Counts.Handled+s.Counts.Duplicates+s.Counts.DeadLettered, tail(s.Checkpoint.SequenceNumber, put.last[s.Shard]))
	}
	t.Flush()
	if text := b.String(); text != v.last {
		fmt.Fprintf(v.w, "%6.1fs  %s", time.Since(v.begun).Seconds(), text)
		v.last = text
	}
}

func behind(s consumer.ShardStatus) string {
	if s.Behind < 0 {
		return "?"
	}
	return s.Behind.Round(time.Millisecond).String()
}

// tail shortens a sequence number to the digits that tell, and says whether it
// is the last one put.
func tail(seq, last string) string {
	if seq == "" {
		return "-"
	}
	short := seq
	if n := len(seq); n > 14 && seq[0] >= '0' && seq[0] <= '9' {
		short = "…" + seq[n-12:]
	}
	if seq == last {
		return short + " (last)"
	}
	return short
}
