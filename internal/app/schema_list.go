package app

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"korestream/event/catalogue"
)

// typeView is one type of events in the answer of `schema ls`.
type typeView struct {
	Type     string `json:"type"`
	Pattern  string `json:"pattern"`
	Schema   string `json:"schema"`
	Versions []int  `json:"versions"`
}

// SchemaList writes which types of events are known, and their schemas.
func SchemaList(w io.Writer, output string) error {
	list := []typeView{}
	for _, t := range catalogue.Types() {
		list = append(list, typeView{t.Name, t.Pattern, t.Schema, versionsOf(t.Schema)})
	}
	if output == "json" {
		return writeJSON(w, list)
	}
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "type\tevents of type\tschema\tversions")
	for _, v := range list {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", v.Type, v.Pattern, v.Schema, strings.Trim(fmt.Sprint(v.Versions), "[]"))
	}
	fmt.Fprintf(t, "%s\t*\t%s\t%s\n", catalogue.Envelope, catalogue.Envelope, strings.Trim(fmt.Sprint(versionsOf(catalogue.Envelope)), "[]"))
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	return nil
}

func versionsOf(schema string) (versions []int) {
	for _, s := range catalogue.Versions(schema) {
		versions = append(versions, s.Version)
	}
	return versions
}

// SchemaShow writes the schema of a type, by its end or in full, or of a schema's
// name; a version of 0 is the newest.
func SchemaShow(name string, version int, w io.Writer) error {
	s := catalogue.Find(name, version)
	if s != nil {
		_, err := w.Write(s.JSON)
		return err
	}
	if newest := catalogue.Find(name, 0); newest != nil {
		return &ExitError{ExitUsage, fmt.Errorf("schema %s has no version %d; it has %v", newest.Name, version, versionsOf(newest.Name))}
	}
	return &ExitError{ExitUsage, fmt.Errorf("no type and no schema is named %q; korestream schema ls lists them", name)}
}
