package catalogue

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"korestream/event"
)

// decoded is the one event of a payload.
func decoded(t testing.TB, payload []byte) *event.Event {
	t.Helper()
	items, err := event.Decode(payload)
	if err != nil || len(items) != 1 || items[0].Err != nil {
		t.Fatalf("decode %s: got %v, %v; want one event", payload, items, err)
	}
	return items[0].Event
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func fixtures(t testing.TB) []string {
	t.Helper()
	paths, err := filepath.Glob("../testdata/*.json")
	if err != nil || len(paths) < 11 {
		t.Fatalf("found %d fixtures, %v", len(paths), err)
	}
	for i := range paths {
		paths[i] = filepath.Base(paths[i])
	}
	return paths
}

func TestCheck_EverySampleIsWhatItsNameSays(t *testing.T) {
	t.Parallel()
	for _, name := range fixtures(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := Check(decoded(t, fixture(t, name)))
			if strings.Contains(name, "unknown-type") {
				want := []Finding{{
					Type: "com.kore.someproduct.thing.happened", Kind: NewType, Path: "type",
					Got: "com.kore.someproduct.thing.happened", Want: "a type of the catalogue",
				}}
				if diff := cmp.Diff(want, r.Findings); diff != "" || r.Schema != nil || r.Label != Other || r.Err() != nil {
					t.Errorf("got schema %v, label %s, error %v; findings (-want +got):\n%s", r.Schema, r.Label, r.Err(), diff)
				}
				return
			}
			want := "SuperSim.ConnectionEvent/2"
			if strings.Contains(name, "schema-v1") {
				want = "SuperSim.ConnectionEvent/1"
			}
			if r.Schema == nil || r.Schema.String() != want || len(r.Findings) > 0 {
				t.Errorf("got schema %v and %v, want %s and nothing", r.Schema, r.Findings, want)
			}
			suffix := strings.TrimSuffix(strings.TrimPrefix(name, "constructed-supersim-"), ".json")
			if label := strings.ReplaceAll(r.Label, ".", "-"); !strings.HasPrefix(suffix, label) && !strings.HasPrefix(name, "constructed-edge") {
				t.Errorf("got label %s for %s", r.Label, name)
			}
		})
	}
}

func TestCheck_KORETestEventMatches(t *testing.T) {
	t.Parallel()
	for name, payload := range map[string]string{
		"kore":   `{"data":{"test_id":"88bf54a9-f2fb-40b6-8faf-e6c5a3c348d2"},"id":"fff521c2-c7db-4b53-a5a0-c5d5d01f66ce","time":"2024-09-25T19:09:48.5842087+00:00","type":"com.kore.eventstreams.test.event","source":"kore-events","dataschema":"/schemas/test/1","specversion":"1.0","datacontenttype":"application/json"}`,
		"legacy": `{"specversion":"1.0","type":"com.twilio.eventstreams.test-event","source":"Sink","id":"AC4c122831efef10ac68b5223dccd6f614","dataschema":"https://events-schemas.twilio.com/EventStreams.TestSink/1.json","datacontenttype":"application/json","time":"2022-12-14T13:40:52.000Z","data":{"test_id":"1"}}`,
	} {
		r := Check(decoded(t, []byte(payload)))
		if r.Label != Test || r.Schema == nil || r.Schema.String() != "test/1" || len(r.Findings) > 0 {
			t.Errorf("%s: got label %s, schema %v, %v; want test, test/1 and nothing", name, r.Label, r.Schema, r.Findings)
		}
	}
}

