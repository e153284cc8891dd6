package event

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxSize is the largest payload that Decode reads: what one Kinesis record can
// hold, see https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html.
const MaxSize = 10 << 20

// MaxDepth is how deep an event may be nested, the event itself being level 1
// and the text of a data string starting at level 1 again. KORE's go to 3.
const MaxDepth = 64

// maxArrayDepth is how deep an array of events may be nested before none of it
// is read. It is beyond MaxDepth so that one event that is too deep does not
// take its neighbours along.
const maxArrayDepth = 1024

// Item is one event of a record, or why it is none.
type Item struct {
	// Event is nil if and only if Err is not.
	Event *Event
	// Err is nil if and only if Event is not.
	Err *DecodeError
	// Raw is the bytes of this element of the record: a part of the payload. With
	// an Err they may be anything that the error speaks of.
	Raw []byte
}

var byteOrderMark = []byte("\xef\xbb\xbf")

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
func Decode(payload []byte) ([]Item, error) {
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
		items, err = decodeOne(text, base)
	case '[':
		items, err = decodeArray(text, base)
	default:
		err = refuseScalar(text, base)
	}
	if err != nil {
		return nil, err // not inlined above: a nil *DecodeError must not become a non-nil error
	}
	return items, nil
}

// decodeOne reads a payload that begins as an object.
func decodeOne(text []byte, base int64) ([]Item, *DecodeError) {
	s := newScanner(text, base)
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
func decodeArray(text []byte, base int64) ([]Item, *DecodeError) {
	elements, err := divide(text, base)
	if err != nil {
		return nil, err
	}
	items := make([]Item, len(elements))
	for i, v := range elements {
		items[i] = decodeElement(v)
	}
	return items, nil
}

// divide returns the elements of an array that is the whole of text, at least one.
func divide(text []byte, base int64) ([]value, *DecodeError) {
	s := newScanner(text, base, isolating...)
	defer s.free()
	if err := s.open(maxArrayDepth); err != nil {
		return nil, s.fail(err)
	}
	var elements []value
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
func decodeElement(v value) Item {
	if v.kind != '{' {
		return Item{Raw: v.raw, Err: notAnObject(v)}
	}
	s := newScanner(v.raw, v.at)
	defer s.free()
	item, err := s.event()
	if err != nil {
		return Item{Raw: v.raw, Err: err}
	}
	return item
}

// refuseScalar says why a payload that begins neither as an object nor as an
// array is refused.
func refuseScalar(text []byte, base int64) *DecodeError {
	s := newScanner(text, base)
	defer s.free()
	v, err := s.value(MaxDepth)
	if err != nil {
		return s.fail(err)
	}
	if err := s.end(); err != nil {
		return err
	}
	return notAnObject(v)
}

func notAnObject(v value) *DecodeError {
	return &DecodeError{
		Reason: ReasonWrongKind, Offset: v.at,
		Err: fmt.Errorf("an event is a JSON object, not a %s", kindName(v.kind)),
	}
}
