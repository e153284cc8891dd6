package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"korestream/consumer"
	"korestream/event/catalogue"
)

// samples are the texts of the samples that match their schemas.
func samples(t *testing.T) (texts []string) {
	t.Helper()
	paths, err := filepath.Glob("../../event/testdata/constructed-supersim-*.json")
	if err != nil || len(paths) < 9 {
		t.Fatalf("found %d samples, %v", len(paths), err)
	}
	for _, p := range paths {
		text, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	return texts
}

// oneLine is a text of JSON on one line.
func oneLine(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(text)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func checkOf(t *testing.T, text string) (v checkView, err error) {
	t.Helper()
	var out bytes.Buffer
	err = SchemaCheck("-", strings.NewReader(text), &out, "json")
	if jsonErr := json.Unmarshal(out.Bytes(), &v); err == nil && jsonErr != nil {
		t.Fatal(jsonErr)
	}
	return v, err
}

func TestSchemaCheck_ReadsEveryFormOfAFile(t *testing.T) {
	t.Parallel()
	all := samples(t)
	var lines []string
	for _, s := range all {
		lines = append(lines, oneLine(t, s))
	}
	for name, text := range map[string]string{
		"lines":                    strings.Join(lines, "\n"),
		"lines and blanks":         "\n\r\n" + strings.Join(lines, "\r\n\n") + "\n",
		"an array a line":          "[" + strings.Join(lines, ",") + "]\n",
		"documents":                strings.Join(all, "\n"),
		"documents in one go":      strings.Join(all, ""),
		"an array over many":       "[\n" + strings.Join(all, ",\n") + "]",
		"lines after a long blank": strings.Repeat("\n", 100_000) + strings.Join(lines, "\n"),
	} {
		v, err := checkOf(t, text)
		if err != nil || v.Events != len(all) || v.Matching != len(all) || len(v.Bad) > 0 {
			t.Errorf("%s: got %+v, %v; want %d events that match", name, v, err, len(all))
		}
	}
	if v, err := checkOf(t, ""); err != nil || v.Events != 0 {
		t.Errorf("an empty file: got %+v, %v", v, err)
	}
}

func TestSchemaCheck_NamesWhatHoldsNoEventAndGoesOn(t *testing.T) {
	t.Parallel()
	good := oneLine(t, samples(t)[0])
	v, err := checkOf(t, strings.Join([]string{good, `{"id": 7`, "nonsense", `[{"id":"1"},` + good + `]`, good}, "\n"))
	if !errors.Is(err, errMismatch) || v.Events != 3 || v.Matching != 3 || len(v.Bad) != 3 {
		t.Fatalf("got %+v, %v; want 3 events and 3 that are none", v, err)
	}
	for i, at := range []string{"line 2", "line 3", "line 4"} {
		if v.Bad[i].At != at || v.Bad[i].Error == "" {
			t.Errorf("got %+v, want it at %s and why", v.Bad[i], at)
		}
	}
	if _, err := checkOf(t, samples(t)[0]+"{\n"+good); err == nil || !strings.Contains(err.Error(), "document 2") {
		t.Errorf("documents with a mistake: got %v, want the second named", err)
	}
}

func TestSchemaCheck_AMismatchNamesPlacesAndKinds(t *testing.T) {
	t.Parallel()
	bad := strings.Replace(samples(t)[0], `"imei": "350000000000017"`, `"imei": 350000000000017`, 1)
	v, err := checkOf(t, samples(t)[1]+bad)
	if !errors.Is(err, errMismatch) || v.Matching != 1 || len(v.Mismatches) != 1 {
		t.Fatalf("got %+v, %v; want one that matches and one that does not", v, err)
	}
	m := v.Mismatches[0]
	if m.At != "document 2" || m.Schema != "SuperSim.ConnectionEvent/2" || m.EventID == "" || len(m.Findings) != 1 || m.Findings[0].String() != "data.imei: got number, want null or string" {
		t.Errorf("got %+v", m)
	}
}

func TestSchemaDriftFile_TakesTheTimesOfTheEvents(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for _, at := range []string{"2026-03-01T12:00:00Z", "2026-03-03T12:00:00Z"} {
		text.WriteString(`{"id":"1","type":"never.heard.of","source":"s","specversion":"1.0","time":"` + at + `"}` + "\n")
	}
	var out bytes.Buffer
	if err := SchemaDriftFile("-", strings.NewReader(text.String()), &out, "json"); err != nil {
		t.Fatal(err)
	}
	var v driftView
	if err := json.Unmarshal(out.Bytes(), &v); err != nil {
		t.Fatal(err)
	}
	if f := v.Findings; len(f) != 1 || f[0].Count != 2 || !f[0].First.Equal(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)) || !f[0].Last.Equal(time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)) {
		t.Errorf("got %+v, want one finding of two days", f)
	}
	out.Reset()
	if err := SchemaDriftFile("-", strings.NewReader(text.String()+"nonsense\n"), &out, "table"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"new_type", "never.heard.of", "2026-03-03T12:00:00Z", "-: 2 events, 2 of them", "line 3 holds no event"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table has no %q:\n%s", want, out.String())
		}
	}
}

func TestMetrics_OfFindingsHaveNoLabelOfTheWire(t *testing.T) {
	t.Parallel()
	found := catalogue.NewCollector()
	for _, path := range []string{"data.a", "data.b", "data.c"} {
		found.Counter(catalogue.Other).Due(1, "")
		found.Counter(catalogue.Other).Checked()
		found.Add(catalogue.Other, catalogue.Finding{Type: "type." + path, Kind: catalogue.NewField, Path: path}, "EZ", time.Now())
	}
	c := testCollector(func() consumer.Status { return consumer.Status{} })
	c.found = found
	series := make(map[string]string)
	for name, v := range gather(t, c) {
		if strings.Contains(name, "schema") {
			series[name] = v
		}
	}
	if len(series) != 2 || series["korestream_schema_findings_total new_field other"] != "3" || series["korestream_schema_checked_total other"] != "3" {
		t.Errorf("got %v, want 3 new fields of other types, and 3 events checked", series)
	}
}
