package catalogue

import (
	"fmt"
	"strings"
)

// Kind says in one word what was found. It is a metric label.
type Kind string

// The kinds of finding.
const (
	// NewType: an event of a type that is not in the catalogue.
	NewType Kind = "new_type"
	// UnknownSchema: dataschema names a schema or a version that is not known.
	UnknownSchema Kind = "unknown_schema"
	// NewField: a member that is not in the schema.
	NewField Kind = "new_field"
	// NewValue: a value that is not among the examples of the schema.
	NewValue Kind = "new_value"
	// MissingField: a member that must be there and is not.
	MissingField Kind = "missing_field"
	// ChangedKind: a value of another JSON kind.
	ChangedKind Kind = "changed_kind"
	// BadValue: a value of the right kind that breaks another rule, such as a time
	// that is none.
	BadValue Kind = "bad_value"
)

// Kinds returns the kinds of finding, drift first.
func Kinds() []Kind {
	return []Kind{NewType, UnknownSchema, NewField, NewValue, MissingField, ChangedKind, BadValue}
}

// Mismatch tells whether what was found breaks the schema.
func (k Kind) Mismatch() bool { return k == MissingField || k == ChangedKind || k == BadValue }

// Finding is one thing in which an event differs from the catalogue. Two events
// that differ in the same way have equal findings.
type Finding struct {
	// Type is the name of the event's [Type], or the type as received, masked.
	Type string `json:"type"`
	Kind Kind   `json:"kind"`
	// Path is the place in the event: data.network.sid.
	Path string `json:"path"`
	// Got is what is there: a JSON kind or, for types, dataschema and new values,
	// the text, masked. Empty if nothing is.
	Got string `json:"got,omitempty"`
	// Want is what the schema has there; empty if nothing.
	Want string `json:"want,omitempty"`
}

// String says it in a sentence without the type.
func (f Finding) String() string {
	switch f.Kind {
	case NewType:
		return fmt.Sprintf("%s: %s is not in the catalogue", f.Path, f.Got)
	case NewField:
		return fmt.Sprintf("%s: not in the schema, got %s", f.Path, f.Got)
	case MissingField:
		return fmt.Sprintf("%s: missing, want %s", f.Path, f.Want)
	case NewValue:
		return fmt.Sprintf("%s: got %q, not seen before", f.Path, f.Got)
	}
	return fmt.Sprintf("%s: got %s, want %s", f.Path, f.Got, f.Want)
}

// MismatchError says in what an event breaks its schema.
type MismatchError struct {
	// Schema names the schema of the data; empty if only the envelope has one.
	Schema   string
	Findings []Finding
}

// maxInError bounds how many findings an error spells out.
const maxInError = 8

// Error names the places, what is there and what should be.
func (e *MismatchError) Error() string {
	schema := e.Schema
	if schema == "" {
		schema = Envelope
	}
	parts := make([]string, 0, maxInError+1)
	for i, f := range e.Findings {
		if i == maxInError {
			parts = append(parts, fmt.Sprintf("and %d more", len(e.Findings)-i))
			break
		}
		parts = append(parts, f.String())
	}
	return fmt.Sprintf("event does not match schema %s: %s", schema, strings.Join(parts, "; "))
}
