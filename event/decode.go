package event

import (
	"bytes"
	"fmt"
	"sync"
)

// MaxSize is the largest payload that Decode reads: what one Kinesis record can
// hold, see https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html.
const MaxSize = 10 << 20

// MaxEvents is how many elements an array may have, or none of it is read: twice as
// many as the largest payload has room for of KORE's events. Each takes some 600 bytes
// of memory, be it an event or not, and with two bytes the shortest one, a payload
// could ask for five million.
const MaxEvents = 1 << 16

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
	// Raw is the bytes of this element of the record: a part of the payload, not
	// a copy. With an Err they may be anything that the error speaks of.
	Raw []byte
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// space is JSON's white space.
const space = " \t\r\n"

var decoders = sync.Pool{New: func() any { return new(Decoder) }}

// Decode reads a record's payload: one JSON object, or an array of them.
//
// A payload that as a whole is not such JSON gives no items and a *DecodeError.
// Otherwise there is one item per event, in order, and a nil error; an event
// that is well-formed JSON but no event (no id, for instance) is an item with
// an error. In an array, what is wrong within one element concerns that element only.
//
// The items refer to payload, which must not be changed afterwards. Who decodes
// many payloads had better keep a [Decoder].
func Decode(payload []byte) ([]Item, error) {
	d := decoders.Get().(*Decoder)
	defer decoders.Put(d)
	return d.Append(nil, payload)
}

// Decoder decodes one payload after another as [Decode] does, but allocates
// hardly anything: events and their strings come out of blocks that several
// events share. The zero value is ready for use. It is not safe for concurrent
// use; the events that it made are.
//
// Who keeps one event keeps the other events of its block alive, a few dozen,
// and with them the payloads that their Raw and Data refer to. Payloads above
// 64 KiB share no block with others. Who keeps one string of an event keeps a
// block of 4 KiB and no payload.
type Decoder struct {
	scan scanner
	// inner reads the text of a data string while scan is within the event.
	inner scanner
	// elements is scratch space for dividing an array.
	elements []element

	arena    arena
	events   slab
	names    interner
	calendar calendar
	// scratch holds an unescaped string until it is copied.
	scratch []byte
}

// Append decodes payload as [Decode] does and appends its items to dst. With an
// error it returns dst as it was.
//
// Item.Raw, Event.Raw and mostly Event.Data refer to payload, which may be
// changed or used again only when the last of its events is done with. No
// string of an Event refers to it.
func (d *Decoder) Append(dst []Item, payload []byte) ([]Item, error) {
	if len(payload) > MaxSize {
		return dst, &DecodeError{
			Reason: ReasonSize, Offset: MaxSize,
			Err: fmt.Errorf("%d bytes, more than %d", len(payload), MaxSize),
		}
	}
	text := bytes.TrimPrefix(payload, byteOrderMark)
	text = text[skipSpace(text, 0):]
	base := int64(len(payload) - len(text))
	if len(text) == 0 {
		return dst, &DecodeError{Reason: ReasonEmpty, Offset: base}
	}
	if len(payload) > sharedPayload {
		defer d.events.alone()()
	}
	items, err := d.read(dst, text, base)
	d.scan.release()
	if err != nil {
		return dst, err // not returned as it is: a nil *DecodeError must not become a non-nil error
	}
	return items, nil
}

// Reuse takes an event back of which nothing is needed any more but its strings; a
// later Append makes another event of it. The event must be one that this Decoder
// has made, and must not be looked at afterwards. It is empty at once, so that whoever
// does all the same is found out.
func (d *Decoder) Reuse(e *Event) {
	*e = Event{}
	d.events.used = append(d.events.used, e)
}

// read decodes text, which begins with no white space.
func (d *Decoder) read(dst []Item, text []byte, base int64) ([]Item, *DecodeError) {
	d.scan.reset(text, base)
	switch text[0] {
	case '{':
		item, end := d.event(0)
		if end < 0 {
			return nil, d.scan.refusal()
		}
		if err := d.scan.end(end); err != nil {
			return nil, err
		}
		return append(dst, item), nil
	case '[':
		return d.array(dst)
	default:
		return nil, refuseScalar(&d.scan)
	}
}

// refuseScalar says why a payload that begins neither as an object nor as an
// array is refused.
func refuseScalar(s *scanner) *DecodeError {
	end := s.value(0, MaxDepth)
	if end < 0 {
		return s.refusal()
	}
	if err := s.end(end); err != nil {
		return err
	}
	return notAnObject(s.src[0], s.base)
}

func notAnObject(first byte, at int64) *DecodeError {
	return &DecodeError{
		Reason: ReasonWrongKind, Offset: at,
		Err: fmt.Errorf("an event is a JSON object, not a %s", kindName(first)),
	}
}

// kindName names the JSON type of a value that begins with c as people do.
func kindName(c byte) string {
	switch c {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	default:
		return "number"
	}
}
