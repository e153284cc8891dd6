package wire_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/fxamacker/cbor/v2"

	"korestream/consumer/wire"
)

// told is what a CBOR said of itself.
type told []error

func (t *told) tell(why error) { *t = append(*t, why) }

// state is asking, agreed or settled, by what was told.
func (t *told) state() string {
	switch n := len(*t); {
	case n == 0:
		return "asking"
	case (*t)[n-1] == nil:
		return "agreed"
	default:
		return "settled"
	}
}

// reply is a response with a body of the given type.
func reply(status int, contentType string, body []byte) *smithyhttp.Response {
	resp := answer(body)
	resp.StatusCode = status
	resp.Header.Set("Content-Type", contentType)
	return resp
}

func errorCBOR(code, message string) []byte {
	return scalar(map[string]string{"__type": code, "message": message})
}

func TestDialect_WhatAnAnswerSays(t *testing.T) {
	t.Parallel()
	page, inJSON := forms["Jackson"].write(pageOf(2, 10)), writeJSON(pageOf(2, 10))
	refusal := []byte(`{"__type":"AccessDeniedException","message":"no"}`)
	tests := []struct {
		name    string
		resp    func() *smithyhttp.Response
		records int
		again   bool // the call is to be made again, in AWS JSON
		// What is known after one such answer as the first one, and as the second one
		// of an endpoint that answered in CBOR.
		first, later string
	}{
		{"a page", func() *smithyhttp.Response { return reply(200, cborType, page) }, 2, false, "agreed", "agreed"},
		{"a page, type with a parameter", func() *smithyhttp.Response { return reply(200, cborType+"; charset=utf-8", page) }, 2, false, "agreed", "agreed"},
		{"a page in JSON", func() *smithyhttp.Response { return reply(200, "application/x-amz-json-1.1", inJSON) }, 2, false, "settled", "agreed"},
		{"an odd page", func() *smithyhttp.Response { return reply(200, cborType, page[1:]) }, 0, true, "asking", "agreed"},
		{"JSON that says it is CBOR", func() *smithyhttp.Response { return reply(200, cborType, inJSON) }, 0, true, "asking", "agreed"},
		{"CBOR that says it is JSON", func() *smithyhttp.Response { return reply(200, "application/x-amz-json-1.1", page) }, 0, true, "settled", "agreed"},
		{"a page of HTML", func() *smithyhttp.Response { return reply(200, "text/html", []byte("<html>")) }, 0, true, "settled", "agreed"},
		{"a packed page", func() *smithyhttp.Response {
			resp := reply(200, cborType, page)
			resp.Header.Set("Content-Encoding", "gzip")
			return resp
		}, 0, true, "settled", "agreed"},
		{"a refusal", func() *smithyhttp.Response {
			return reply(400, cborType, errorCBOR("ProvisionedThroughputExceededException", "slow down"))
		}, 0, false, "agreed", "agreed"},
		{"a refusal of the form", func() *smithyhttp.Response { return reply(400, cborType, errorCBOR("SerializationException", "")) }, 0, true, "settled", "agreed"},
		{"a refusal in JSON", func() *smithyhttp.Response { return reply(400, "application/x-amz-json-1.1", refusal) }, 0, true, "settled", "agreed"},
		{"trouble of a balancer", func() *smithyhttp.Response { return reply(503, "text/html", []byte("<html>")) }, 0, true, "asking", "agreed"},
		{"an error that cannot be read", func() *smithyhttp.Response { return reply(500, cborType, []byte("oops")) }, 0, false, "asking", "agreed"},
	}
	for _, tt := range tests {
		for _, agreed := range []bool{false, true} {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				var said told
				c, want, again := wire.NewCBOR(said.tell), tt.first, tt.again
				if agreed {
					want = tt.later
					again = again && tt.resp().StatusCode != 503
					if err := throughCBOR(c, answerCBOR(page), &wire.Page{}, wire.NewPool(testKept)); err != nil {
						t.Fatal(err)
					}
				}
				var got wire.Page
				err := throughCBOR(c, tt.resp(), &got, wire.NewPool(testKept))
				if errors.Is(err, wire.ErrDialect) != again || len(got.Records) != tt.records {
					t.Errorf("got %v and %d records; again: want %v, records: want %d", err, len(got.Records), again, tt.records)
				}
				if said.state() != want {
					t.Errorf("got %s %v, want %s", said.state(), said, want)
				}
			})
		}
	}
}

