package event

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("found %d fixtures, %v", len(files), err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	for _, s := range []string{"", "[]", "[{},7]", `{"id":"1","type":"t","data":"{\"a\":1}"}`, `{"id":"1","id":"2"}`, "\xef\xbb\xbf{}", nested(100)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		before := bytes.Clone(payload)
		items, err := Decode(payload)
		if !bytes.Equal(before, payload) {
			t.Fatal("the payload was changed")
		}
		if (err == nil) == (len(items) == 0) {
			t.Fatalf("got %d items and %v, want either", len(items), err)
		}
		for _, it := range items {
			if (it.Event == nil) == (it.Err == nil) {
				t.Fatalf("got %+v, want an event or an error", it)
			}
			if !bytes.Contains(payload, it.Raw) || len(it.Raw) == 0 {
				t.Fatalf("raw %q is no part of the payload", it.Raw)
			}
			if it.Err != nil {
				if it.Err.Offset < 0 || it.Err.Offset > int64(len(payload)) || it.Err.Reason == "" {
					t.Fatalf("got %v for %d bytes", it.Err, len(payload))
				}
				continue
			}
			again(t, it.Event)
		}
	})
}

// again decodes an event's bytes once more: the same event must come out.
func again(t *testing.T, e *Event) {
	t.Helper()
	items, err := Decode(e.Raw)
	if err != nil || len(items) != 1 || items[0].Event == nil {
		t.Fatalf("%q: got %v, %v, want the event again", e.Raw, items, err)
	}
	o := items[0].Event
	if e.ID != o.ID || e.Type != o.Type || e.SIM() != o.SIM() || e.DedupeID() != o.DedupeID() || !bytes.Equal(e.Data, o.Data) {
		t.Fatalf("got %+v and then %+v", e, o)
	}
	if e.ID == "" || e.Type == "" {
		t.Fatalf("an event without an identity: %+v", e)
	}
	_, _ = e.Connection() // must not panic; the error is not the point
}
