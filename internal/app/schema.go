package app

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"korestream/event/catalogue"
	"korestream/internal/config"
)

// schemaView is what /schema shows of a process, and what schema drift asks it
// for. It holds no values of events but words that are KORE's.
type schemaView struct {
	Worker string `json:"worker"`
	// Drift says whether it watches for what is new.
	Drift bool `json:"drift"`
	catalogue.Report
}

// driftView is the answer of `schema drift` for programs.
type driftView struct {
	// Workers were asked; NotAsked live and cannot be.
	Workers  []string      `json:"workers"`
	NotAsked []silentView  `json:"not_asked"`
	Blind    []string      `json:"not_watching"`
	File     string        `json:"file,omitempty"`
	Bad      []badItemView `json:"unreadable"`
	catalogue.Report
}

// silentView is a process that could not be asked, and why.
type silentView struct {
	Worker string `json:"worker"`
	Error  string `json:"error"`
}

// SchemaDrift writes in what the events of an application differ from the
// catalogue, as its live workers have seen it since they were started.
func SchemaDrift(ctx context.Context, cfg *config.Config, w io.Writer, output string) error {
	ctx, cancel := context.WithTimeout(ctx, surveyTimeout)
	defer cancel()
	s, err := newSurvey(ctx, cfg)
	if err != nil {
		return err
	}
	v, err := s.drift(ctx)
	if err != nil {
		return err
	}
	if len(v.Workers) == 0 && len(v.NotAsked) == 0 {
		return fmt.Errorf("no worker of application %s is alive; --file looks at a file of events", cfg.Application)
	}
	if err := writeDrift(w, v, output); err != nil {
		return err
	}
	if len(v.Workers) == 0 {
		return fmt.Errorf("no worker of application %s could be asked", cfg.Application)
	}
	return nil
}

// drift asks every worker and puts the answers together. Who does not answer and
// has no heartbeat either is dead, and not missed.
func (s *survey) drift(ctx context.Context) (*driftView, error) {
	var (
		mu      sync.Mutex // guards what follows
		reports []catalogue.Report
		silent  []silentView
		g       sync.WaitGroup
	)
	v := &driftView{Workers: []string{}, NotAsked: []silentView{}, Blind: []string{}, Bad: []badItemView{}}
	for _, worker := range s.workers {
		g.Go(func() {
			var found schemaView
			err := askAdmin(ctx, worker.AdminAddress, "/schema", &found)
			if err == nil {
				err = checkAnswered(worker.AdminAddress, worker.ID, found.Worker)
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				silent = append(silent, silentView{worker.ID, err.Error()})
				return
			}
			v.Workers, reports = append(v.Workers, worker.ID), append(reports, found.Report)
			if !found.Drift {
				v.Blind = append(v.Blind, worker.ID)
			}
		})
	}
	g.Wait()
	ids := make([]string, 0, len(silent))
	for _, w := range silent {
		ids = append(ids, w.Worker)
	}
	if err := s.watch(ctx, ids...); err != nil {
		return nil, err
	}
	for _, w := range silent {
		if s.workers[w.Worker].moved {
			v.NotAsked = append(v.NotAsked, w)
		}
	}
	slices.Sort(v.Workers)
	slices.Sort(v.Blind)
	slices.SortFunc(v.NotAsked, func(a, b silentView) int { return cmp.Compare(a.Worker, b.Worker) })
	v.Report = catalogue.Merge(reports...)
	return v, nil
}

func writeDrift(w io.Writer, v *driftView, output string) error {
	if output == "json" {
		return writeJSON(w, v)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if len(v.Findings) > 0 {
		fmt.Fprintln(t, "finding\ttype\tpath\tgot\twant\tcount\tlast seen\tevent")
	}
	for _, f := range v.Findings {
		last := "-"
		if !f.Last.IsZero() {
			last = f.Last.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", f.Kind, f.Type, f.Path, cmp.Or(f.Got, "-"), cmp.Or(f.Want, "-"), f.Count, last, f.EventID)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	var seen, checked int64
	for _, n := range v.Types {
		seen, checked = seen+n.Seen, checked+n.Checked
	}
	if len(v.Findings) == 0 {
		fmt.Fprintln(w, "nothing that the catalogue does not have")
	}
	from := v.File
	if from == "" {
		from = "workers " + cmp.Or(strings.Join(v.Workers, ", "), "none")
	}
	fmt.Fprintf(w, "%s: %d events, %d of them compared with their schemas\n", from, seen, checked)
	if v.LeftOut > 0 {
		fmt.Fprintf(w, "%d more findings are only in the metrics: there were too many different ones\n", v.LeftOut)
	}
	if len(v.Blind) > 0 {
		fmt.Fprintf(w, "not watching for drift (schema.drift): %s\n", strings.Join(v.Blind, ", "))
	}
	for _, n := range v.NotAsked {
		fmt.Fprintf(w, "%s is alive and could not be asked: %s\n", n.Worker, n.Error)
	}
	return writeBad(w, v.Bad)
}
