package event

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// isolating are the tokenizer's options for dividing an array into its
// elements: what concerns one element only is left for the element's own turn.
var isolating = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// Decode reads a record's payload: one JSON object, or an array of them.
//
// A payload that as a whole is not such JSON gives no items and a *DecodeError.
// Otherwise there is one item per event, in order, and a nil error; an event
// that is well-formed JSON but no event (no id, for instance) is an item with
// an error. In an array, what is wrong within one element concerns that element only.
//
// The items refer to payload, which must not be changed afterwards.
func referenceDecode(payload []byte) ([]Item, error) {
	if len(payload) > MaxSize {
		return nil, &DecodeError{
			Reason: ReasonSize, Offset: MaxSize,
			Err: fmt.Errorf("%d bytes, more than %d", len(payload), MaxSize),
		}
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(payload, byteOrderMark), space)
	base := int64(len(payload) - len(text))
	if len(text) == 0 {
		return nil, &DecodeError{Reason: ReasonEmpty, Offset: base}
	}
	var items []Item
	var err *DecodeError
	switch text[0] {
	case '{':
		items, err = refDecodeOne(text, base)
	case '[':
		items, err = refDecodeArray(text, base)
	default:
		err = refRefuseScalar(text, base)
	}
	if err != nil {
		return nil, err // not inlined above: a nil *DecodeError must not become a non-nil error
	}
	return items, nil
}

// decodeOne reads a payload that begins as an object.
func refDecodeOne(text []byte, base int64) ([]Item, *DecodeError) {
	s := newRefScanner(text, base)
	defer s.free()
	item, err := s.event()
	if err != nil {
		return nil, err
	}
	if err := s.end(); err != nil {
		return nil, err
	}
	return []Item{item}, nil
}

// decodeArray reads a payload that begins as an array: first its limits, then
// each element for itself.
func refDecodeArray(text []byte, base int64) ([]Item, *DecodeError) {
	elements, err := refDivide(text, base)
	if err != nil {
		return nil, err
	}
	items := make([]Item, len(elements))
	for i, v := range elements {
		items[i] = refDecodeElement(v)
	}
	return items, nil
}

// divide returns the elements of an array that is the whole of text, at least one.
func refDivide(text []byte, base int64) ([]refValue, *DecodeError) {
	s := newRefScanner(text, base, isolating...)
	defer s.free()
	if err := s.open(maxArrayDepth); err != nil {
		return nil, s.fail(err)
	}
	var elements []refValue
	for s.dec.PeekKind() != ']' {
		v, err := s.value(maxArrayDepth)
		if err != nil {
			return nil, s.fail(err)
		}
		elements = append(elements, v)
	}
	if err := s.open(maxArrayDepth); err != nil {
		return nil, s.fail(err)
	}
	if err := s.end(); err != nil {
		return nil, err
	}
	if len(elements) == 0 {
		return nil, &DecodeError{Reason: ReasonEmpty, Offset: base}
	}
	return elements, nil
}

// decodeElement reads one element of an array. All its errors are its own.
func refDecodeElement(v refValue) Item {
	if v.kind != '{' {
		return Item{Raw: v.raw, Err: refNotAnObject(v)}
	}
	s := newRefScanner(v.raw, v.at)
	defer s.free()
	item, err := s.event()
	if err != nil {
		return Item{Raw: v.raw, Err: err}
	}
	return item
}

// refuseScalar says why a payload that begins neither as an object nor as an
// array is refused.
func refRefuseScalar(text []byte, base int64) *DecodeError {
	s := newRefScanner(text, base)
	defer s.free()
	v, err := s.value(MaxDepth)
	if err != nil {
		return s.fail(err)
	}
	if err := s.end(); err != nil {
		return err
	}
	return refNotAnObject(v)
}

func refNotAnObject(v refValue) *DecodeError {
	return &DecodeError{
		Reason: ReasonWrongKind, Offset: v.at,
		Err: fmt.Errorf("an event is a JSON object, not a %s", refKindName(v.kind)),
	}
}
