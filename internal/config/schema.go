package config

import (
	"fmt"

	"korestream/handlers"
)

// Schema is what becomes of events that differ from KORE's schemas.
type Schema struct {
	OnMismatch string       `key:"on_mismatch" default:"pass" enum:"pass|warn|dead_letter" doc:"what becomes of an event that breaks its schema (a member missing, a value of another kind): handled, handled and logged, or buried"`
	Types      []SchemaType `key:"types" doc:"what becomes of events of some types, the first that matches counts. As a variable: YAML"`
	Drift      bool         `key:"drift" default:"true" doc:"watch for what is new in events (members, types, versions, values), for korestream schema drift"`
	Sample     int          `key:"sample" default:"10000" doc:"drift: the first 100 events of a type are looked at, and then one in so many"`
}

// SchemaType is what becomes of events of one type or several.
type SchemaType struct {
	Match      string `key:"match" doc:"a pattern of event types; * is any run of characters"`
	OnMismatch string `key:"on_mismatch" default:"dead_letter" enum:"pass|warn|dead_letter" doc:"as schema.on_mismatch"`
}

const schemaTypesKey = "schema.types"

// check looks at the policies.
func (s *Schema) check(l *loader) {
	if s.Sample == 0 && !l.failed("schema.sample") {
		l.add("schema.sample", l.sources["schema.sample"], "want at least 1, every event")
	}
	for i, t := range s.Types {
		at := fmt.Sprintf("%s[%d]", schemaTypesKey, i)
		if _, err := handlers.ParsePattern(t.Match); err != nil && !l.failed(at) && !l.failed(at+".match") {
			l.add(at+".match", l.sources[schemaTypesKey], "%v", err)
		}
	}
}

// Check returns the settings of the comparison with schemas.
func (s *Schema) Check() (handlers.SchemaConfig, error) {
	c := handlers.SchemaConfig{OnMismatch: handlers.OnMismatch(s.OnMismatch), Drift: s.Drift, Sample: s.Sample}
	for _, t := range s.Types {
		p, err := handlers.ParsePattern(t.Match)
		if err != nil {
			return c, fmt.Errorf("%s: %w", schemaTypesKey, err)
		}
		c.Rules = append(c.Rules, handlers.SchemaRule{Match: p, OnMismatch: handlers.OnMismatch(t.OnMismatch)})
	}
	return c, c.Validate()
}
