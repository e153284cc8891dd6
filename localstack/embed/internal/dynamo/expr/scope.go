package expr

import (
	"regexp"
	"slices"
	"strings"

	"korestream/localstack/embed/internal/awsjson"
	"korestream/localstack/embed/internal/dynamo/attr"
)

// Names are ExpressionAttributeNames, Values ExpressionAttributeValues.
type (
	Names  map[string]string
	Values map[string]attr.Value
)

// Scope is what the expressions of one request share: their names and values.
type Scope struct {
	names      Names
	values     Values
	usedNames  map[string]bool
	usedValues map[string]bool
}

func invalid(format string, args ...any) error {
	return awsjson.Errorf("ValidationException", format, args...)
}

var placeholder = regexp.MustCompile(`^[a-zA-Z0-9_]+$`)

// NewScope refuses names and values that are not spelled #name and :value.
func NewScope(names Names, values Values) (*Scope, error) {
	for n, to := range names {
		if !strings.HasPrefix(n, "#") || !placeholder.MatchString(n[1:]) {
			return nil, invalid("ExpressionAttributeNames contains invalid key: Syntax error; key: %q", n)
		}
		if to == "" {
			return nil, invalid("ExpressionAttributeNames contains invalid value: The attribute name cannot be empty; key: %s", n)
		}
	}
	for v := range values {
		if !strings.HasPrefix(v, ":") || !placeholder.MatchString(v[1:]) {
			return nil, invalid("ExpressionAttributeValues contains invalid key: Syntax error; key: %q", v)
		}
	}
	return &Scope{names, values, make(map[string]bool), make(map[string]bool)}, nil
}

// Unused refuses names and values that no expression has used. Call it after
// all were read.
func (s *Scope) Unused() error {
	if unused := missing(s.names, s.usedNames); len(unused) > 0 {
		return invalid("Value provided in ExpressionAttributeNames unused in expressions: keys: {%s}", strings.Join(unused, ", "))
	}
	if unused := missing(s.values, s.usedValues); len(unused) > 0 {
		return invalid("Value provided in ExpressionAttributeValues unused in expressions: keys: {%s}", strings.Join(unused, ", "))
	}
	return nil
}

func missing[V any](all map[string]V, used map[string]bool) []string {
	var out []string
	for k := range all {
		if !used[k] {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}
