package app

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"korestream/event"
	"korestream/event/catalogue"
)

// badItemView is a part of a file that holds no event.
type badItemView struct {
	At    string `json:"at"`
	Error string `json:"error"`
}

// mismatchView is an event of a file that breaks its schema.
type mismatchView struct {
	At       string              `json:"at"`
	EventID  string              `json:"event_id"`
	Type     string              `json:"type"`
	Schema   string              `json:"schema"`
	Findings []catalogue.Finding `json:"findings"`
}

// checkView is the answer of `schema check` for programs.
type checkView struct {
	Events     int            `json:"events"`
	Matching   int            `json:"matching"`
	Mismatches []mismatchView `json:"mismatches"`
	Bad        []badItemView  `json:"unreadable"`
}

// errMismatch asks for exit code 1.
var errMismatch = errors.New("not every event matches its schema")

// SchemaCheck compares the events of a file, or of stdin for -, with their
// schemas. It fails if one breaks its own, or if something holds no event.
func SchemaCheck(path string, stdin io.Reader, w io.Writer, output string) error {
	v := checkView{Mismatches: []mismatchView{}, Bad: []badItemView{}}
	bad, err := eachEvent(path, stdin, func(at string, e *event.Event) {
		v.Events++
		r := catalogue.Check(e)
		var mismatch *catalogue.MismatchError
		if !errors.As(r.Err(), &mismatch) {
			v.Matching++
			return
		}
		v.Mismatches = append(v.Mismatches, mismatchView{at, e.ID, mismatch.Findings[0].Type, mismatch.Schema, mismatch.Findings})
	})
	if err != nil {
		return err
	}
	v.Bad = append(v.Bad, bad...)
	if output == "json" {
		err = writeJSON(w, v)
	} else {
		err = writeCheck(w, v)
	}
	if err == nil && len(v.Mismatches)+len(v.Bad) > 0 {
		return errMismatch
	}
	return err
}

func writeCheck(w io.Writer, v checkView) error {
	for _, m := range v.Mismatches {
		for _, f := range m.Findings {
			fmt.Fprintf(w, "%s: event %s, %s: %s\n", m.At, m.EventID, m.Type, f)
		}
	}
	if err := writeBad(w, v.Bad); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%d events: %d match, %d do not\n", v.Events, v.Matching, len(v.Mismatches))
	return err
}

func writeBad(w io.Writer, bad []badItemView) error {
	for _, b := range bad {
		if _, err := fmt.Fprintf(w, "%s holds no event: %s\n", b.At, b.Error); err != nil {
			return fmt.Errorf("write answer: %w", err)
		}
	}
	return nil
}

// SchemaDriftFile writes in what the events of a file, or of stdin for -, differ
// from the catalogue.
func SchemaDriftFile(path string, stdin io.Reader, w io.Writer, output string) error {
	found := catalogue.NewCollector()
	bad, err := eachEvent(path, stdin, func(_ string, e *event.Event) {
		r := catalogue.Check(e)
		found.Counter(r.Label).Due(1, "")
		found.Counter(r.Label).Checked()
		for _, f := range r.Findings {
			found.Add(r.Label, f, e.ID, seenAt(e))
		}
	})
	if err != nil {
		return err
	}
	v := &driftView{File: path, Workers: []string{}, NotAsked: []silentView{}, Blind: []string{}, Bad: append([]badItemView{}, bad...), Report: found.Report()}
	return writeDrift(w, v, output)
}

// seenAt is the event's own time, for a file does not tell when it came.
func seenAt(e *event.Event) time.Time { return e.Time }

// eachEvent reads a file of events: NDJSON, or JSON documents over several lines,
// each of them an event or an array of events. It returns what holds no event.
func eachEvent(path string, stdin io.Reader, use func(at string, e *event.Event)) (bad []badItemView, err error) {
	r := stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, &ExitError{ExitUsage, err}
		}
		defer f.Close()
		r = f
	}
	take := func(at string, text []byte) {
		items, err := event.Decode(text)
		if err != nil {
			bad = append(bad, badItemView{at, err.Error()})
		}
		for _, it := range items {
			if it.Err != nil {
				bad = append(bad, badItemView{at, it.Err.Error()})
				continue
			}
			use(at, it.Event)
		}
	}
	if err := readEvents(bufio.NewReader(r), take); err != nil {
		return bad, fmt.Errorf("read events: %w", err)
	}
	return bad, nil
}

// lax takes what Decode is to judge.
var lax = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// readEvents takes a file apart. Its first line tells its form: one that begins a
// document and does not end it is not NDJSON.
func readEvents(r *bufio.Reader, take func(at string, text []byte)) error {
	first := true
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if text := bytes.TrimSpace(line); len(text) > 0 {
			if first && (text[0] == '{' || text[0] == '[') && !jsontext.Value(text).IsValid(lax...) {
				return readDocuments(io.MultiReader(bytes.NewReader(line), r), take)
			}
			first = false
			take(fmt.Sprintf("line %d", n), text)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// readDocuments takes a file apart that has JSON documents over several lines.
// What follows a mistake is not read: nobody knows where the next one begins.
func readDocuments(r io.Reader, take func(at string, text []byte)) error {
	dec := jsontext.NewDecoder(r, lax...)
	for n := 1; ; n++ {
		v, err := dec.ReadValue()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("document %d: %w", n, err)
		}
		take(fmt.Sprintf("document %d", n), bytes.Clone(v))
	}
}
