package wire_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"korestream/consumer/wire"
)

// errReference is what the reference refuses a body with.
var errReference = errors.New("refused")

// reference decodes a body with a decoder of others, and then by what members mean.
func reference(body []byte, mode cbor.DecMode) (p *wire.Page, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: %v", errReference, v)
		}
	}()
	return read{mode}.page(body), nil
}

// read reads by the reference; what it cannot read it panics with.
type read struct{ cbor.DecMode }

func (r read) must(raw []byte, into any) {
	if err := r.Unmarshal(raw, into); err != nil {
		panic(err)
	}
}

func isNull(raw []byte) bool { return len(raw) == 1 && (raw[0] == 0xf6 || raw[0] == 0xf7) }

func (r read) major(raw []byte, majors ...byte) []byte {
	if !slices.Contains(majors, raw[0]>>5) {
		panic(fmt.Sprintf("major type %d", raw[0]>>5))
	}
	return raw
}

// plainName is a name that has no tag, which the reference would read through.
type plainName string

// UnmarshalCBOR implements cbor.Unmarshaler.
func (n *plainName) UnmarshalCBOR(raw []byte) error {
	if raw[0]>>5 != 3 {
		return errReference
	}
	return cbor.Unmarshal(raw, (*string)(n))
}

func (r read) object(raw []byte) map[string]cbor.RawMessage {
	var m map[plainName]cbor.RawMessage
	r.must(r.major(raw, 5), &m)
	out := make(map[string]cbor.RawMessage, len(m))
	for name, value := range m {
		out[string(name)] = value
	}
	return out
}

func (r read) list(raw []byte) []cbor.RawMessage {
	var l []cbor.RawMessage
	r.must(r.major(raw, 4), &l)
	return l
}

// str reads a member that may be missing or null.
func (r read) str(m map[string]cbor.RawMessage, name string) (s string, there bool) {
	raw, ok := m[name]
	if !ok || isNull(raw) {
		return "", false
	}
	r.must(r.major(raw, 3), &s)
	return s, true
}

func (r read) page(body []byte) *wire.Page {
	if len(body) == 0 {
		panic("empty")
	}
	m := r.object(body)
	p := &wire.Page{MillisBehindLatest: -1}
	next, there := r.str(m, "NextShardIterator")
	p.NextShardIterator, p.Ended = next, !there
	if raw, ok := m["MillisBehindLatest"]; ok && !isNull(raw) {
		r.must(r.major(raw, 0, 1), &p.MillisBehindLatest)
	}
	if raw, ok := m["ChildShards"]; ok && !isNull(raw) {
		for _, c := range r.list(raw) {
			p.ChildShards = append(p.ChildShards, r.childShard(r.object(c)))
		}
	}
	raw, ok := m["Records"]
	if !ok && len(p.ChildShards) == 0 {
		panic("no records")
	}
	if ok {
		for _, one := range r.list(raw) {
			p.Records = append(p.Records, r.record(r.object(one)))
		}
	}
	return p
}

func (r read) childShard(m map[string]cbor.RawMessage) string {
	id, _ := r.str(m, "ShardId")
	if raw, ok := m["ParentShards"]; ok && !isNull(raw) {
		for _, one := range r.list(raw) {
			r.str(map[string]cbor.RawMessage{"": r.major(one, 3)}, "")
		}
	}
	if raw, ok := m["HashKeyRange"]; ok && !isNull(raw) {
		keys := r.object(raw)
		r.str(keys, "StartingHashKey")
		r.str(keys, "EndingHashKey")
	}
	return id
}

func (r read) record(m map[string]cbor.RawMessage) (out wire.Record) {
	out.SequenceNumber, _ = r.str(m, "SequenceNumber")
	out.PartitionKey, _ = r.str(m, "PartitionKey")
	r.str(m, "EncryptionType")
	if raw, ok := m["ApproximateArrivalTimestamp"]; ok && !isNull(raw) {
		out.ArrivedAt = r.time(raw)
	}
	raw, ok := m["Data"]
	if !ok || isNull(raw) {
		return out
	}
	if r.major(raw, 2, 3)[0]>>5 == 2 {
		r.must(raw, &out.Data)
		return out
	}
	text, _ := r.str(m, "Data")
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	out.Data = data
	return out
}

func (r read) time(raw []byte) time.Time {
	if raw[0]>>5 == 6 {
		var tag cbor.RawTag
		r.must(raw, &tag)
		if tag.Number != 1 {
			panic("a tag")
		}
		raw = tag.Content
	}
	var value float64
	switch {
	case raw[0]>>5 == 0:
		var n uint64
		r.must(raw, &n)
		value = float64(n)
	case raw[0] == 0xfa || raw[0] == 0xfb:
		r.must(raw, &value)
	default:
		panic("no time")
	}
	switch {
	case math.IsNaN(value) || value < 0 || value >= 1<<53:
		panic("no time of this world")
	case value < 1e11:
		value *= 1000
	}
	return time.UnixMilli(int64(math.Round(value))).UTC()
}

// modes are two of the reference: loose takes whatever is well-formed; strict has no member twice, no nesting
// beyond reason and no tags, of whose content the reference says one thing in
// members and another in the names of what is in them.
func modes(t testing.TB) (loose, strict cbor.DecMode) {
	t.Helper()
	o := cbor.DecOptions{MaxNestedLevels: 1000, MaxArrayElements: 1 << 30, MaxMapPairs: 1 << 30}
	loose, err := o.DecMode()
	if err != nil {
		t.Fatal(err)
	}
	o.MaxNestedLevels, o.DupMapKey, o.TagsMd = 60, cbor.DupMapKeyEnforcedAPF, cbor.TagsForbidden
	if strict, err = o.DecMode(); err != nil {
		t.Fatal(err)
	}
	return loose, strict
}
