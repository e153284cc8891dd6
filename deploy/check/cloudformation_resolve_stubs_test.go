package check

import (
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/awslabs/goformation/v7/schema"
	"github.com/xeipuuv/gojsonschema"
)

// noValue is what AWS::NoValue leaves: nothing.
type noValue struct{}

// resolver evaluates a template's functions for parameters. What only AWS knows
// becomes a text.
type resolver struct {
	stack
	parameters map[string]any
}

// resources returns those whose condition holds, with all functions evaluated.
func (r resolver) resources() map[string]map[string]any {
	all := make(map[string]map[string]any)
	for name, v := range r.Resources {
		resource := v.(map[string]any)
		if condition, ok := resource["Condition"].(string); ok && !r.holds(r.Conditions[condition]) {
			continue
		}
		all[name] = r.value(resource).(map[string]any)
	}
	return all
}

// value evaluates the functions below v.
func (r resolver) value(v any) any {
	switch v := v.(type) {
	case []any:
		list := []any{}
		for _, e := range v {
			if e = r.value(e); e != (noValue{}) {
				list = append(list, e)
			}
		}
		return list
	case map[string]any:
		if len(v) == 1 {
			for function, argument := range v {
				if strings.HasPrefix(function, "Fn::") || function == "Ref" {
					return r.call(function, argument)
				}
			}
		}
		m := make(map[string]any)
		for key, e := range v {
			if e = r.value(e); e != (noValue{}) {
				m[key] = e
			}
		}
		return m
	}
	return v
}

// call evaluates one function.
func (r resolver) call(function string, argument any) any {
	switch function {
	case "Ref":
		return r.ref(argument.(string))
	case "Fn::If":
		a := argument.([]any)
		if r.holds(r.Conditions[a[0].(string)]) {
			return r.value(a[1])
		}
		return r.value(a[2])
	case "Fn::FindInMap":
		a := argument.([]any)
		return r.Mappings[a[0].(string)].(map[string]any)[r.value(a[1]).(string)].(map[string]any)[a[2].(string)]
	case "Fn::Sub":
		return placeholder.ReplaceAllStringFunc(argument.(string), func(m string) string {
			if text, ok := r.ref(m[2 : len(m)-1]).(string); ok {
				return text
			}
			return m
		})
	}
	return "text of " + function
}

func (r resolver) ref(name string) any {
	if name == "AWS::NoValue" {
		return noValue{}
	}
	if v, ok := r.parameters[name]; ok {
		return v
	}
	if p, ok := r.Parameters[name].(map[string]any); ok {
		return p["Default"]
	}
	return "text of " + name
}

// holds evaluates a condition, which Equals and Not make.
func (r resolver) holds(condition any) bool {
	m := condition.(map[string]any)
	if not, ok := m["Fn::Not"]; ok {
		return !r.holds(not.([]any)[0])
	}
	sides := m["Fn::Equals"].([]any)
	return r.value(sides[0]) == r.value(sides[1])
}

// definitions are the schemas of CloudFormation's resources, by type.
var definitions = sync.OnceValues(func() (map[string]any, error) {
	var all struct{ Definitions map[string]any }
	err := json.Unmarshal([]byte(schema.CloudformationSchema), &all)
	return all.Definitions, err
})

// judge checks a resource with the schema of its type and returns what is wrong.
func judge(t *testing.T, resource map[string]any) []string {
	t.Helper()
	all, err := definitions()
	if err != nil {
		t.Fatal(err)
	}
	kind := resource["Type"].(string)
	if all[kind] == nil {
		return []string{"there is no type " + kind}
	}
	part := map[string]any{"$ref": "#/definitions/" + kind, "definitions": needs(all, kind, make(map[string]any))}
	result, err := gojsonschema.Validate(gojsonschema.NewGoLoader(part), gojsonschema.NewGoLoader(resource))
	if err != nil {
		t.Fatal(err)
	}
	var mistakes []string
	for _, e := range result.Errors() {
		if !converts(e) {
			mistakes = append(mistakes, e.String())
		}
	}
	return mistakes
}

// needs adds to found a definition and those that it refers to.
func needs(all map[string]any, name string, found map[string]any) map[string]any {
	if _, ok := found[name]; ok || all[name] == nil {
		return found
	}
	found[name] = all[name]
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				needs(all, strings.TrimPrefix(ref, "#/definitions/"), found)
			}
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(all[name])
	return found
}

// converts tells whether a value is of a type that CloudFormation turns into the
// one that is wanted: it takes "90" for a number and "true" for a truth.
func converts(e gojsonschema.ResultError) bool {
	text, ok := e.Value().(string)
	if !ok || e.Type() != "invalid_type" {
		return false
	}
	switch e.Details()["expected"] {
	case "number", "integer":
		_, err := strconv.ParseFloat(text, 64)
		return err == nil
	case "boolean":
		return text == "true" || text == "false"
	}
	return false
}
