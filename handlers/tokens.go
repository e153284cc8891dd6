package handlers

import (
	"bytes"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// tokens reads one JSON text that was decoded before, and knows where it is in
// it.
type tokens struct {
	jsontext.Decoder
	buf bytes.Buffer
}

var tokenizers = sync.Pool{New: func() any { return new(tokens) }}

// lenient are the tokenizer's options: package event has judged the text.
var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// newTokens takes a tokenizer from the pool and points it at text.
func newTokens(text []byte) *tokens {
	t := tokenizers.Get().(*tokens)
	t.buf = *bytes.NewBuffer(text)
	t.Reset(&t.buf, lenient...)
	return t
}

// free gives it back, without what it read: the pool must keep no event alive.
func (t *tokens) free() {
	t.buf = bytes.Buffer{}
	t.Reset(&t.buf)
	tokenizers.Put(t)
}

// here is the place in the text up to which was read.
func (t *tokens) here() int { return int(t.InputOffset()) }

// more tells whether a list or an object goes on.
func (t *tokens) more() bool {
	k := t.PeekKind()
	return k != ']' && k != '}' && k != 0
}

// unquote returns what a JSON string says, a part of it unless there are escapes
// in it.
func unquote(raw []byte) []byte {
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1]
	}
	text, _ := jsontext.AppendUnquote(nil, raw) // the tokenizer has accepted it
	return text
}
