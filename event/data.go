package event

import (
	"bytes"
	"fmt"
)

// dataKeys are the members of data that routing and deduplication need: what
// identifies the SIM, and the event's own sid. Absent ones are nil. They are good
// until the next payload.
type dataKeys struct {
	sim, eventSID []byte
}

// keys returns what the scanner found in data.
func (s *scanner) keys() dataKeys {
	found := &s.wanted.found
	sim := s.text(found[partSIMSID], nil)
	if len(sim) == 0 {
		sim = s.text(found[partSIMICCID], nil)
	}
	return dataKeys{sim: sim, eventSID: s.text(found[partEventSID], nil)}
}

// identify sets the SIM and the event's own sid. KORE's event_sid is a copy of
// the id, whose string then serves for both.
func (d *Decoder) identify(e *Event, keys dataKeys) {
	e.sim = d.arena.string(keys.sim)
	if e.ID == string(keys.eventSID) {
		e.eventSID = e.ID
		return
	}
	e.eventSID = d.arena.string(keys.eventSID)
}

// data returns the value of data, in whichever of its forms, and its keys.
func (d *Decoder) data(v span) ([]byte, dataKeys, *DecodeError) {
	s := &d.scan
	if v.end == 0 {
		return nil, dataKeys{}, nil
	}
	raw := s.src[v.start:v.end:v.end]
	switch raw[0] {
	case 'n':
		return nil, dataKeys{}, nil
	case '"':
		return d.dataString(v, raw)
	default:
		return raw, s.keys(), nil
	}
}

// dataString returns the text of a data string if that is a JSON object or
// array, else the string as it stands.
//
// A text that holds JSON is judged as strictly as the event is: two readers who
// make different things of one event would be no better for the quotes around it.
func (d *Decoder) dataString(v span, raw []byte) ([]byte, dataKeys, *DecodeError) {
	text := d.scan.text(v, d.scratch)
	if v.escaped && cap(text) <= sharedPayload {
		d.scratch = text
	}
	text = bytes.Trim(text, space)
	if len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return raw, dataKeys{}, nil
	}
	s := &d.inner
	defer s.release()
	s.reset(text, 0)
	var end int
	if text[0] == '{' {
		s.want(1)
		end = s.event(0)
	} else {
		end = s.value(0, MaxDepth)
	}
	if end == len(text) {
		return d.dataText(v, text)
	}
	if end < 0 && (s.failed.reason == ReasonDuplicateKey || s.failed.reason == ReasonDepth) {
		return nil, dataKeys{}, &DecodeError{
			Reason: s.failed.reason, Offset: d.scan.base + int64(v.start),
			Err: fmt.Errorf("in the text of data: %w", s.failed.err),
		}
	}
	return raw, dataKeys{}, nil
}

// dataText keeps the text of a data string, which the inner scanner found to be
// JSON. A text without escapes is a part of the payload.
func (d *Decoder) dataText(v span, text []byte) ([]byte, dataKeys, *DecodeError) {
	if v.escaped {
		text = d.arena.bytes(text)
		d.inner.src = text
	}
	return text, d.inner.keys(), nil
}
