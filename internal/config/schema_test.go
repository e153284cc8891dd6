package config

import (
	"bytes"
	"strings"
	"testing"

	"korestream/handlers"
)

func TestSchema_PolicyByTypeFromTheFileAndFromAVariable(t *testing.T) {
	t.Parallel()
	const rules = `[{match: "*.test.event", on_mismatch: pass}, {match: "*.data-session.*"}]`
	file := write(t, "stream: s\nschema: {on_mismatch: warn, drift: false, types: "+rules+"}\n")
	for source, src := range map[string]Sources{
		"file":     {File: file, NoFiles: true},
		"variable": {Env: []string{"KORESTREAM_STREAM=s", "KORESTREAM_SCHEMA_ON_MISMATCH=warn", "KORESTREAM_SCHEMA_DRIFT=false", "KORESTREAM_SCHEMA_TYPES=" + rules}, NoFiles: true},
	} {
		c, err := Load(src)
		if err != nil {
			t.Fatalf("%s: %v", source, err)
		}
		check, err := c.Schema.Check()
		if err != nil || check.OnMismatch != handlers.WarnMismatch || check.Drift || check.Sample != 10000 || len(check.Rules) != 2 {
			t.Fatalf("%s: got %+v, %v", source, check, err)
		}
		if r := check.Rules; r[0].OnMismatch != handlers.PassMismatch || r[1].OnMismatch != handlers.BuryMismatch || r[1].Match.String() != "*.data-session.*" {
			t.Errorf("%s: got rules %+v", source, r)
		}
		var out bytes.Buffer
		if err := Write(&out, c); err != nil {
			t.Fatal(err)
		}
		again, err := Load(Sources{File: write(t, out.String()), NoFiles: true})
		if err != nil || len(again.Schema.Types) != 2 || again.Schema.Types[1] != c.Schema.Types[1] {
			t.Errorf("%s: written and read again: got %+v, %v", source, again, err)
		}
	}
}

func TestSchema_DefaultWatchesAndBuriesNothing(t *testing.T) {
	t.Parallel()
	c, err := Load(Sources{Flags: map[string]string{"stream": "s"}, NoFiles: true})
	if err != nil {
		t.Fatal(err)
	}
	check, err := c.Schema.Check()
	if want := handlers.DefaultSchemaConfig(); err != nil || check.OnMismatch != want.OnMismatch || check.Drift != want.Drift || check.Sample != want.Sample || check.Rules != nil {
		t.Errorf("got %+v, %v; want %+v", check, err, want)
	}
}

func TestSchema_NamesEveryMistake(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"schema: {types: warn}":                                   {"schema.types (", "want a list"},
		"schema: {types: [pass]}":                                 {"schema.types[0] (", "want a pattern"},
		`schema: {types: [{match: "a|b"}]}`:                       {"schema.types[0].match (", "not a regular expression"},
		"schema: {types: [{on_mismatch: warn}]}":                  {"schema.types[0].match (", "empty"},
		`schema: {types: [{match: "*"}, {match: "*", on: warn}]}`: {"schema.types[1].on (", "unknown key"},
		`schema: {types: [{match: "*", on_mismatch: drop}]}`:      {"schema.types[0].on_mismatch (", "none of pass"},
		"schema: {on_mismatch: fail}":                             {"schema.on_mismatch (", "none of pass"},
		"schema: {sample: 0}":                                     {"schema.sample (", "at least 1"},
	} {
		_, err := Load(Sources{File: write(t, "stream: s\n"+text+"\n"), NoFiles: true})
		if err == nil || !strings.Contains(err.Error(), want[0]) || !strings.Contains(err.Error(), want[1]) || strings.Count(err.Error(), "\n") > 0 {
			t.Errorf("%s: got %v, want %q alone", text, err, want)
		}
	}
}
