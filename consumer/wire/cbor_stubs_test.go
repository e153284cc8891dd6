package wire_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
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
