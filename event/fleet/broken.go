package fleet

import (
	"bytes"
	"math/rand/v2"
	"strings"
)

// damages are the ways in which a record may hold no event. Each takes an
// ordinary event and returns the record's data.
var damages = []func(r *rand.Rand, m *message) []byte{
	truncated, notUTF8, duplicateKey, duplicateDataKey, noID, nullID, numberID, noType,
	trailing, twoObjects, tooDeep, notJSON,
}

// broken returns a record that holds no event. No SIM's course is disturbed:
// what is broken was never part of it.
func (f *Fleet) broken() Record {
	m := f.anySIM().accepted(f.rand, f.now)
	key := m.key()
	data := damages[f.rand.IntN(len(damages))](f.rand, &m)
	return Record{PartitionKey: key, Data: data, Kind: Broken}
}

func truncated(r *rand.Rand, m *message) []byte {
	data := m.json()
	return data[:1+r.IntN(len(data)-1)]
}

func notUTF8(r *rand.Rand, m *message) []byte {
	// A lone Latin-1 letter, an overlong slash, half a surrogate pair.
	bad := []string{"\xe9", "\xc0\xaf", "\xed\xa0\x80"}[r.IntN(3)]
	return bytes.Replace(m.json(), []byte("kore-events"), []byte("kore-"+bad+"vents"), 1)
}

func duplicateKey(r *rand.Rand, m *message) []byte {
	return withMember(m, `"id":`+string(quote(sid(r, "EZ"))))
}

func duplicateDataKey(r *rand.Rand, m *message) []byte {
	data := m.dataJSON()
	m.data = append(data[:len(data)-1], `,"sim_sid":`+string(quote(sid(r, "HS")))+`}`...)
	return m.json()
}

func noID(_ *rand.Rand, m *message) []byte { return without(m, "id") }

func nullID(r *rand.Rand, m *message) []byte {
	m.data = m.dataJSON()
	m.id = ""
	return withMember(m, []string{`"id":null`, `"id":""`}[r.IntN(2)])
}

func numberID(r *rand.Rand, m *message) []byte {
	m.data = m.dataJSON()
	m.id = ""
	return withMember(m, []string{`"id":17`, `"id":{}`, `"id":true`}[r.IntN(3)])
}

func noType(_ *rand.Rand, m *message) []byte { return without(m, "type") }

func trailing(r *rand.Rand, m *message) []byte {
	return append(m.json(), []string{"}", " garbage", "\x00", ",", "]"}[r.IntN(5)]...)
}

func twoObjects(_ *rand.Rand, m *message) []byte {
	data := m.json()
	return append(append(data, '\n'), data...)
}

func tooDeep(r *rand.Rand, m *message) []byte {
	n := 100 + r.IntN(100)
	m.data = []byte(strings.Repeat("[", n) + strings.Repeat("]", n))
	return m.json()
}

func notJSON(r *rand.Rand, _ *message) []byte {
	texts := []string{
		"{}", "[]", "[[]]", "[{}]", "null", "true", "0", `"event"`, " ", "{'id':'1','type':'x'}", "NaN", "{,}",
		"<event><id>1</id></event>", "id=1&type=x", "\x1f\x8b\x08\x00\x00\x00\x00\x00", "\x00\x01\x02\x03", "\xff\xfe{\x00}\x00",
	}
	return []byte(texts[r.IntN(len(texts))])
}

// withMember adds a member at the end.
func withMember(m *message, member string) []byte {
	data := m.json()
	return append(data[:len(data)-1], ","+member+"}"...)
}

// without leaves one attribute of the envelope out.
func without(m *message, name string) []byte {
	m.data = m.dataJSON()
	if name == "id" {
		m.id = ""
	} else {
		m.typ = ""
	}
	return m.json()
}
