package wire_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/fxamacker/cbor/v2"

	"korestream/consumer/wire"
)

const cborType = "application/x-amz-cbor-1.1"

// answerCBOR is a response of Kinesis with the given body in AWS CBOR.
func answerCBOR(body []byte) *smithyhttp.Response {
	resp := answer(body)
	resp.Header.Set("Content-Type", cborType)
	return resp
}

// throughCBOR decodes a response as a client that asks in AWS CBOR does.
func throughCBOR(c *wire.CBOR, resp *smithyhttp.Response, page *wire.Page, pool *wire.Pool) error {
	var out kinesis.GetRecordsOutput
	ctx := wire.Into(context.Background(), page, pool)
	err := c.Protocol(sdkProtocol()).DeserializeResponse(ctx, getRecords, kinesis.TypeRegistry, resp, &out)
	if err == nil && !page.Filled() {
		wire.FromSDK(&out, page)
	}
	return err
}

func silently(error) {}

// form is how an endpoint writes CBOR.
type form struct {
	// indefinite: of lists and maps, as Jackson writes them, and pieces: of strings.
	indefinite, pieces bool
	// tagged: times have their tag; seconds: and are seconds.
	tagged, seconds bool
	// base64: data are text.
	base64 bool
	// undefined: what is not there is there and undefined.
	undefined bool
}

// forms are those of the endpoints that there are.
var forms = map[string]form{
	"Jackson":      {indefinite: true, tagged: true},
	"definite":     {tagged: true},
	"kinesis-mock": {base64: true},
	"kinesalite":   {seconds: true, undefined: true},
	"pieces":       {indefinite: true, pieces: true, seconds: true, tagged: true},
}

func scalar(v any) []byte {
	b, err := cbor.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func (f form) list(major byte, items [][]byte) []byte {
	if f.indefinite {
		return slices.Concat([]byte{major<<5 | 31}, bytes.Join(items, nil), []byte{0xff})
	}
	length := scalar(uint64(len(items)))
	length[0] |= major << 5
	return append(length, bytes.Join(items, nil)...)
}

// members is a map without the members that are nil.
func (f form) members(pairs ...any) []byte {
	var items [][]byte
	for i := 0; i < len(pairs); i += 2 {
		value, _ := pairs[i+1].([]byte)
		if value == nil && f.undefined {
			value = []byte{0xf7}
		}
		if value != nil {
			items = append(items, append(scalar(pairs[i]), value...))
		}
	}
	return f.list(5, items)
}

func (f form) text(s string) []byte {
	if !f.pieces {
		return scalar(s)
	}
	var pieces [][]byte
	for _, r := range s {
		pieces = append(pieces, scalar(string(r)))
	}
	return slices.Concat([]byte{0x7f}, bytes.Join(pieces, nil), []byte{0xff})
}

func (f form) data(b []byte) []byte {
	switch {
	case f.base64:
		return f.text(base64.StdEncoding.EncodeToString(b))
	case f.pieces:
		return slices.Concat([]byte{0x5f}, scalar(b[:len(b)/2]), scalar(b[len(b)/2:]), []byte{0xff})
	default:
		return scalar(b)
	}
}

func (f form) time(t time.Time) []byte {
	value := scalar(t.UnixMilli())
	if f.seconds {
		value = scalar(float64(t.UnixMilli()) / 1000)
	}
	if f.tagged {
		return append([]byte{0xc1}, value...)
	}
	return value
}

// write is a page as an endpoint of that form sends it.
func (f form) write(p *wire.Page) []byte {
	records := make([][]byte, 0, len(p.Records))
	for _, r := range p.Records {
		var at, data []byte
		if !r.ArrivedAt.IsZero() {
			at = f.time(r.ArrivedAt)
		}
		if r.Data != nil {
			data = f.data(r.Data)
		}
		records = append(records, f.members("ApproximateArrivalTimestamp", at, "Data", data,
			"EncryptionType", f.text("NONE"), "PartitionKey", f.text(r.PartitionKey), "SequenceNumber", f.text(r.SequenceNumber)))
	}
	var children [][]byte
	for _, id := range p.ChildShards {
		children = append(children, f.members("ShardId", f.text(id), "ParentShards", f.list(4, [][]byte{f.text("p")}),
			"HashKeyRange", f.members("StartingHashKey", f.text("0"), "EndingHashKey", f.text("9"))))
	}
	var childShards, next []byte
	if len(children) > 0 {
		childShards = f.list(4, children)
	}
	if !p.Ended {
		next = f.text(p.NextShardIterator)
	}
	return f.members("ChildShards", childShards, "MillisBehindLatest", scalar(p.MillisBehindLatest), "NextShardIterator", next, "Records", f.list(4, records))
}

// pageOf is a page of n records of the given size.
func pageOf(n, size int) *wire.Page {
	p := &wire.Page{NextShardIterator: "AAAA", MillisBehindLatest: 1234}
	for i := range n {
		data := make([]byte, size)
		for j := range data {
			data[j] = byte(i + j*7 + j/256)
		}
		p.Records = append(p.Records, wire.Record{
			SequenceNumber: fmt.Sprintf("49545115243490985018280067714973144582180062593244200%03d", i%1000),
			PartitionKey:   fmt.Sprintf("HS%032d", i), ArrivedAt: time.UnixMilli(1763100000000 + int64(i)).UTC(), Data: data,
		})
	}
	return p
}

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

// modeOf is the reference's, with so much nesting and with members that are there
// twice or not.
func modeOf(t testing.TB, depth int, twice cbor.DupMapKeyMode) cbor.DecMode {
	t.Helper()
	m, err := cbor.DecOptions{MaxNestedLevels: depth, DupMapKey: twice, MaxArrayElements: 1 << 30, MaxMapPairs: 1 << 30, TagsMd: cbor.TagsAllowed}.DecMode()
	if err != nil {
		t.Fatal(err)
	}
	return m
}
