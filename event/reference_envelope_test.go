package event

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// envelope is an Event being read.
type refEnvelope struct {
	event *Event
	keys  refDataKeys
	// id and typ are zero while absent.
	id, typ refValue
	// err is the first thing that keeps well-formed JSON from being an event. It
	// is held back until the end of the object: broken JSON goes before it.
	err *DecodeError
}

// event reads one event, a JSON object. An error means that the JSON is broken;
// what is only not an event is in the item.
func (s *refScanner) event() (Item, *DecodeError) {
	env := refEnvelope{event: new(Event)}
	if err := s.open(MaxDepth); err != nil {
		return Item{}, s.fail(err)
	}
	start := s.here() - 1
	for s.dec.PeekKind() != '}' {
		if err := s.member(&env); err != nil {
			return Item{}, s.fail(err)
		}
	}
	if err := s.open(MaxDepth); err != nil {
		return Item{}, s.fail(err)
	}
	whole := s.cut('{', start)
	if err := env.finish(whole); err != nil {
		return Item{Raw: whole.raw, Err: err}, nil
	}
	return Item{Event: env.event, Raw: whole.raw}, nil
}

// member reads one name and its value. Attributes of the wrong kind are as good
// as absent, but for id and type.
func (s *refScanner) member(env *refEnvelope) error {
	name, err := s.value(MaxDepth)
	if err != nil {
		return err
	}
	e := env.event
	key := name.bytes()
	if string(key) == "data" {
		return s.data(env)
	}
	v, err := s.value(MaxDepth)
	if err != nil {
		return err
	}
	switch string(key) {
	case "id":
		env.id = v
	case "type":
		env.typ = v
	case "source":
		e.Source = v.text()
	case "specversion":
		e.SpecVersion = v.text()
	case "dataschema":
		e.DataSchema = v.text()
	case "datacontenttype":
		e.DataContentType = v.text()
	case "subject":
		e.Subject = v.text()
	case "time":
		e.TimeText, e.Time = refTimeOf(v)
	}
	return nil
}

// timeOf reads a time as leniently as it can be done without guessing: RFC 3339
// with any number of fractional digits. A number's text is kept, its unit is unknown.
func refTimeOf(v refValue) (string, time.Time) {
	if v.kind == '0' {
		return string(v.raw), time.Time{}
	}
	text := v.text()
	return text, refParseTime(text)
}

// parseTime returns the zero time for what is not a time of RFC 3339.
func refParseTime(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// finish checks and takes over what makes the event's identity.
func (env *refEnvelope) finish(whole refValue) *DecodeError {
	e := env.event
	e.Raw = whole.raw
	var err *DecodeError
	if e.ID, err = refRequired(env.id, "id", ReasonMissingID, whole.at); err != nil {
		return err
	}
	if e.Type, err = refRequired(env.typ, "type", ReasonMissingType, whole.at); err != nil {
		return err
	}
	if env.err != nil {
		return env.err
	}
	e.sim, e.eventSID = env.keys.resolve(e.ID)
	return nil
}

// required returns the text of an attribute that every event must have. An
// absent one is reported at the event's beginning.
func refRequired(v refValue, name, missing string, event int64) (string, *DecodeError) {
	switch {
	case v.raw == nil:
		return "", &DecodeError{Reason: missing, Offset: event, Err: fmt.Errorf("no %s", name)}
	case v.isNull():
		return "", &DecodeError{Reason: missing, Offset: v.at, Err: fmt.Errorf("%s is null", name)}
	case v.kind != '"':
		return "", &DecodeError{
			Reason: ReasonWrongKind, Offset: v.at,
			Err: fmt.Errorf("%s must be a string, not a %s", name, refKindName(v.kind)),
		}
	}
	text := v.text()
	if text == "" {
		return "", &DecodeError{Reason: missing, Offset: v.at, Err: fmt.Errorf("%s is empty", name)}
	}
	return text, nil
}

// kindName names a JSON type as people do.
func refKindName(k jsontext.Kind) string {
	switch k {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case '0':
		return "number"
	case 'n':
		return "null"
	default:
		return "boolean"
	}
}
