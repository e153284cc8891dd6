package event

import (
	"bytes"
	"fmt"
)

// refDataKeys are the members of data that routing and deduplication need, found
// on the way through.
type refDataKeys struct {
	simSID, simICCID, eventSID []byte
}

// resolve returns the SIM and the event's own sid. KORE's event_sid is a copy
// of the id, whose string then serves for both.
func (k *refDataKeys) resolve(id string) (sim, eventSID string) {
	sim = string(k.simSID)
	if sim == "" {
		sim = string(k.simICCID)
	}
	if string(k.eventSID) == id {
		return sim, id
	}
	return sim, string(k.eventSID)
}

// data reads the value of data, in whichever of its forms.
func (s *refScanner) data(env *refEnvelope) error {
	if s.dec.PeekKind() == '{' {
		raw, err := s.dataObject(&env.keys)
		env.event.Data = raw
		return err
	}
	v, err := s.value(MaxDepth)
	if err != nil {
		return err
	}
	switch v.kind {
	case 'n':
	case '"':
		env.event.Data = env.dataString(v)
	default:
		env.event.Data = v.raw
	}
	return nil
}

// dataObject reads an object and keeps its keys.
func (s *refScanner) dataObject(keys *refDataKeys) ([]byte, error) {
	if err := s.open(MaxDepth); err != nil {
		return nil, err
	}
	start := s.here() - 1
	for s.dec.PeekKind() != '}' {
		name, err := s.value(MaxDepth)
		if err != nil {
			return nil, err
		}
		v, err := s.value(MaxDepth)
		if err != nil {
			return nil, err
		}
		switch string(name.bytes()) {
		case "sim_sid":
			keys.simSID = v.bytes()
		case "sim_iccid":
			keys.simICCID = v.bytes()
		case "event_sid":
			keys.eventSID = v.bytes()
		}
	}
	if err := s.open(MaxDepth); err != nil {
		return nil, err
	}
	return s.cut('{', start).raw, nil
}

// dataString returns the text of a data string if that is a JSON object or
// array, else the string as it stands.
//
// A text that holds JSON is judged as strictly as the event is: two readers who
// make different things of one event would be no better for the quotes around it.
func (env *refEnvelope) dataString(v refValue) []byte {
	text := bytes.Trim(v.bytes(), space)
	if len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return v.raw
	}
	s := newRefScanner(text, 0)
	defer s.free()
	var keys refDataKeys
	var err error
	if text[0] == '{' {
		_, err = s.dataObject(&keys)
	} else {
		_, err = s.value(MaxDepth)
	}
	var failed *DecodeError
	if err != nil {
		failed = s.fail(err)
	} else {
		failed = s.end()
	}
	if failed == nil {
		env.keys = keys
		return text
	}
	if failed.Reason == ReasonDuplicateKey || failed.Reason == ReasonDepth {
		env.err = &DecodeError{
			Reason: failed.Reason, Offset: v.at,
			Err: fmt.Errorf("in the text of data: %w", failed.Err),
		}
	}
	return v.raw
}
