package catalogue

import (
	"slices"
	"strconv"
	"strings"

	"korestream/event"
)

// Type is one type of events that is known.
type Type struct {
	// Name is its end, or for test events the word test: data-session.updated.
	Name string
	// Pattern is what the types of its events look like.
	Pattern string
	// Schema names the schema of its data.
	Schema string
}

// Other is the label of events whose type is not known.
const Other = "other"

var types = []Type{
	connection(event.SuffixAttachmentAccepted), connection(event.SuffixAttachmentRejected), connection(event.SuffixAttachmentFailed),
	connection(event.SuffixDataSessionStarted), connection(event.SuffixDataSessionUpdated), connection(event.SuffixDataSessionEnded),
	connection(event.SuffixDataSessionFailed),
	{Name: Test, Pattern: "*.eventstreams.test.event", Schema: Test},
}

func connection(suffix string) Type {
	return Type{Name: suffix, Pattern: "*.supersim.connection." + suffix, Schema: Connection}
}

// Types returns the types that are known.
func Types() []Type { return slices.Clone(types) }

// typeByName finds a known type.
var typeByName = func() map[string]*Type {
	m := make(map[string]*Type, len(types))
	for i := range types {
		m[types[i].Name] = &types[i]
	}
	return m
}()

// typeInFull has the types in the spellings that nearly every event has. It only
// spares the search for the end of the type.
var typeInFull = func() map[string]*Type {
	m := map[string]*Type{event.TypeTest: typeByName[Test]}
	for name, t := range typeByName {
		for _, prefix := range []string{"com.kore.iot", "com.twilio.iot"} {
			if t.Schema == Connection {
				m[prefix+".supersim.connection."+name] = t
			}
		}
	}
	return m
}()

// typeOf returns the known type of an event, nil if it is of none.
func typeOf(e *event.Event) *Type {
	if t := typeInFull[e.Type]; t != nil {
		return t
	}
	if suffix := e.Suffix(); suffix != "" {
		if suffix == Test {
			return nil // a connection event of that name is no test event
		}
		return typeByName[suffix]
	}
	if e.IsTest() {
		return typeByName[Test]
	}
	return nil
}

// Label names the type of an event in few words: the name of a [Type], or Other.
func Label(e *event.Event) string {
	if t := typeOf(e); t != nil {
		return t.Name
	}
	return Other
}

// schemaNames maps what stands for a schema in dataschema to its name.
var schemaNames = map[string]string{
	"test": Test, "EventStreams.TestSink": Test, "SuperSim.ConnectionEvent": Connection,
}

// parseDataSchema reads the last two parts of a dataschema: which of our schemas
// it names, empty if none, and the version, 0 if none.
func parseDataSchema(text string) (schema string, version int) {
	rest, last := cutLast(strings.TrimSuffix(text, ".json"))
	n, err := strconv.ParseUint(last, 10, 31)
	if err != nil {
		return schemaNames[last], 0
	}
	_, name := cutLast(rest)
	return schemaNames[name], int(n)
}

func cutLast(s string) (before, last string) {
	i := strings.LastIndexByte(s, '/')
	if i < 0 {
		return "", s
	}
	return s[:i], s[i+1:]
}

// choose returns the schema of an event's data, nil if none is known, and whether
// dataschema names it or leaves it open.
func choose(e *event.Event, t *Type) (s *Schema, named bool) {
	name, version := parseDataSchema(e.DataSchema)
	named = e.DataSchema == ""
	if t != nil {
		named = named || name == t.Schema
		name = t.Schema
	} else if name != "" {
		named = true
	}
	if name == "" {
		return nil, false
	}
	for _, v := range Versions(name) {
		if v.Version == version {
			return v, named
		}
	}
	return newest(name), named && version == 0
}

// Find returns the schema that a person means by the name of a schema, a type in
// full or its end; a version of 0 is the newest. It returns nil if there is none.
func Find(text string, version int) *Schema {
	name := text
	if t := typeOf(&event.Event{Type: text}); t != nil {
		name = t.Schema
	}
	if t := typeByName[text]; t != nil {
		name = t.Schema
	}
	for _, s := range slices.Backward(Versions(name)) {
		if version == 0 || s.Version == version {
			return s
		}
	}
	return nil
}
