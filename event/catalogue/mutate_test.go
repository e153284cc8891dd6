package catalogue

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// spot is one member of a document that the schemas describe.
type spot struct {
	parent   map[string]any
	name     string
	path     string
	required bool
}

// spots lists the members of a document that the schemas describe, in order.
func spots(s *Schema, at string, v map[string]any) (out []spot) {
	var walk func(f *field, at string, v map[string]any)
	walk = func(f *field, at string, v map[string]any) {
		for _, name := range slices.Sorted(maps.Keys(v)) {
			known := f.members[name]
			if known == nil {
				continue
			}
			required := f == s.root && slices.Contains(s.compiled.Required, name)
			out = append(out, spot{v, name, join(at, name), required})
			if inner, ok := v[name].(map[string]any); ok {
				walk(known, join(at, name), inner)
			}
		}
	}
	walk(s.root, at, v)
	return out
}

// mutation changes a document and says what is to be found then, "" for nothing.
type mutation func(r *rand.Rand, s spot) (want string)

func dropped(_ *rand.Rand, s spot) string {
	delete(s.parent, s.name)
	if !s.required {
		return ""
	}
	return fmt.Sprintf("%s %s", MissingField, s.path)
}

func changed(r *rand.Rand, s spot) string {
	others := map[string]any{"string": "text", "number": 1.5, "boolean": true, "array": []any{}, "object": map[string]any{}}
	switch s.parent[s.name].(type) {
	case string:
		delete(others, "string")
	case float64:
		delete(others, "number")
	case map[string]any:
		delete(others, "object")
	}
	names := slices.Sorted(maps.Keys(others))
	s.parent[s.name] = others[names[r.IntN(len(names))]]
	return fmt.Sprintf("%s %s", ChangedKind, s.path)
}

func added(_ *rand.Rand, s spot) string {
	s.parent["brand_new"] = "value"
	return fmt.Sprintf("%s %s", NewField, strings.TrimSuffix(s.path, s.name)+"brand_new")
}

func TestCheck_OneMutationIsExactlyOneFinding(t *testing.T) {
	t.Parallel()
	mutations := map[string]mutation{"drop": dropped, "change": changed, "add": added}
	counts := make(map[string]int)
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 1))
		names := fixtures(t)
		name := names[r.IntN(len(names))]
		var doc map[string]any
		if err := json.Unmarshal(fixture(t, name), &doc); err != nil {
			t.Fatal(err)
		}
		data, ok := doc["data"].(map[string]any)
		if !ok || name == "constructed-edge-unknown-type.json" {
			continue
		}
		schema, _ := choose(decoded(t, fixture(t, name)), typeByName["data-session.updated"])
		all := append(spots(newest(Envelope), "", doc), spots(schema, "data", data)...)
		s := all[r.IntN(len(all))]
		if s.path == "id" || s.path == "type" || s.path == "data" {
			continue // without these it is no event, or none of that type
		}
		kind := slices.Sorted(maps.Keys(mutations))[r.IntN(3)]
		want := mutations[kind](r, s)
		text, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		var wants, got []string
		if want != "" {
			wants = append(wants, want)
		}
		for _, f := range Check(decoded(t, text)).Findings {
			got = append(got, fmt.Sprintf("%s %s", f.Kind, f.Path))
		}
		if diff := cmp.Diff(wants, got); diff != "" {
			t.Fatalf("seed %d, %s: %s %s (-want +got):\n%s", seed, name, kind, s.path, diff)
		}
		counts[kind]++
	}
	for kind := range mutations {
		if counts[kind] < 60 {
			t.Errorf("only %d of %s", counts[kind], kind)
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, name := range fixtures(f) {
		f.Add(fixture(f, name))
	}
	f.Add([]byte(`{"id":"1","type":"supersim.connection.attachment.failed","data":{"error":{"code":1e400},"location":{"lat":-0.0}}}`))
	f.Add([]byte(`{"id":"1","type":"eventstreams.test.event","dataschema":"//.json","data":"{\"test_id\":[[]]}"}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		items, err := decodeAny(payload)
		if err != nil {
			return
		}
		for _, e := range items {
			r, again := Check(e), Check(e)
			if diff := cmp.Diff(r.Findings, again.Findings); diff != "" {
				t.Fatalf("two checks differ:\n%s", diff)
			}
			for i, finding := range r.Findings {
				if finding.Path == "" || finding.Kind == "" || finding.String() == "" || slices.Contains(r.Findings[:i], finding) {
					t.Fatalf("finding %+v says nothing, or is there twice", finding)
				}
				if len(finding.Path) > 1024 || len(finding.Got) > 512 {
					t.Fatalf("finding %+v is not bounded", finding)
				}
			}
			if r.Schema == nil && r.Label != Other {
				t.Fatalf("label %s without a schema", r.Label)
			}
		}
	})
}
