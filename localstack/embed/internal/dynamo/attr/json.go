package attr

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"korestream/localstack/embed/internal/awsjson"
)

// wire is a value as DynamoDB's JSON has it: one member.
type wire struct {
	S    *string   `json:",omitzero"`
	N    *string   `json:",omitzero"`
	B    *[]byte   `json:",omitzero"`
	BOOL *bool     `json:",omitzero"`
	NULL *bool     `json:",omitzero"`
	L    *[]Value  `json:",omitzero"`
	M    *Item     `json:",omitzero"`
	SS   *[]string `json:",omitzero"`
	NS   *[]string `json:",omitzero"`
	BS   *[][]byte `json:",omitzero"`
}

func invalid(format string, args ...any) error {
	return awsjson.Errorf("ValidationException", format, args...)
}

// UnmarshalJSONFrom reads {"S":"text"} and its like. What JSON cannot tell
// apart from a good value but DynamoDB refuses is a ValidationException.
func (v *Value) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	var w wire
	if err := json.UnmarshalDecode(d, &w); err != nil {
		return err
	}
	members := 0
	set := func(is bool, k Kind) bool {
		if is {
			members++
			v.Kind = k
		}
		return is
	}
	var err error
	if set(w.S != nil, String) {
		v.S = *w.S
	}
	if set(w.N != nil, Number) {
		v.S, err = Canonical(*w.N)
	}
	if set(w.B != nil, Binary) {
		v.S = string(*w.B)
	}
	if set(w.BOOL != nil, Bool) {
		v.Bool = *w.BOOL
	}
	if set(w.NULL != nil, Null) && !*w.NULL {
		err = invalid("One or more parameter values were invalid: Null attribute value types must have the value of true")
	}
	if set(w.L != nil, List) {
		v.L = *w.L
	}
	if set(w.M != nil, Map) {
		v.M = *w.M
	}
	if set(w.SS != nil, StringSet) {
		v.Set, err = newSet(*w.SS, "An string set ")
	}
	if set(w.NS != nil, NumberSet) {
		if v.Set, err = canonicalAll(*w.NS); err == nil {
			v.Set, err = newSet(v.Set, "An number set ")
		}
	}
	if set(w.BS != nil, BinarySet) {
		members := make([]string, 0, len(*w.BS))
		for _, b := range *w.BS {
			members = append(members, string(b))
		}
		v.Set, err = newSet(members, "Binary sets should not be empty")
	}
	switch {
	case err != nil:
		return err
	case members == 0:
		return invalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
	case members > 1:
		return invalid("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
	}
	return nil
}

func canonicalAll(numbers []string) ([]string, error) {
	out := make([]string, 0, len(numbers))
	for _, n := range numbers {
		c, err := Canonical(n)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// newSet refuses empty sets and repeats. Kind begins the message.
func newSet(members []string, kind string) ([]string, error) {
	if len(members) == 0 {
		if strings.HasSuffix(kind, " ") {
			kind += " may not be empty"
		}
		return nil, invalid("One or more parameter values were invalid: %s", kind)
	}
	sorted := slices.Sorted(slices.Values(members))
	if len(slices.Compact(slices.Clone(sorted))) != len(members) {
		return nil, invalid("One or more parameter values were invalid: Input collection [%s] contains duplicates.", strings.Join(members, ", "))
	}
	return sorted, nil
}

// MarshalJSONTo writes the value as DynamoDB does.
func (v Value) MarshalJSONTo(e *jsontext.Encoder) error {
	var w wire
	switch v.Kind {
	case String:
		w.S = &v.S
	case Number:
		w.N = &v.S
	case Binary:
		b := []byte(v.S)
		w.B = &b
	case Bool:
		w.BOOL = &v.Bool
	case Null:
		yes := true
		w.NULL = &yes
	case List:
		l := v.L
		if l == nil {
			l = []Value{}
		}
		w.L = &l
	case Map:
		m := v.M
		if m == nil {
			m = Item{}
		}
		w.M = &m
	case StringSet:
		w.SS = &v.Set
	case NumberSet:
		w.NS = &v.Set
	case BinarySet:
		bs := make([][]byte, 0, len(v.Set))
		for _, m := range v.Set {
			bs = append(bs, []byte(m))
		}
		w.BS = &bs
	}
	return json.MarshalEncode(e, w)
}

// String is the value as error messages show it.
func (v Value) String() string {
	switch v.Kind {
	case Binary:
		return base64.StdEncoding.EncodeToString([]byte(v.S))
	case String, Number:
		return v.S
	}
	b, err := json.Marshal(v)
	if err != nil {
		return string(v.Kind)
	}
	return string(b)
}
