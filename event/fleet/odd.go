package fleet

import (
	"bytes"
	"math/rand/v2"

	"github.com/go-json-experiment/json/jsontext"
)

// oddities are the ways in which a good record may be unusual. Each takes an
// ordinary event and returns the record's data.
var oddities = []func(r *rand.Rand, m *message) []byte{
	dataAsString, arrayOfOne, nullMembers, unknownType, specVersion2,
	noSchema, extraMembers, millisecondTime, indented, escaped, idFirst, spaced,
}

// odd returns a fresh event in an unusual form.
func (f *Fleet) odd() Record {
	m := f.event()
	data := oddities[f.rand.IntN(len(oddities))](f.rand, &m)
	return Record{PartitionKey: m.key(), Data: data, Kind: Fresh}
}

// dataAsString puts the data into a string, as the legacy producer did.
func dataAsString(_ *rand.Rand, m *message) []byte {
	m.data = quote(string(m.dataJSON()))
	return m.json()
}

func arrayOfOne(_ *rand.Rand, m *message) []byte {
	return append(append([]byte{'['}, m.json()...), ']')
}

func nullMembers(_ *rand.Rand, m *message) []byte {
	m.nulls = true
	return m.json()
}

// unknownType sends a product's event that nobody has heard of, about a SIM.
// The event whose place it takes goes missing from its session's course, which
// cumulative totals survive.
func unknownType(_ *rand.Rand, m *message) []byte {
	var d object
	d.text("sim_sid", m.sim.sid)
	d.raw("anything", []byte(`[true,{"nested":{"deeper":1e3}}]`))
	m.data = d.close()
	m.typ = "com.kore.someproduct.thing.happened"
	m.schema = "/schemas/someproduct/3"
	return m.json()
}

func specVersion2(_ *rand.Rand, m *message) []byte {
	m.specversion = "2.0"
	return m.json()
}

func noSchema(_ *rand.Rand, m *message) []byte {
	m.schema = ""
	return m.json()
}

func extraMembers(_ *rand.Rand, m *message) []byte {
	m.extra = true
	return m.json()
}

// millisecondTime writes the time as the legacy producer did.
func millisecondTime(_ *rand.Rand, m *message) []byte {
	at := m.at.UTC()
	return bytes.Replace(m.json(),
		[]byte(`"time":"`+at.Format(timeFormat)),
		[]byte(`"time":"`+at.Format("2006-01-02T15:04:05.000Z")), 1)
}

func indented(_ *rand.Rand, m *message) []byte {
	v := jsontext.Value(m.json())
	if err := v.Indent(); err != nil {
		return m.json() // unreachable: what was written is JSON
	}
	return v
}

// escaped writes a letter of a name and of a value as escapes.
func escaped(_ *rand.Rand, m *message) []byte {
	data := bytes.Replace(m.json(), []byte(`"id":"E`), []byte(`"\u0069d":"\u0045`), 1)
	return bytes.ReplaceAll(data, []byte(`/`), []byte(`\/`))
}

// idFirst puts data last.
func idFirst(_ *rand.Rand, m *message) []byte {
	all := m.json()
	data := append([]byte(`{"data":`), m.dataJSON()...)
	rest := all[len(data)+1 : len(all)-1]
	var b []byte
	b = append(append(b, '{'), rest...)
	b = append(b, `,"subject":null,`...)
	b = append(b, data[1:]...)
	return append(b, '}')
}

func spaced(_ *rand.Rand, m *message) []byte {
	return append(append([]byte("\r\n\t "), m.json()...), '\n')
}
