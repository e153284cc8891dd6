package handlers

import (
	"bytes"
	"encoding/json"
	"testing"
)

func FuzzAppendCompact(f *testing.F) {
	for _, seed := range []string{
		`{}`, ` { "a" : [ 1 , 2.50 , "x \" y" ] } `, "{\"a\":\t\"\\u00e9\\\\\" ,\r\n\"b\":null}", `"\\"`, `"<&>` + "\u2028" + `"`,
		"\"line\nbreak\"", `"no end`, `"\`, "\"\\\n\"", `{"data":{"name":"AT&T"},"n":1e400}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		got, err := appendCompact([]byte("x"), src)
		if err == nil && bytes.ContainsAny(got, "\r\n") {
			t.Errorf("compact %q: got %q, want no line break", src, got)
		}
		var want bytes.Buffer
		want.WriteByte('x')
		if json.Compact(&want, src) != nil {
			return // not JSON: only the line break matters
		}
		if err != nil || !bytes.Equal(got, want.Bytes()) {
			t.Errorf("compact %q: got %q, %v; want %q", src, got, err, want.Bytes())
		}
	})
}
