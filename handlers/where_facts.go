package handlers

import (
	"fmt"
	"strconv"

	"cel.dev/cel-go/cel"

	"korestream/event"
)

// facts are what conditions see of one event. The data are decoded when the
// first condition asks for them, and once. It is used by one goroutine.
type facts struct {
	event *event.Event
	// needs are the members of data that some condition names: no other is
	// decoded.
	needs   members
	data    any
	decoded bool
	// err is why the data cannot be decoded; those of an event that Decode made
	// always can.
	err error
}

var _ cel.Activation = (*facts)(nil)

// ResolveName returns a variable. What is not found counts as absent.
func (f *facts) ResolveName(name string) (any, bool) {
	e := f.event
	switch name {
	case "data":
		return f.resolveData()
	case "time":
		return e.Time, !e.Time.IsZero()
	case "id":
		return e.ID, true
	case "type":
		return e.Type, true
	case "source":
		return e.Source, true
	case "subject":
		return e.Subject, true
	case "dataschema":
		return e.DataSchema, true
	case "datacontenttype":
		return e.DataContentType, true
	case "specversion":
		return e.SpecVersion, true
	}
	return nil, false
}

// Parent returns nil: there is nothing beside the event.
func (f *facts) Parent() cel.Activation { return nil }

func (f *facts) resolveData() (any, bool) {
	if !f.decoded {
		f.decoded = true
		f.data, f.err = decodeData(f.event.Data, f.needs)
	}
	return f.data, f.err == nil
}

// decodeData reads data as conditions see them, but only the members that they
// need. Absent data have no members.
func decodeData(text []byte, needs members) (any, error) {
	if len(text) == 0 {
		return map[string]any{}, nil
	}
	t := newTokens(text)
	defer t.free()
	var v any
	var err error
	if t.PeekKind() == '{' {
		v, err = decodeObject(t, needs)
	} else {
		v, err = decodeValue(t)
	}
	if err != nil {
		return nil, fmt.Errorf("decode data: %w", err)
	}
	return v, nil
}

// decodeValue reads one value: members that are null are left out, for KORE does
// not tell null and absent apart, and a number without a fraction is an integer.
func decodeValue(t *tokens) (any, error) {
	switch t.PeekKind() {
	case '{':
		return decodeObject(t, members{all: true})
	case '[':
		return decodeArray(t)
	}
	tok, err := t.ReadToken()
	if err != nil {
		return nil, err
	}
	switch tok.Kind() {
	case '"':
		return tok.String(), nil
	case '0':
		if n, err := strconv.ParseInt(tok.String(), 10, 64); err == nil {
			return n, nil
		}
		n, _ := strconv.ParseFloat(tok.String(), 64) // what is out of range is infinite
		return n, nil
	case 't', 'f':
		return tok.Bool(), nil
	}
	return nil, nil
}

func decodeObject(t *tokens, needs members) (any, error) {
	if _, err := t.ReadToken(); err != nil {
		return nil, err
	}
	object := make(map[string]any)
	for t.more() {
		raw, err := t.ReadValue()
		if err != nil {
			return nil, err
		}
		name, needed := needs.find(unquote(raw))
		if !needed {
			if err := t.SkipValue(); err != nil {
				return nil, err
			}
			continue
		}
		v, err := decodeValue(t)
		if err != nil {
			return nil, err
		}
		if v != nil {
			object[name] = v
		}
	}
	_, err := t.ReadToken()
	return object, err
}

func decodeArray(t *tokens) (any, error) {
	if _, err := t.ReadToken(); err != nil {
		return nil, err
	}
	list := []any{}
	for t.more() {
		v, err := decodeValue(t)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := t.ReadToken()
	return list, err
}
