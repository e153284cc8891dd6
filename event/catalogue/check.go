package catalogue

import (
	"errors"
	"math"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"korestream/event"
)

// Result is what a check of an event found.
type Result struct {
	// Label is the event's, as [Label] returns it.
	Label string
	// Schema is what its data were compared with, nil if no schema is known.
	Schema *Schema
	// Findings are the event's in the order of their paths within the envelope and
	// then within the data. None is there twice.
	Findings []Finding
}

// Err returns a *MismatchError if the event breaks its schema, else nil.
func (r *Result) Err() error {
	var broken []Finding
	for _, f := range r.Findings {
		if f.Kind.Mismatch() {
			broken = append(broken, f)
		}
	}
	if len(broken) == 0 {
		return nil
	}
	e := &MismatchError{Findings: broken}
	if r.Schema != nil {
		e.Schema = r.Schema.String()
	}
	return e
}

// CheckType is the part of [Check] that looks at the type alone and costs next to
// nothing: the finding of a type that is not known.
func CheckType(e *event.Event) (f Finding, found bool) {
	if typeOf(e) != nil {
		return Finding{}, false
	}
	name := mask(e.Type)
	return Finding{Type: name, Kind: NewType, Path: "type", Got: name, Want: "a type of the catalogue"}, true
}

// Check compares an event that was decoded with the catalogue.
func Check(e *event.Event) Result {
	t := typeOf(e)
	c := &comparison{}
	r := Result{Label: Other}
	if t != nil {
		r.Label, c.typ = t.Name, t.Name
	} else {
		f, _ := CheckType(e)
		c.typ, c.findings = f.Type, append(c.findings, f)
	}
	schema, named := choose(e, t)
	if schema != nil && !named {
		c.add(UnknownSchema, "dataschema", mask(e.DataSchema), schema.String()+" or older")
	}
	envelope := document(e.Raw)
	c.compare(newest(Envelope), "", envelope)
	if schema != nil {
		r.Schema = schema
		c.data(e, schema, envelope)
	}
	r.Findings = c.findings
	return r
}

// data compares what the event carries with its schema.
func (c *comparison) data(e *event.Event, s *Schema, envelope any) {
	if len(e.Data) == 0 {
		c.add(MissingField, "data", "", s.root.kinds)
		return
	}
	members, _ := envelope.(map[string]any)
	data := members["data"]
	if _, isText := data.(string); isText {
		data = document(e.Data) // JSON within a text, or that text
	}
	c.compare(s, "data", data)
}

// numbers reads numbers such that none is refused for its size and none takes
// more memory than its text.
var numbers = json.WithUnmarshalers(json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *any) error {
	if dec.PeekKind() != '0' {
		return errors.ErrUnsupported // left to the ordinary way
	}
	tok, err := dec.ReadToken()
	if err != nil {
		return err
	}
	text := tok.String()
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		*v = n
		return nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		f = math.MaxFloat64 // too large for it, whichever way
	}
	*v = f
	return nil
}))

// document reads JSON that Decode has accepted.
func document(text []byte) (v any) {
	if json.Unmarshal(text, &v, numbers) != nil {
		return nil // unreachable but for an Event that Decode did not make
	}
	return v
}
