package catalogue

import (
	"cmp"
	"slices"
	"time"
)

// Report is what checks have found, in one process or in several.
type Report struct {
	// Types are the counts of events by label, those of no event left out.
	Types []TypeCount `json:"types"`
	// Findings are sorted: mismatches first, then by type and path.
	Findings []Entry `json:"findings"`
	// LeftOut is how many findings were counted in the metrics only, because there
	// were too many different ones of their kind.
	LeftOut int64 `json:"left_out"`
}

// TypeCount is how many events of a type there were, and how many were checked.
type TypeCount struct {
	// Type is the name of a [Type], or Other.
	Type    string `json:"type"`
	Seen    int64  `json:"seen"`
	Checked int64  `json:"checked"`
}

// Entry is a finding and how often it was made.
type Entry struct {
	Finding
	Count int64     `json:"count"`
	First time.Time `json:"first_seen"`
	Last  time.Time `json:"last_seen"`
	// EventID is one event that has it, the latest.
	EventID string `json:"event_id"`
}

// Merge returns what several processes have found together.
func Merge(reports ...Report) Report {
	out := Report{Types: []TypeCount{}, Findings: []Entry{}}
	types := make(map[string]TypeCount)
	entries := make(map[Finding]Entry)
	for _, r := range reports {
		out.LeftOut += r.LeftOut
		for _, t := range r.Types {
			sum := types[t.Type]
			types[t.Type] = TypeCount{Type: t.Type, Seen: sum.Seen + t.Seen, Checked: sum.Checked + t.Checked}
		}
		for _, e := range r.Findings {
			entries[e.Finding] = together(entries[e.Finding], e)
		}
	}
	for _, t := range types {
		out.Types = append(out.Types, t)
	}
	for _, e := range entries {
		out.Findings = append(out.Findings, e)
	}
	out.sort()
	return out
}

func together(a, b Entry) Entry {
	if a.Count == 0 {
		return b
	}
	sum := a
	if b.Last.After(a.Last) {
		sum = b
	}
	sum.Count = a.Count + b.Count
	sum.First = a.First
	if b.First.Before(a.First) {
		sum.First = b.First
	}
	return sum
}

func (r *Report) sort() {
	slices.SortFunc(r.Types, func(a, b TypeCount) int { return cmp.Compare(a.Type, b.Type) })
	kinds := Kinds()
	slices.SortFunc(r.Findings, func(a, b Entry) int {
		return cmp.Or(
			-cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)),
			cmp.Compare(a.Type, b.Type), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Got, b.Got), cmp.Compare(a.Want, b.Want),
		)
	})
}