func TestDialect_ThreeOddAnswersInARowAreEnough(t *testing.T) {
	t.Parallel()
	var said told
	c, pool := wire.NewCBOR(said.tell), wire.NewPool(testKept)
	good, odd := forms["Jackson"].write(pageOf(1, 10)), []byte("odd")
	for i, body := range [][]byte{good, odd, odd, good, odd, odd} {
		var page wire.Page
		if err := throughCBOR(c, answerCBOR(body), &page, pool); (err == nil) != bytes.Equal(body, good) {
			t.Fatal(i, err)
		}
		page.Release()
	}
	if said.state() != "agreed" || len(said) != 1 {
		t.Fatalf("got %v, want to be told once that it is spoken", said)
	}
	var page wire.Page
	_ = throughCBOR(c, answerCBOR(odd), &page, pool)
	if len(said) != 2 || !errors.Is(said[1], wire.ErrDialect) {
		t.Fatalf("got %v, want to be told why it is left", said)
	}
	req, err := http.NewRequest(http.MethodPost, "http://kinesis.invalid/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if contentType, _ := serialized(t, c, &smithyhttp.Request{Request: req}, &page); contentType != "application/x-amz-json-1.1" {
		t.Errorf("asks in %s after that", contentType)
	}
}

// serialized is the request of one call.
func serialized(t *testing.T, c *wire.CBOR, req *smithyhttp.Request, page *wire.Page) (contentType string, body []byte) {
	t.Helper()
	ctx := wire.Into(context.Background(), page, wire.NewPool(testKept))
	in := &kinesis.GetRecordsInput{ShardIterator: aws.String("AAAA"), Limit: aws.Int32(10_000), StreamARN: aws.String("arn:aws:kinesis:eu-west-1:000000000000:stream/kore"), DryRun: aws.Bool(true)}
	if err := c.Protocol(sdkProtocol()).SerializeRequest(ctx, getRecords, in, req); err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(req.GetStream())
	if err != nil {
		t.Fatal(err)
	}
	if target := req.Header.Get("X-Amz-Target"); target != "Kinesis_20131202.GetRecords" {
		t.Errorf("the target is %q", target)
	}
	return req.Header.Get("Content-Type"), body
}

func TestDialect_ARequestIsAMapOfWhatIsSet(t *testing.T) {
	t.Parallel()
	req := &smithyhttp.Request{Request: &http.Request{URL: &url.URL{}, Header: http.Header{}}}
	contentType, body := serialized(t, wire.NewCBOR(silently), req, &wire.Page{})
	var got struct {
		ShardIterator, StreamARN string
		Limit                    int
		DryRun                   bool
	}
	err := cbor.Unmarshal(body, &got)
	if err != nil || contentType != cborType || got.ShardIterator != "AAAA" || got.StreamARN != "arn:aws:kinesis:eu-west-1:000000000000:stream/kore" || got.Limit != 10_000 || !got.DryRun || body[0] != 0xa4 {
		t.Errorf("got %s, %x as %+v, %v", contentType, body, got, err)
	}
}

func TestDialect_AnErrorKeepsItsType(t *testing.T) {
	t.Parallel()
	pool := wire.NewPool(testKept)
	for _, typ := range []string{"ExpiredIteratorException", "com.amazonaws.kinesis.v20131202#ExpiredIteratorException"} {
		var page wire.Page
		err := throughCBOR(wire.NewCBOR(silently), reply(400, cborType, errorCBOR(typ, "too \"old\"")), &page, pool)
		var expired *types.ExpiredIteratorException
		if !errors.As(err, &expired) || expired.ErrorMessage() != `too "old"` {
			t.Errorf("%s: got %v, want ExpiredIteratorException", typ, err)
		}
	}
	// Of the header, where the body does not say.
	resp := reply(400, cborType, []byte{0xbf, 0xff})
	resp.Header.Set("X-Amzn-Errortype", "ProvisionedThroughputExceededException:http://internal")
	var throttled *types.ProvisionedThroughputExceededException
	if err := throughCBOR(wire.NewCBOR(silently), resp, &wire.Page{}, pool); !errors.As(err, &throttled) {
		t.Errorf("got %v, want ProvisionedThroughputExceededException", err)
	}
}

func TestDialect_NoneIsJSON(t *testing.T) {
	t.Parallel()
	var none *wire.CBOR
	var page wire.Page
	if err := throughCBOR(none, answer(body(3, 10)), &page, wire.NewPool(testKept)); err != nil || len(page.Records) != 3 {
		t.Errorf("got %d records and %v", len(page.Records), err)
	}
}
