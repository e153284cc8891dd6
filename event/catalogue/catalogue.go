package catalogue

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

//go:embed schemas/*.json
var files embed.FS

// Schema is one version of the schema of some events' data, or the envelope's.
type Schema struct {
	Name    string
	Version int
	Title   string
	// JSON is the schema itself.
	JSON []byte

	compiled *jsonschema.Schema
	root     *field
}

// String is the schema's name and version: SuperSim.ConnectionEvent/2.
func (s *Schema) String() string { return s.Name + "/" + strconv.Itoa(s.Version) }

// The names of the schemas.
const (
	// Envelope is the schema of the CloudEvents envelope.
	Envelope = "envelope"
	// Test is the schema of test events.
	Test = "test"
	// Connection is the schema of all Super SIM connection events.
	Connection = "SuperSim.ConnectionEvent"
)

// field is a member as its schema has it.
type field struct {
	members  map[string]*field
	examples []string
	// kinds are the JSON kinds that it may have, in words.
	kinds string
}

// loaded has the versions of each schema, the oldest first. It is made when it is
// first needed: who checks nothing compiles nothing.
var loaded = sync.OnceValue(func() map[string][]*Schema {
	all, err := load()
	if err != nil {
		panic(err) // the schemas are a part of the program
	}
	return all
})

func load() (map[string][]*Schema, error) {
	entries, err := files.ReadDir("schemas")
	if err != nil {
		return nil, err
	}
	all := make(map[string][]*Schema)
	for _, e := range entries {
		s, err := read(e.Name())
		if err != nil {
			return nil, fmt.Errorf("schema %s: %w", e.Name(), err)
		}
		all[s.Name] = append(all[s.Name], s)
	}
	for _, versions := range all {
		slices.SortFunc(versions, func(a, b *Schema) int { return cmp.Compare(a.Version, b.Version) })
	}
	return all, nil
}

// read reads the schema of a file that is named for it, such as test.1.json.
func read(file string) (*Schema, error) {
	base := strings.TrimSuffix(file, ".json")
	dot := strings.LastIndexByte(base, '.')
	if dot < 0 {
		return nil, fmt.Errorf("its name has no version")
	}
	version, err := strconv.Atoi(base[dot+1:])
	if err != nil {
		return nil, err
	}
	text, err := files.ReadFile(path.Join("schemas", file))
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	s := &Schema{Name: base[:dot], Version: version, JSON: text}
	id := fmt.Sprintf("urn:korestream:schema:%s:%d", s.Name, s.Version)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(id, doc); err != nil {
		return nil, err
	}
	if s.compiled, err = c.Compile(id); err != nil {
		return nil, err
	}
	s.Title, s.root = s.compiled.Title, fieldOf(s.compiled)
	return s, nil
}

func fieldOf(s *jsonschema.Schema) *field {
	f := &field{kinds: "anything"}
	if s.Types != nil {
		f.kinds = strings.Join(s.Types.ToStrings(), " or ")
	}
	for _, e := range s.Examples {
		f.examples = append(f.examples, fmt.Sprint(e))
	}
	if len(s.Properties) > 0 {
		f.members = make(map[string]*field, len(s.Properties))
		for name, p := range s.Properties {
			f.members[name] = fieldOf(p)
		}
	}
	return f
}

// Versions returns the versions of a schema, the oldest first; none if there is no
// schema of the name.
func Versions(name string) []*Schema { return loaded()[name] }

// newest returns the last version of a schema that there is.
func newest(name string) *Schema {
	v := Versions(name)
	return v[len(v)-1]
}
