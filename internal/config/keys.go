package config

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

// EnvPrefix begins the name of every variable that sets something.
const EnvPrefix = "KORESTREAM_"

// EnvConfig names the configuration file; it is no key.
const EnvConfig = EnvPrefix + "CONFIG"

// Key is one setting.
type Key struct {
	// Name is where it is in the file: lease.failover. Those of handlers are
	// named handlers[].name.
	Name string
	// Env is its variable; empty for those of handlers.
	Env string
	// Type is text, number, duration, boolean, list, size or start.
	Type    string
	Default string
	// Enum are the values it can have; nil if any.
	Enum []string
	// Doc says what it does.
	Doc string

	index []int // of the field, in Config or Handler
}

// Keys returns all settings in the order of Config.
func Keys() []Key {
	var keys []Key
	for _, k := range keysOf(reflect.TypeFor[Config](), "", nil) {
		k.Env = EnvPrefix + strings.ToUpper(strings.ReplaceAll(k.Name, ".", "_"))
		keys = append(keys, k)
		switch k.Name {
		case handlersKey:
			keys = append(keys, listedHandlerKeys()...)
		case schemaTypesKey:
			for _, inner := range keysOf(reflect.TypeFor[SchemaType](), "", nil) {
				inner.Name = schemaTypesKey + "[]." + inner.Name
				keys = append(keys, inner)
			}
		}
	}
	return keys
}

const handlersKey = "handlers"

// listedHandlerKeys are the settings of a handler as they are listed: those of
// its own retry policy are one, for they are the same as everybody's.
func listedHandlerKeys() []Key {
	var keys []Key
	for _, h := range handlerKeys() {
		if strings.HasPrefix(h.Name, retryPrefix) {
			continue
		}
		h.Name = handlersKey + "[]." + h.Name
		keys = append(keys, h)
	}
	return append(keys, Key{
		Name: handlersKey + "[].retry", Type: "section",
		Doc: "what this handler does otherwise than retry says, by the same names",
	})
}

// retryPrefix begins the names of the settings that a handler may have of its
// own and otherwise shares with the others.
const retryPrefix = "retry."

func handlerKeys() []Key { return keysOf(reflect.TypeFor[Handler](), "", nil) }

func keysOf(t reflect.Type, prefix string, index []int) []Key {
	var keys []Key
	for i := range t.NumField() {
		f := t.Field(i)
		at := append(append([]int{}, index...), i)
		name := prefix + f.Tag.Get("key")
		if f.Type.Kind() == reflect.Struct && f.Type != reflect.TypeFor[Start]() {
			keys = append(keys, keysOf(f.Type, name+".", at)...)
			continue
		}
		k := Key{Name: name, Type: typeName(f.Type), Default: f.Tag.Get("default"), Doc: f.Tag.Get("doc"), index: at}
		if e := f.Tag.Get("enum"); e != "" {
			k.Enum = strings.Split(e, "|")
		}
		keys = append(keys, k)
	}
	return keys
}

func typeName(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "duration"
	case t == reflect.TypeFor[Start]():
		return "start"
	case t == reflect.TypeFor[Size]():
		return "size"
	case t.Kind() == reflect.Int:
		return "number"
	case t.Kind() == reflect.Bool:
		return "boolean"
	case t.Kind() == reflect.Slice:
		return "list"
	case t.Kind() == reflect.Map:
		return "section"
	}
	return "text"
}

// Table is the settings as a table in Markdown.
func Table() string {
	var b strings.Builder
	b.WriteString("| key | variable | default | what it is |\n| --- | --- | --- | --- |\n")
	for _, k := range Keys() {
		env, def, doc := "", "", k.Doc
		if k.Env != "" {
			env = "`" + k.Env + "`"
		}
		if k.Default != "" {
			def = "`" + k.Default + "`"
		}
		if len(k.Enum) > 1 {
			doc += " (`" + strings.Join(k.Enum, "`, `") + "`)"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", k.Name, env, def, doc)
	}
	return b.String()
}
