package app

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"korestream/internal/config"
)

// surveyTimeout bounds a command that only looks.
const surveyTimeout = time.Minute

// leasesView is the answer of `leases` for programs.
type leasesView struct {
	Table  string `json:"table"`
	Stream string `json:"stream"`
	// Retention is how long the stream keeps records, null if it does not say.
	Retention *float64     `json:"retention_seconds"`
	Leases    []leaseView  `json:"leases"`
	Workers   []workerView `json:"workers"`
}

// leaseView is one shard. What is empty or null is not known.
type leaseView struct {
	Shard      string     `json:"shard"`
	State      string     `json:"state"`
	Owner      string     `json:"owner"`
	Heir       string     `json:"heir,omitempty"`
	Since      *time.Time `json:"since"`
	Counter    int64      `json:"counter"`
	Checkpoint string     `json:"checkpoint"`
	Unread     *bool      `json:"unread"`
	lagView
	Parents    []string `json:"parents"`
	Children   []string `json:"children"`
	Throughput float64  `json:"throughput_kib_per_second"`
	Problem    string   `json:"problem,omitempty"`
}

// workerView is one process.
type workerView struct {
	ID       string `json:"id"`
	Address  string `json:"admin_address"`
	Draining bool   `json:"draining"`
	Leases   int    `json:"leases"`
}

// The states of a shard as the table and the stream show them.
const (
	stateOwned    = "owned"
	stateFree     = "free"
	stateWaiting  = "waiting for its parents"
	stateFinished = "finished"
	stateGone     = "gone from the stream"
	stateNew      = "not leased yet"
)

// Leases writes who owns what to w, as a table or as JSON. It changes nothing.
func Leases(ctx context.Context, cfg *config.Config, w io.Writer, output string) error {
	ctx, cancel := context.WithTimeout(ctx, surveyTimeout)
	defer cancel()
	s, err := newSurvey(ctx, cfg)
	if err != nil {
		return err
	}
	v := s.leasesView(ctx)
	if output == "json" {
		return writeJSON(w, v)
	}
	return writeLeases(w, v)
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	return nil
}

func (s *survey) leasesView(ctx context.Context) leasesView {
	v := leasesView{Table: s.cfg.LeaseTable(), Stream: s.cfg.StreamName(), Leases: []leaseView{}, Workers: []workerView{}}
	retention := s.retention(ctx)
	if retention > 0 {
		v.Retention = inSeconds(retention)
	}
	names := s.names()
	backlogs := s.backlogs(ctx, names)
	owned := make(map[string]int)
	for _, id := range names {
		l := s.leases[id]
		lv := leaseView{
			Shard: id, State: s.state(id), Owner: l.Owner, Heir: l.Heir, Counter: l.Counter, Checkpoint: l.Checkpoint.String(),
			Parents: s.parents(id), Children: l.Children, Throughput: l.Throughput,
		}
		if !l.AcquiredAt.IsZero() {
			lv.Since = &l.AcquiredAt
		}
		if b, ok := backlogs[id]; ok && b.err == nil {
			lv.Unread = &b.Unread
			own := shardLag{owner: l.Owner, behind: b.Age, known: true, gain: l.Lag.Gain}
			lv.lagView = own.view(retention)
		} else if ok {
			lv.Problem = b.err.Error()
		}
		if l.Owner != "" && !l.Finished() {
			owned[l.Owner]++
		}
		v.Leases = append(v.Leases, lv)
	}
	for id, w := range s.workers {
		v.Workers = append(v.Workers, workerView{ID: id, Address: w.AdminAddress, Draining: w.Draining, Leases: owned[id]})
	}
	slices.SortFunc(v.Workers, func(a, b workerView) int { return cmp.Compare(a.ID, b.ID) })
	return v
}

// parents returns a shard's parents by the stream or, if it is gone, the table.
func (s *survey) parents(id string) []string {
	if sh, ok := s.shards[id]; ok {
		return sh.Parents
	}
	return s.leases[id].Parents
}

func (s *survey) state(id string) string {
	l, leased := s.leases[id]
	_, listed := s.shards[id]
	switch {
	case leased && l.Finished():
		return stateFinished
	case !listed:
		return stateGone
	case l.Owner != "":
		return stateOwned
	case len(s.openParents(id)) > 0:
		return stateWaiting
	case !leased:
		return stateNew
	}
	return stateFree
}

// openParents returns the parents that must be finished before a shard is read.
func (s *survey) openParents(id string) []string {
	var open []string
	for _, p := range s.parents(id) {
		l, leased := s.leases[p]
		_, listed := s.shards[p]
		if listed && !(leased && l.Finished()) {
			open = append(open, p)
		}
	}
	return open
}

func writeLeases(w io.Writer, v leasesView) error {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "shard\tstate\towner\tfor\tbehind\tcaught up\theadroom\tcheckpoint\tparents")
	for _, l := range v.Leases {
		since, behind := "", ""
		if l.Since != nil {
			since = roughly(time.Since(*l.Since))
		}
		switch {
		case l.Problem != "":
			behind = "?"
		case l.Behind != nil && *l.Unread:
			behind = roughly(time.Duration(*l.Behind * float64(time.Second)))
		case l.Behind != nil:
			behind = "0"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", l.Shard, l.State, l.Owner, since, behind, l.catchUpText(), l.headroomText(), l.Checkpoint, strings.Join(l.Parents, " "))
	}
	fmt.Fprintf(t, "\nworker\tshards\tadmin\n")
	for _, k := range v.Workers {
		note := ""
		if k.Draining {
			note = " (draining)"
		}
		fmt.Fprintf(t, "%s%s\t%d\t%s\n", k.ID, note, k.Leases, k.Address)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	for _, l := range v.Leases {
		if l.Problem != "" {
			fmt.Fprintf(w, "\n%s\n", l.Problem)
		}
	}
	return nil
}

// roughly is a duration for people.
func roughly(d time.Duration) string {
	switch {
	case d < 0: // by another host's clock
		return "0s"
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
