package config

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Write writes the configuration as YAML that Load reads back. There is nothing
// secret in it.
func Write(w io.Writer, c *Config) error {
	e := yaml.NewEncoder(w)
	e.SetIndent(2)
	if err := e.Encode(nodeOf(reflect.ValueOf(*c))); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	return e.Close()
}

// nodeOf keeps the order and the names of the fields.
func nodeOf(v reflect.Value) *yaml.Node {
	switch x := v.Interface().(type) {
	case time.Duration:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: shortDuration(x)}
	case Settings:
		n := new(yaml.Node)
		if err := n.Encode(map[string]any(x)); err != nil {
			n.SetString(err.Error()) // what YAML had can be written
		}
		return n
	case Size:
		text, _ := x.MarshalText() // it never fails
		return &yaml.Node{Kind: yaml.ScalarNode, Value: string(text)}
	case Start:
		text, _ := x.MarshalText() // it never fails
		return &yaml.Node{Kind: yaml.ScalarNode, Value: string(text)}
	}
	switch v.Kind() {
	case reflect.Struct:
		n := &yaml.Node{Kind: yaml.MappingNode}
		for i := range v.NumField() {
			name := &yaml.Node{Kind: yaml.ScalarNode, Value: v.Type().Field(i).Tag.Get("key")}
			if _, isHandler := v.Interface().(Handler); isHandler && v.Field(i).IsZero() {
				continue // belongs to another type of handler
			}
			n.Content = append(n.Content, name, nodeOf(v.Field(i)))
		}
		return n
	case reflect.Slice:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for i := range v.Len() {
			n.Content = append(n.Content, nodeOf(v.Index(i)))
		}
		return n
	}
	n := &yaml.Node{}
	n.SetString(fmt.Sprint(v.Interface()))
	if v.Kind() != reflect.String {
		n.Tag = ""
	}
	return n
}

// shortDuration leaves out the zeros that Go writes: 24h for 24h0m0s.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
