package catalogue

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// comparison collects the findings of one event.
type comparison struct {
	typ      string
	findings []Finding
}

func (c *comparison) add(k Kind, path, got, want string) {
	f := Finding{Type: c.typ, Kind: k, Path: path, Got: got, Want: want}
	if !slices.Contains(c.findings, f) { // several names may have one mask
		c.findings = append(c.findings, f)
	}
}

// compare compares a value, which stands at a path of the event, with a schema.
func (c *comparison) compare(s *Schema, at string, v any) {
	begin := len(c.findings)
	var invalid *jsonschema.ValidationError
	if errors.As(s.compiled.Validate(v), &invalid) {
		for _, leaf := range flatten(nil, invalid) {
			c.mismatch(s.root, at, leaf)
		}
	}
	c.walk(s.root, at, v)
	// Maps have no order. They are sorted here, for most events have no findings.
	slices.SortFunc(c.findings[begin:], func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Got, b.Got))
	})
}

func flatten(into []*jsonschema.ValidationError, e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(e.Causes) == 0 {
		return append(into, e)
	}
	for _, cause := range e.Causes {
		into = flatten(into, cause)
	}
	return into
}

// mismatch turns one error of the validator into findings. The names in its path
// are the schema's own: it says nothing of members that it does not know.
func (c *comparison) mismatch(root *field, at string, e *jsonschema.ValidationError) {
	f := root
	for _, name := range e.InstanceLocation {
		at = join(at, name)
		if f = f.members[name]; f == nil {
			f = &field{}
		}
	}
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		for _, name := range k.Missing {
			c.add(MissingField, join(at, name), "", f.members[name].kinds)
		}
	case *kind.Type:
		c.add(ChangedKind, at, k.Got, strings.Join(k.Want, " or "))
	case *kind.Format:
		c.add(BadValue, at, "other text", k.Want)
	default:
		c.add(BadValue, at, "other value", strings.Join(k.KeywordPath(), " "))
	}
}

// walk looks for what the schema does not have. Of a member that it does not know
// the first level is enough: what is below is as new.
func (c *comparison) walk(f *field, at string, v any) {
	if len(f.examples) > 0 {
		c.value(f, at, v)
	}
	members, ok := v.(map[string]any)
	if !ok || f.members == nil {
		return
	}
	for name, value := range members {
		switch known := f.members[name]; {
		case known == nil:
			c.add(NewField, join(at, shown(name)), kindOf(value), "")
		case known.members != nil || known.examples != nil:
			c.walk(known, join(at, name), value)
		}
	}
}

// value looks for a text or a number that is not among the examples. Of another
// kind it is the validator's.
func (c *comparison) value(f *field, at string, v any) {
	switch v.(type) {
	case string, int64:
	default:
		return
	}
	if text := fmt.Sprint(v); strings.Contains(f.kinds, kindOf(v)) && !slices.Contains(f.examples, text) {
		c.add(NewValue, at, mask(text), "")
	}
}

func shown(name string) string {
	if name == "" {
		return "*"
	}
	return mask(name)
}

func join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}

// kindOf names the JSON kind of a value.
func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case int64:
		return "integer"
	case float64:
		return "number"
	case []any:
		return "array"
	}
	return "object"
}
