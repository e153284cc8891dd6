package event

import (
	"strings"
	"testing"
)

func TestTraceContext_IsTheProducersOrNothing(t *testing.T) {
	t.Parallel()
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	for _, c := range []struct{ name, members, parent, state string }{
		{"both", `"traceparent":"` + parent + `","tracestate":"rojo=00f067aa0ba902b7"`, parent, "rojo=00f067aa0ba902b7"},
		{"behind the data", `"data":{"a":[1,{"b":2}]},"traceparent":"` + parent + `"`, parent, ""},
		{"parent alone", `"traceparent":"` + parent + `"`, parent, ""},
		{"state alone", `"tracestate":"a=b"`, "", ""},
		{"in the data only", `"data":{"traceparent":"` + parent + `"}`, "", ""},
		{"as a value", `"subject":"traceparent"`, "", ""},
		{"null", `"traceparent":null`, "", ""},
		{"no text", `"traceparent":{"a":1}`, "", ""},
		{"upper case", `"traceparent":"` + strings.ToUpper(parent) + `"`, "", ""},
		{"no trace", `"traceparent":"00-00000000000000000000000000000000-b7ad6b7169203331-01"`, "", ""},
		{"no span", `"traceparent":"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01"`, "", ""},
		{"version ff", `"traceparent":"ff` + parent[2:] + `"`, "", ""},
		{"short", `"traceparent":"` + parent[:54] + `"`, "", ""},
		{"more behind version 00", `"traceparent":"` + parent + `-x"`, "", ""},
		{"more behind a later version", `"traceparent":"01` + parent[2:] + `-x"`, "01" + parent[2:] + "-x", ""},
		{"a line break for the header", `"traceparent":"01` + parent[2:] + `-x\r\nevil: 1"`, "", ""},
		{"a line break in the state", `"traceparent":"` + parent + `","tracestate":"a=b\r\nevil: 1"`, parent, ""},
		{"a long state", `"traceparent":"` + parent + `","tracestate":"a=` + strings.Repeat("b", 511) + `"`, parent, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			items, err := Decode([]byte(`{"id":"1","type":"t",` + c.members + `}`))
			if err != nil || items[0].Err != nil {
				t.Fatalf("decode: %v, %v", err, items)
			}
			if p, s := items[0].Event.TraceContext(); p != c.parent || s != c.state {
				t.Errorf("got %q and %q, want %q and %q", p, s, c.parent, c.state)
			}
		})
	}
}
