package handlers

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"korestream/event"
)

func FuzzShape(f *testing.F) {
	files, err := filepath.Glob("../event/testdata/*.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("found %d fixtures, %v", len(files), err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, "data.sim_iccid,data.network.sid,data.location", "", false)
		f.Add(b, "data.imsi", "data.network,data.imsi,data.location.lat", true)
	}
	f.Add([]byte(`{"id":"1","type":"t","data":[ {"a":1 , "b":[{"a":2},3,null]} , 4]}`), "data.a,data.b.a", "data.b.a", false)
	f.Add([]byte(`{"data":"{\"a\" : 1e5, \"\\u0062\":{\"a\":\"\\n\"}}" , "id":"1","type":"t"}`), "data.a", "data.b", true)
	f.Add([]byte(`{"data":"text", "id":"1","type":"t"}`), "", "data.b", false)
	f.Fuzz(func(t *testing.T, payload []byte, redact, project string, masks bool) {
		items, err := event.Decode(payload)
		if err != nil {
			return
		}
		hidden, kept := fuzzPaths(redact), fuzzPaths(project)
		s, err := NewShape(fuzzConfig(hidden, kept, masks))
		if err != nil || s == nil {
			return
		}
		for _, it := range items {
			if it.Event != nil {
				checkShape(t, it.Event, s, hidden, kept, masks)
			}
		}
	})
}

func fuzzPaths(texts string) (paths []Path) {
	for text := range strings.SplitSeq(texts, ",") {
		if p, err := ParsePath(text); err == nil {
			paths = append(paths, p)
		}
	}
	return paths
}

func fuzzConfig(hidden, kept []Path, masks bool) ShapeConfig {
	cfg := ShapeConfig{Project: kept}
	for _, p := range hidden {
		r := Redaction{text: p.text, mode: redactRemove, path: p}
		if masks {
			r.mode = redactMask
		}
		cfg.Redact = append(cfg.Redact, r)
	}
	return cfg
}

// checkShape compares what a shape makes of an event with what comes out of
// maps, which know nothing of texts.
func checkShape(t *testing.T, e *event.Event, s *Shape, hidden, kept []Path, masks bool) {
	t.Helper()
	before := bytes.Clone(e.Raw)
	got, err := s.Apply(e)
	if err != nil {
		t.Fatalf("%s: got %v, want none for a valid event", e.Raw, err)
	}
	if !bytes.Equal(before, e.Raw) {
		t.Fatal("the event itself was changed")
	}
	items, err := event.Decode(got.Raw)
	if err != nil || len(items) != 1 || items[0].Err != nil {
		t.Fatalf("%s became %s: %v", e.Raw, got.Raw, err)
	}
	again := items[0].Event
	if again.ID != e.ID || again.Type != e.Type || !bytes.Equal(again.Data, got.Data) {
		t.Fatalf("%s became %s with data %s", e.Raw, got.Raw, got.Data)
	}
	want := naive(t, e.Data, hidden, kept, masks)
	if have := plain(t, got.Data); !reflect.DeepEqual(have, want) {
		t.Fatalf("%s became %s, want %v", e.Data, got.Data, want)
	}
	if !masks && !isSubsequence(rawTokens(t, got.Data), rawTokens(t, e.Data)) {
		t.Fatalf("%s became %s, in which something is new, or in another order", e.Data, got.Data)
	}
	if envelope, was := envelopeOf(t, got.Raw), envelopeOf(t, e.Raw); !reflect.DeepEqual(envelope, was) {
		t.Fatalf("envelope: got %v of %v", envelope, was)
	}
}

func plain(t *testing.T, text []byte) (v any) {
	t.Helper()
	if len(text) == 0 {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber() // numbers are compared as they are written
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func envelopeOf(t *testing.T, raw []byte) map[string]any {
	t.Helper()
	m, ok := plain(t, raw).(map[string]any)
	if !ok {
		t.Fatalf("%s is no object", raw)
	}
	delete(m, "data")
	return m
}

// naive is a shape by maps.
func naive(t *testing.T, data []byte, hidden, kept []Path, masks bool) any {
	t.Helper()
	v := plain(t, data)
	for _, p := range hidden {
		hide(v, p.names, masks)
	}
	if kept == nil {
		return v
	}
	var trails [][]string
	for _, p := range kept {
		trails = append(trails, p.names)
	}
	out, _ := retain(v, trails)
	return out
}

func hide(v any, names []string, masks bool) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			hide(e, names, masks)
		}
	case map[string]any:
		inner, ok := v[names[0]]
		switch {
		case !ok:
		case len(names) > 1:
			hide(inner, names[1:], masks)
		case masks:
			v[names[0]] = maskAll(inner)
		default:
			delete(v, names[0])
		}
	}
}

func maskAll(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = maskAll(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = maskAll(v[k])
		}
	case string:
		return mask(v)
	case json.Number:
		return mask(v.String())
	case bool:
		return stars
	}
	return v
}

// retain returns what the trails lead to, and whether there is such a thing.
func retain(v any, trails [][]string) (any, bool) {
	switch v := v.(type) {
	case []any:
		out := []any{}
		for _, e := range v {
			if kept, ok := retain(e, trails); ok {
				out = append(out, kept)
			}
		}
		return out, true
	case map[string]any:
		out := map[string]any{}
		for name, inner := range v {
			var on [][]string
			whole := false
			for _, trail := range trails {
				if trail[0] == name {
					on = append(on, trail[1:])
					whole = whole || len(trail) == 1
				}
			}
			if whole {
				out[name] = inner
			} else if kept, ok := retain(inner, on); ok && len(on) > 0 {
				out[name] = kept
			}
		}
		return out, true
	}
	return nil, false
}

// rawTokens are the tokens of a text as they are written.
func rawTokens(t *testing.T, text []byte) (tokens []string) {
	t.Helper()
	if len(text) == 0 {
		return nil
	}
	dec := jsontext.NewDecoder(bytes.NewReader(text))
	for k := dec.PeekKind(); k != 0; k = dec.PeekKind() {
		if k == '{' || k == '[' || k == '}' || k == ']' {
			if _, err := dec.ReadToken(); err != nil {
				t.Fatal(err)
			}
			tokens = append(tokens, k.String())
			continue
		}
		raw, err := dec.ReadValue()
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, string(raw))
	}
	return tokens
}

func isSubsequence(part, whole []string) bool {
	for _, s := range whole {
		if len(part) > 0 && part[0] == s {
			part = part[1:]
		}
	}
	return len(part) == 0
}
