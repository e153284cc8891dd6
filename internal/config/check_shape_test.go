package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLoad_ReadsWhatAHandlerGetsAndSees(t *testing.T) {
	t.Parallel()
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte("0123456789abcdef\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(Sources{File: write(t, `
stream: s
handlers:
  - name: lake
    type: log
    where: data.network.iso_country in ["US", "CA"] && !has(data.error)
    redact: [location, imsi=mask, iccid=hash, data.network.sid]
    redact_key_file: `+key+`
    project: [data.sim_iccid, data.network]
  - {name: all, type: log}
`)})
	if err != nil {
		t.Fatal(err)
	}
	h := &c.Handlers[0]
	if diff := cmp.Diff([]string{"location", "imsi=mask", "iccid=hash", "data.network.sid"}, h.Redact); diff != "" || h.RedactKey != key || len(h.Project) != 2 {
		t.Errorf("got %+v\n%s", h, diff)
	}
	w, err := h.Condition()
	if err != nil || w == nil || w.String() != h.Where {
		t.Errorf("condition: got %v, %v; want %s", w, err, h.Where)
	}
	if s, err := h.Shape([]byte("0123456789abcdef")); err != nil || s == nil {
		t.Errorf("shape: got %v, %v", s, err)
	}
	w, err = c.Handlers[1].Condition()
	s, err2 := c.Handlers[1].Shape(nil)
	if w != nil || s != nil || err != nil || err2 != nil {
		t.Errorf("a handler that gets and sees all: got %v, %v, %v, %v", w, s, err, err2)
	}
}

func TestLoad_NamesEveryMistakeInWhatAHandlerGetsAndSees(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	short := filepath.Join(dir, "short")
	if err := os.WriteFile(short, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, handler, key, want string }{
		{"a condition cut short", `where: "data.x =="`, "where", "line 1, column 10: Syntax error"},
		{"a condition on what is not there", `where: "dta.x == 1"`, "where", "column 1: undeclared reference to 'dta' (did you mean 'data'?)"},
		{"no condition", `where: "data.x"`, "where", "is of type dyn; want a condition"},
		{"an unknown group", `redact: [imei, icid]`, "redact[1]", "neither one of iccid"},
		{"a path in the envelope", `redact: [subject.x]`, "redact[0]", "want a member of data"},
		{"an unknown mode", `redact: [iccid=encrypt]`, "redact[0]", "none of remove, mask and hash"},
		{"twice", `redact: [imei, imei=mask]`, "", "redacted twice"},
		{"a hash without a key", `redact: [iccid=hash]`, "redact_key_file", "a hash needs a key"},
		{"a key without a hash", `redact: [iccid], redact_key_file: ` + short, "redact_key_file", "only what is redacted with =hash"},
		{"a key that is short", `redact: [iccid=hash], redact_key_file: ` + short, "redact_key_file", "6 bytes; want 16 or more"},
		{"a key that is not there", `redact: [iccid=hash], redact_key_file: ` + short + `.none`, "redact_key_file", "no such file"},
		{"a path of another language", `project: ["data.a[*].b"]`, "project[0]", "goes through lists by itself"},
		{"a projection on nothing", `project: []`, "", "name what is to stay"},
		{"a name with a slip", `projct: [data.a]`, "projct", "did you mean project"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := write(t, "stream: s\ndead_letters: {path: "+filepath.Join(dir, "letters")+"}\nhandlers:\n  - {name: a, type: log, "+tt.handler+"}\n")
			_, err := Load(Sources{File: path})
			at := "handlers[0]"
			if tt.key != "" {
				at += "." + tt.key
			}
			if want := at + " (" + path + ":3): "; err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one mistake at %s with %q", err, want, tt.want)
			}
		})
	}
}
