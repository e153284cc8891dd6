package config

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"korestream/handlers"
)

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// decode fills a Config with the values that were set, and defaults.
func (l *loader) decode() *Config {
	c := &Config{}
	v := reflect.ValueOf(c).Elem()
	for _, name := range sorted(l.keys) {
		k := l.keys[name]
		if name == handlersKey || name == schemaTypesKey {
			continue
		}
		var value any = k.Default
		if l.values.Exists(name) && l.values.Get(name) != nil {
			value = l.values.Get(name)
		}
		l.assign(v.FieldByIndex(k.index), k, name, l.sources[name], value)
	}
	c.Schema.Types = l.schemaTypes()
	c.Handlers = l.handlers() // last, for what they share with others is known then
	return c
}

// handlers decodes the list of handlers; without one, events are logged.
func (l *loader) handlers() []Handler {
	raw := l.values.Get(handlersKey)
	if raw == nil {
		raw = []any{map[string]any{"name": "log", "type": "log"}}
	}
	list, ok := raw.([]any)
	if !ok {
		l.add(handlersKey, l.sources[handlersKey], "want a list of handlers, such as [{name: archive, type: ndjson, path: events.ndjson}]")
		return nil
	}
	out := make([]Handler, len(list))
	for i, e := range list {
		l.element(reflect.ValueOf(&out[i]).Elem(), handlersKey, i, e, "want a handler with a name and a type")
	}
	return out
}

// schemaTypes decodes what schemas mean for some types.
func (l *loader) schemaTypes() []SchemaType {
	raw := l.values.Get(schemaTypesKey)
	list, ok := raw.([]any)
	if !ok && raw != nil {
		l.add(schemaTypesKey, l.sources[schemaTypesKey], `want a list, such as [{match: "*.data-session.*", on_mismatch: dead_letter}]`)
	}
	out := make([]SchemaType, len(list))
	for i, e := range list {
		l.element(reflect.ValueOf(&out[i]).Elem(), schemaTypesKey, i, e, "want a pattern, match, and on_mismatch")
	}
	return out
}

// element decodes the i-th element of a list of sections. What is not set and
// belongs to everybody's retry policy is taken from there.
func (l *loader) element(v reflect.Value, list string, i int, raw any, want string) {
	at, source := fmt.Sprintf("%s[%d]", list, i), l.sources[list]
	m, ok := raw.(map[string]any)
	if !ok {
		l.add(at, source, "%s", want)
		return
	}
	keys := make(map[string]Key)
	for _, k := range keysOf(v.Type(), "", nil) {
		keys[k.Name] = k
	}
	m = flat(m)
	for _, name := range sorted(m) {
		if _, ok := keys[name]; !ok {
			l.add(at+"."+name, source, "unknown key%s", didYouMean(name, sorted(keys)))
		}
	}
	for _, name := range sorted(keys) {
		k := keys[name]
		var value any = k.Default
		if set, ok := m[name]; ok && set != nil {
			value = set
		} else if strings.HasPrefix(name, retryPrefix) && l.values.Get(name) != nil {
			if value = l.values.Get(name); l.failed(name) { // everybody's, and said already
				continue
			}
		}
		l.assign(v.FieldByIndex(k.index), k, at+"."+name, source, value)
	}
}

// flat gives the settings of sections names with dots.
func flat(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for name, value := range m {
		if section, ok := value.(map[string]any); ok && name != "settings" {
			for inner, v := range flat(section) {
				out[name+"."+inner] = v
			}
			continue
		}
		out[name] = value
	}
	return out
}

// assign reads one value into a field.
func (l *loader) assign(field reflect.Value, k Key, key, source string, value any) {
	if k.Type == "list" {
		list, err := textList(value)
		if err != nil {
			l.add(key, source, "%v", err)
			return
		}
		// A handler's empty list may be a mistake, such as a projection to nothing;
		// elsewhere it is as good as none.
		if len(list) > 0 || strings.HasPrefix(key, handlersKey) {
			field.Set(reflect.ValueOf(list))
		}
		return
	}
	if section, ok := field.Addr().Interface().(*Settings); ok {
		if *section, ok = value.(map[string]any); !ok && value != "" {
			l.add(key, source, "want a section, got %v", value)
		}
		return
	}
	text, err := scalar(value)
	if err == nil {
		err = parse(field, text)
	}
	if err == nil && len(k.Enum) > 0 && text != "" && !slices.Contains(k.Enum, text) && !ownType(k, text) {
		err = fmt.Errorf("%q is none of %s%s", text, strings.Join(k.Enum, ", "), didYouMean(text, k.Enum))
	}
	if err != nil {
		l.add(key, source, "%v", err)
	}
}

// ownType tells whether a handler's type is one that this process has registered.
func ownType(k Key, text string) bool {
	_, ok := handlers.Registered(text)
	return ok && k.Name == "type"
}

// scalar is a value as text.
func scalar(value any) (string, error) {
	switch v := value.(type) {
	case string:
		return v, nil
	case bool, int, int64, uint64, float64:
		return fmt.Sprint(v), nil
	case time.Time: // YAML knows times
		return v.Format(time.RFC3339Nano), nil
	}
	return "", fmt.Errorf("want one value, got %v", value)
}

func textList(value any) ([]string, error) {
	var out []string
	switch v := value.(type) {
	case string:
		for s := range strings.SplitSeq(v, ",") {
			if s = strings.TrimSpace(s); s != "" {
				out = append(out, s)
			}
		}
	case []any:
		out = []string{} // not nil: nothing is not the same as not set
		for _, e := range v {
			s, err := scalar(e)
			if err != nil {
				return nil, err
			}
			out = append(out, s)
		}
	default:
		return nil, fmt.Errorf("want a list, got %v", value)
	}
	return out, nil
}

// parse reads text into a field by its type.
func parse(field reflect.Value, text string) error {
	if u, ok := field.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	switch p := field.Addr().Interface().(type) {
	case *string:
		*p = text
	case *time.Duration:
		d, err := time.ParseDuration(text)
		if err != nil {
			return fmt.Errorf("%q is no duration: write a number and a unit, such as 500ms, 10s or 24h", text)
		}
		if d < 0 {
			return fmt.Errorf("%s is negative", d)
		}
		*p = d
	case *int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%q is no whole number", text)
		}
		if n < 0 {
			return fmt.Errorf("%d is negative", n)
		}
		*p = n
	case *bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", text)
		}
		*p = b
	default:
		panic(fmt.Sprintf("config: no parser for %T", p))
	}
	return nil
}
