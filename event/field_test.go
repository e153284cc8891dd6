package event

import "testing"

func TestField_FindsWhatADottedPathNames(t *testing.T) {
	t.Parallel()
	const object = `{"id":"1","type":"t","extra":{"a":{"b":"deep"}},"data":{"sim_sid":"HS1","network":{"sid":"HW\u0031","mcc":310,"n":null},"up":true,"list":[{"a":1}]}}`
	const inString = `{"id":"1","type":"t","data":"{\"network\":{\"sid\":\"HW2\"}}"}`
	for _, c := range []struct{ payload, path, want string }{
		{object, "data.network.sid", "HW1"},
		{object, "data.network.mcc", "310"},
		{object, "data.up", "true"},
		{object, "extra.a.b", "deep"},
		{object, "id", "1"},
		{object, "data.network.n", ""},
		{object, "data.network", ""},
		{object, "data.list", ""},
		{object, "data.list.a", ""},
		{object, "data.network.sid.more", ""},
		{object, "data.none", ""},
		{object, "none.sid", ""},
		{inString, "data.network.sid", "HW2"},
		{`{"id":"1","type":"t"}`, "data.network.sid", ""},
	} {
		items, err := Decode([]byte(c.payload))
		if err != nil || items[0].Err != nil {
			t.Fatalf("decode %s: %v", c.payload, err)
		}
		if got := items[0].Event.Field(c.path); got != c.want {
			t.Errorf("Field(%q) of %s: got %q, want %q", c.path, c.payload, got, c.want)
		}
	}
}
