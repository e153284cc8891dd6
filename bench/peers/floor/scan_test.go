package main

import "testing"

func TestIDOf_FindsTheMemberOfTheEnvelopeAlone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, object, want string }{
		{"last", `{"data":{"id":"inner","a":[1,{"id":"x"}]},"id":"EZ1"}`, "EZ1"},
		{"first", `{"id":"EZ1","n":1.5,"t":true,"z":null,"e":{},"l":[]}`, "EZ1"},
		{"braces and quotes in a string", `{"data":"}\"{\\","id":"EZ1"}`, "EZ1"},
		{"none", `{"data":{"id":"inner"}}`, ""},
		{"something follows", `{"id":"EZ1"} `, ""},
		{"cut off", `{"id":"EZ1","data":{"a":1}`, ""},
		{"cut off in a string", `{"id":"EZ1","data":"a`, ""},
		{"not a string", `{"id":17}`, ""},
		{"an array", `[]`, ""},
		{"empty", ``, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := string(idOf([]byte(c.object))); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
