package event

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// scanner reads one JSON text with the strict tokenizer and cuts values out of
// it without copying.
type refScanner struct {
	dec jsontext.Decoder
	buf bytes.Buffer
	// src is the text that dec reads, base its place in the record's payload.
	// Values are cut out of src by the tokenizer's offsets: its own slices are
	// only good until the next read.
	src  []byte
	base int64
}

var refScanners = sync.Pool{New: func() any { return new(refScanner) }}

// newRefScanner takes a scanner from the pool and points it at src.
func newRefScanner(src []byte, base int64, opts ...jsontext.Options) *refScanner {
	s := refScanners.Get().(*refScanner)
	s.src, s.base = src, base
	s.buf = *bytes.NewBuffer(src)
	s.dec.Reset(&s.buf, opts...)
	return s
}

// free gives the scanner back, without what it read: a pooled scanner must not
// keep a record alive.
func (s *refScanner) free() {
	s.src = nil
	s.buf = bytes.Buffer{}
	s.dec.Reset(&s.buf)
	refScanners.Put(s)
}

// fail turns what the tokenizer returned into a DecodeError.
func (s *refScanner) fail(err error) *DecodeError { return refClassify(err, s.src, s.base) }

// here returns the place in src up to which the tokenizer has read.
func (s *refScanner) here() int { return int(s.dec.InputOffset()) }

// value is one JSON value of a scanner's source.
type refValue struct {
	kind jsontext.Kind
	raw  []byte
	// at is the place of its first byte in the record's payload.
	at int64
}

// value reads the next value whole. The nesting is limited to depth levels,
// counted from the beginning of the source.
func (s *refScanner) value(depth int) (refValue, error) {
	kind := s.dec.PeekKind()
	if kind != '{' && kind != '[' {
		raw, err := s.dec.ReadValue()
		if err != nil {
			return refValue{}, err
		}
		return s.cut(kind, s.here()-len(raw)), nil
	}
	if err := s.open(depth); err != nil {
		return refValue{}, err
	}
	start, outside := s.here()-1, s.dec.StackDepth()-1
	for s.dec.StackDepth() > outside {
		if err := s.open(depth); err != nil {
			return refValue{}, err
		}
	}
	return s.cut(kind, start), nil
}

// open reads one token and refuses one that opens a level beyond depth.
func (s *refScanner) open(depth int) error {
	if _, err := s.dec.ReadToken(); err != nil {
		return err
	}
	if s.dec.StackDepth() > depth {
		return &DecodeError{
			Reason: ReasonDepth, Offset: s.base + int64(s.here()) - 1,
			Err: fmt.Errorf("more than %d levels", depth),
		}
	}
	return nil
}

// cut returns the value that starts at start and ends where the tokenizer is.
func (s *refScanner) cut(kind jsontext.Kind, start int) refValue {
	end := s.here()
	return refValue{kind: kind, raw: s.src[start:end:end], at: s.base + int64(start)}
}

// isNull reports a JSON null.
func (v refValue) isNull() bool { return v.kind == 'n' }

// bytes returns the text of a JSON string, a part of the source unless there
// are escapes in it; nil for any other kind.
func (v refValue) bytes() []byte {
	if v.kind != '"' {
		return nil
	}
	return refUnquote(v.raw)
}

// text is bytes as a string; empty for any other kind.
func (v refValue) text() string { return string(v.bytes()) }

// unquote returns the text of a JSON string that the tokenizer accepted.
func refUnquote(raw []byte) []byte {
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1]
	}
	// The tokenizer accepted the string, so that there is nothing left to fail.
	text, _ := jsontext.AppendUnquote(nil, raw)
	return text
}

// end checks that nothing but white space follows in src.
func (s *refScanner) end() *DecodeError {
	rest := bytes.TrimLeft(s.src[s.here():], space)
	if len(rest) == 0 {
		return nil
	}
	return &DecodeError{
		Reason: ReasonTrailing, Offset: s.base + int64(len(s.src)-len(rest)),
		Err: fmt.Errorf("%d bytes after the value", len(rest)),
	}
}
