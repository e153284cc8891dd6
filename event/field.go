package event

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Field returns the text of the member at a dotted path, such as
// data.network.sid: a string's text, or a number, true or false as they are
// written. It is empty for what is absent, null, an object or an array. A path
// has no place in arrays, and names with dots in them cannot be reached. Data
// that is JSON in a string is looked into, as everywhere. It reads the event
// anew each time.
func (e *Event) Field(path string) string {
	src := e.Raw
	if inner, ok := strings.CutPrefix(path, "data."); ok {
		src, path = e.Data, inner
	}
	if len(src) == 0 {
		return ""
	}
	dec := jsontext.NewDecoder(bytes.NewReader(src))
	for path != "" {
		var name string
		name, path, _ = strings.Cut(path, ".")
		if !enter(dec, name) {
			return ""
		}
	}
	if dec.PeekKind() == 'n' || dec.PeekKind() == '{' || dec.PeekKind() == '[' {
		return ""
	}
	tok, err := dec.ReadToken()
	if err != nil {
		return ""
	}
	return tok.String()
}

// enter moves to the value of a member of the object that comes next.
func enter(dec *jsontext.Decoder, name string) bool {
	if dec.PeekKind() != '{' {
		return false
	}
	if _, err := dec.ReadToken(); err != nil {
		return false
	}
	for dec.PeekKind() == '"' {
		tok, err := dec.ReadToken()
		if err != nil {
			return false
		}
		if tok.String() == name {
			return true
		}
		if dec.SkipValue() != nil {
			return false
		}
	}
	return false
}
