package wire_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/schemas"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"

	"korestream/consumer/wire"
)

var (
	getRecords      = smithy.NewOperationSchema(schemas.GetRecords, schemas.GetRecordsInput, schemas.GetRecordsOutput)
	subscribeEvents = schemas.SubscribeToShardEventStream
)

func body64(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

func sdkProtocol() smithyhttp.ClientProtocol { return awsjson.New11(schemas.Kinesis_20131202) }

// counted counts the answers that the SDK's protocol is given.
type counted struct {
	smithyhttp.ClientProtocol
	calls int
}

func (c *counted) DeserializeResponse(ctx context.Context, op *smithy.OperationSchema, types *smithy.TypeRegistry,
	resp *smithyhttp.Response, out smithy.Deserializable,
) error {
	c.calls++
	return c.ClientProtocol.DeserializeResponse(ctx, op, types, resp, out)
}

// testKept is what the pools of the tests keep.
const testKept = 32 << 20

// answer is a response of Kinesis with the given body.
func answer(body []byte) *smithyhttp.Response {
	return &smithyhttp.Response{Response: &http.Response{
		StatusCode:    http.StatusOK,
		Header:        http.Header{"Content-Type": {"application/x-amz-json-1.1"}},
		Body:          io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)),
	}}
}

// through decodes a response as a client with our protocol does. It tells
// whether the SDK had to.
func through(resp *smithyhttp.Response, page *wire.Page, pool *wire.Pool) (fellBack bool, err error) {
	next := &counted{ClientProtocol: sdkProtocol()}
	var out kinesis.GetRecordsOutput
	ctx := wire.Into(context.Background(), page, pool)
	err = wire.NewProtocol(next).DeserializeResponse(ctx, getRecords, kinesis.TypeRegistry, resp, &out)
	if err == nil && !page.Filled() {
		wire.FromSDK(&out, page)
	}
	return next.calls > 0, err
}

// bySDK decodes a body with the SDK alone, whose panics count as errors.
func bySDK(body []byte, page *wire.Page) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	var out kinesis.GetRecordsOutput
	err = sdkProtocol().DeserializeResponse(context.Background(), getRecords, kinesis.TypeRegistry, answer(body), &out)
	if err != nil {
		return err
	}
	if out.Records == nil && len(out.ChildShards) == 0 {
		return wire.ErrNoRecords
	}
	wire.FromSDK(&out, page)
	return nil
}

// content is what a page says, without the memory it lies in.
func content(p *wire.Page) wire.Page {
	c := wire.Page{
		NextShardIterator: p.NextShardIterator, ContinuationSequenceNumber: p.ContinuationSequenceNumber,
		Ended: p.Ended, MillisBehindLatest: p.MillisBehindLatest, ChildShards: p.ChildShards,
	}
	for _, r := range p.Records {
		r.Chunk = nil
		c.Records = append(c.Records, r)
	}
	return c
}

// same tells whether two pages say the same.
func same(a, b *wire.Page) bool {
	return a.NextShardIterator == b.NextShardIterator && a.ContinuationSequenceNumber == b.ContinuationSequenceNumber &&
		a.Ended == b.Ended && a.MillisBehindLatest == b.MillisBehindLatest &&
		slices.Equal(a.ChildShards, b.ChildShards) && slices.EqualFunc(a.Records, b.Records, sameRecord)
}

func sameRecord(a, b wire.Record) bool {
	return a.SequenceNumber == b.SequenceNumber && a.PartitionKey == b.PartitionKey && a.ArrivedAt.Equal(b.ArrivedAt) &&
		(a.Data == nil) == (b.Data == nil) && bytes.Equal(a.Data, b.Data)
}

// wantSame decodes a body in both ways and reports whether the SDK had to help.
func wantSame(t testing.TB, body []byte) (fellBack bool) {
	t.Helper()
	pool := wire.NewPool(testKept)
	var got, want wire.Page
	fellBack, err := through(answer(body), &got, pool)
	wantErr := bySDK(body, &want)
	switch {
	case (err == nil) != (wantErr == nil):
		t.Fatalf("%.200q: got error %v, the SDK's is %v", body, err, wantErr)
	case err == nil:
		if !same(&got, &want) {
			t.Fatalf("%.200q: got %.500v, the SDK's is %.500v", body, content(&got), content(&want))
		}
	case len(got.Records) > 0 || len(got.Chunks) > 0:
		t.Fatalf("%.200q: refused with %v, and the page has %d records", body, err, len(got.Records))
	}
	checkMemory(t, &got)
	return fellBack
}

// checkMemory checks that a page's chunks hold its data without overlap, and that
// all of it is given back.
func checkMemory(t testing.TB, p *wire.Page) {
	t.Helper()
	freed, held := 0, 0
	for _, c := range p.Chunks {
		held += c.Cap()
		c.OnFree = func(n int) { freed += n }
	}
	for _, r := range p.Records {
		if r.Chunk != nil && !slices.Contains(p.Chunks, r.Chunk) {
			t.Fatal("a record's chunk is none of its page")
		}
		if cap(r.Data) != len(r.Data) && r.Chunk != nil {
			t.Fatalf("appending to data of %d bytes would write on the next record's", len(r.Data))
		}
	}
	if held != p.Bytes {
		t.Fatalf("got %d bytes, the chunks hold %d", p.Bytes, held)
	}
	p.Release()
	if freed != held {
		t.Fatalf("freed %d bytes of %d", freed, held)
	}
}

// body is an answer of n records with data of the given size each, as Kinesis
// writes it.
func body(n, size int) []byte {
	var b strings.Builder
	b.WriteString(`{"Records":[`)
	data := make([]byte, size)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		for j := range data {
			data[j] = byte(i + j*7 + j/256)
		}
		fmt.Fprintf(&b, `{"SequenceNumber":"49545115243490985018280067714973144582180062593244200%03d","ApproximateArrivalTimestamp":1.7631%06dE9,"Data":"%s","PartitionKey":"HS%032d"}`,
			i%1000, i, body64(data), i)
	}
	b.WriteString(`],"NextShardIterator":"` + strings.Repeat("A", 224) + `","MillisBehindLatest":1234}`)
	return []byte(b.String())
}
