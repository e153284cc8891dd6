package config

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"
	"go.yaml.in/yaml/v3"
)

// Sources are where a configuration is read from.
type Sources struct {
	// File is the path of a YAML file; empty is none.
	File string
	// Env are variables as os.Environ returns them.
	Env []string
	// Flags are settings by key, from the command line.
	Flags map[string]string
	// NoFiles leaves out the checks of whether files can be written, for who
	// only looks at a configuration.
	NoFiles bool
}

// loader merges the sources and knows where each value came from.
type loader struct {
	problems
	values  *koanf.Koanf
	sources map[string]string
	keys    map[string]Key
}

// Load reads and checks the configuration. The error joins a *KeyError for each
// mistake, or says why the file cannot be read.
func Load(src Sources) (*Config, error) {
	l := &loader{values: koanf.New("."), sources: make(map[string]string), keys: make(map[string]Key)}
	for _, k := range Keys() {
		if k.Env != "" {
			l.keys[k.Name] = k
		}
	}
	if src.File != "" {
		if err := l.file(src.File); err != nil {
			return nil, err
		}
	}
	l.env(src.Env)
	for _, key := range sorted(src.Flags) {
		l.set(key, src.Flags[key], "--"+key)
	}
	c := l.decode()
	c.check(l)
	if !src.NoFiles {
		c.checkFiles(l)
	}
	if err := l.err(); err != nil {
		return nil, err
	}
	return c, nil
}

// set adds one value over those that are there.
func (l *loader) set(key string, value any, source string) {
	if _, ok := l.keys[key]; !ok {
		l.add(key, source, "unknown key%s", didYouMean(key, sorted(l.keys)))
		return
	}
	// A confmap provider of one key cannot fail.
	_ = l.values.Load(confmap.Provider(map[string]any{key: value}, "."), nil)
	l.sources[key] = source
}

func (l *loader) file(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return fmt.Errorf("configuration %s: %w", path, err)
	}
	if doc.Kind == 0 {
		return nil // an empty file
	}
	l.node(path, "", doc.Content[0])
	return nil
}

// node takes over a part of the file.
func (l *loader) node(path, prefix string, n *yaml.Node) {
	source := func(n *yaml.Node) string { return fmt.Sprintf("%s:%d", path, n.Line) }
	if n.Kind != yaml.MappingNode {
		key := strings.TrimSuffix(prefix, ".")
		if key == "" {
			key = "(top level)"
		}
		l.add(key, source(n), "want settings with names (key: value), got %s", shape(n))
		return
	}
	seen := make(map[string]int)
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		key := prefix + name.Value
		if line, twice := seen[key]; twice {
			l.add(key, source(name), "set twice; the first is in line %d", line)
			continue
		}
		seen[key] = name.Line
		if _, leaf := l.keys[key]; !leaf && l.isGroup(key) {
			if value.Tag != "!!null" {
				l.node(path, key+".", value)
			}
			continue
		}
		var v any
		if err := value.Decode(&v); err != nil {
			l.add(key, source(value), "%v", err)
			continue
		}
		if value.Kind == yaml.ScalarNode && value.Tag != "!!null" {
			v = value.Value // as it is written, so that 010 and 1h stay what they look like
		}
		l.set(key, v, source(name))
	}
}

func (l *loader) isGroup(key string) bool {
	for k := range l.keys {
		if strings.HasPrefix(k, key+".") {
			return true
		}
	}
	return false
}

func shape(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.ScalarNode:
		return fmt.Sprintf("%q", n.Value)
	}
	return "something else"
}

func (l *loader) env(environ []string) {
	byEnv := make(map[string]string)
	for _, k := range l.keys {
		byEnv[k.Env] = k.Name
	}
	environ = slices.Sorted(slices.Values(environ))
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, EnvPrefix) || name == EnvConfig {
			continue
		}
		key, ok := byEnv[name]
		if !ok {
			l.add(name, "environment", "unknown variable%s", didYouMean(name, sorted(byEnv)))
			continue
		}
		if key != handlersKey && key != schemaTypesKey {
			l.set(key, value, name)
			continue
		}
		var list any
		if err := yaml.Unmarshal([]byte(value), &list); err != nil {
			l.add(key, name, "no YAML: %v", err)
			continue
		}
		l.set(key, list, name)
	}
}