func TestSchemas_SayWhatEveryMemberIsAndUseOnlyWhatIsReported(t *testing.T) {
	t.Parallel()
	keywords := []string{"$schema", "$id", "title", "description", "type", "properties", "required", "format", "examples"}
	var look func(t *testing.T, at string, s map[string]any)
	look = func(t *testing.T, at string, s map[string]any) {
		if s["title"] == nil || s["description"] == nil {
			t.Errorf("%s has no title or no description", at)
		}
		for k := range s {
			if !slices.Contains(keywords, k) {
				t.Errorf("%s has the keyword %s, of which no finding speaks", at, k)
			}
		}
		members, _ := s["properties"].(map[string]any)
		required, _ := s["required"].([]any)
		for _, name := range required {
			if members[name.(string)] == nil {
				t.Errorf("%s requires %v, which it does not describe", at, name)
			}
		}
		for name, m := range members {
			look(t, at+"."+name, m.(map[string]any))
		}
	}
	meta, n := metaSchema(t), 0
	for name, versions := range loaded() {
		for _, s := range versions {
			var doc map[string]any
			if err := json.Unmarshal(s.JSON, &doc); err != nil {
				t.Fatal(err)
			}
			if doc["$schema"] != "http://json-schema.org/draft-07/schema#" {
				t.Errorf("%s: got $schema %v, want draft-07", s, doc["$schema"])
			}
			if err := meta.Validate(doc); err != nil {
				t.Errorf("%s is no JSON Schema: %v", s, err)
			}
			look(t, name, doc)
			n++
		}
	}
	if n != 4 {
		t.Errorf("got %d schemas, want 4", n)
	}
	for _, ty := range Types() {
		if Versions(ty.Schema) == nil {
			t.Errorf("type %s has no schema %s", ty.Name, ty.Schema)
		}
	}
}

func metaSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile("http://json-schema.org/draft-07/schema")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSchemas_Version2IsVersion1AndTheTotalsOfTheSession(t *testing.T) {
	t.Parallel()
	v := Versions(Connection)
	var added []string
	for name := range v[1].root.members {
		if v[0].root.members[name] == nil {
			added = append(added, name)
		}
	}
	slices.Sort(added)
	want := []string{"data_session_data_download", "data_session_data_total", "data_session_data_upload"}
	if diff := cmp.Diff(want, added); diff != "" {
		t.Errorf("members of version 2 alone (-want +got):\n%s", diff)
	}
	for name, f := range v[0].root.members {
		if diff := cmp.Diff(f, v[1].root.members[name], cmp.AllowUnexported(field{})); diff != "" {
			t.Errorf("%s differs between the versions (-1 +2):\n%s", name, diff)
		}
	}
}

func TestLabel_IsTheSameForEverySpellingOfAType(t *testing.T) {
	t.Parallel()
	n := 0
	for full, want := range typeInFull {
		other := strings.NewReplacer("com.kore.", "org.example.", "com.twilio.", "net.example.").Replace(full)
		for _, spelling := range []string{full, other} {
			if got := Label(&event.Event{Type: spelling}); got != want.Name {
				t.Errorf("%s: got %s, want %s", spelling, got, want.Name)
			}
			n++
		}
	}
	if n != 2*(2*7+1) {
		t.Errorf("looked at %d spellings, want two prefixes of 7 types, the test event, and each otherwise", n)
	}
}

func TestFind_TakesWhatPeopleWrite(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"data-session.updated":                               "SuperSim.ConnectionEvent/2",
		"data-session-updated":                               "SuperSim.ConnectionEvent/2",
		"com.kore.iot.supersim.connection.attachment.failed": "SuperSim.ConnectionEvent/2",
		"SuperSim.ConnectionEvent":                           "SuperSim.ConnectionEvent/2",
		"test":                                               "test/1",
		event.TypeTest:                                       "test/1",
		"envelope":                                           "envelope/1",
	} {
		if s := Find(text, 0); s == nil || s.String() != want {
			t.Errorf("%s: got %v, want %s", text, s, want)
		}
	}
	if s := Find("data-session.updated", 1); s == nil || s.Version != 1 {
		t.Errorf("version 1: got %v", s)
	}
	for _, text := range []string{"", "no-such", "supersim.connection.test"} {
		if s := Find(text, 0); s != nil {
			t.Errorf("%q: got %v, want none", text, s)
		}
	}
	if s := Find("test", 7); s != nil {
		t.Errorf("a version that there is not: got %v", s)
	}
}

// decodeAny returns what events there are in a payload.
func decodeAny(payload []byte) (events []*event.Event, err error) {
	items, err := event.Decode(payload)
	for _, it := range items {
		if it.Event != nil {
			events = append(events, it.Event)
		}
	}
	return events, err
}
