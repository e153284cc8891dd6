package wire_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/schemas"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"korestream/consumer/wire"
)

func TestProtocol_WhoDecodesWhat(t *testing.T) {
	t.Parallel()
	text := body(200, 1083) // longer than the first buffer for an unknown length
	tests := []struct {
		name   string
		change func(*smithyhttp.Response)
		sdk    bool
	}{
		{"as Kinesis answers", func(*smithyhttp.Response) {}, false},
		{"unknown length", func(r *smithyhttp.Response) { r.ContentLength = -1 }, false},
		{"longer than it says", func(r *smithyhttp.Response) { r.ContentLength = 10 }, false},
		{"byte by byte", func(r *smithyhttp.Response) { r.Body = io.NopCloser(iotest.OneByteReader(r.Body)) }, false},
		{"end with the data", func(r *smithyhttp.Response) { r.Body = io.NopCloser(iotest.DataErrReader(r.Body)) }, false},
		{"content type with a parameter", func(r *smithyhttp.Response) {
			r.Header.Set("Content-Type", "application/x-amz-json-1.1; charset=utf-8")
		}, false},
		{"no content type", func(r *smithyhttp.Response) { r.Header.Del("Content-Type") }, true},
		{"another content type", func(r *smithyhttp.Response) { r.Header.Set("Content-Type", "application/x-amz-cbor-1.1") }, true},
		{"an encoding", func(r *smithyhttp.Response) { r.Header.Set("Content-Encoding", "identity") }, true},
		{"bytes behind", func(r *smithyhttp.Response) {
			r.Body = io.NopCloser(bytes.NewReader(append(bytes.Clone(text), "more"...)))
		}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got, want wire.Page
			resp := answer(text)
			test.change(resp)
			bySDKToo, err := through(resp, &got, wire.NewPool(testKept))
			if err = errors.Join(err, bySDK(text, &want)); err != nil {
				t.Fatal(err)
			}
			if bySDKToo != test.sdk || !same(&got, &want) {
				t.Errorf("the SDK decoded: %v, want %v; %d records, want %d", bySDKToo, test.sdk, len(got.Records), len(want.Records))
			}
		})
	}
}

func TestProtocol_ABodyThatBreaksIsAnErrorOfItsOwn(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection reset")
	resp := answer(nil)
	resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body(3, 100)), iotest.ErrReader(broken)))
	var page wire.Page
	if _, err := through(resp, &page, wire.NewPool(testKept)); !errors.Is(err, broken) || len(page.Records) != 0 {
		t.Errorf("got %d records and %v, want %v", len(page.Records), err, broken)
	}
}

func TestProtocol_AnErrorKeepsItsType(t *testing.T) {
	t.Parallel()
	resp := answer([]byte(`{"__type":"ExpiredIteratorException","message":"too old"}`))
	resp.StatusCode = http.StatusBadRequest
	var page wire.Page
	_, err := through(resp, &page, wire.NewPool(testKept))
	var expired *types.ExpiredIteratorException
	if !errors.As(err, &expired) || expired.ErrorMessage() != "too old" {
		t.Errorf("got %v, want ExpiredIteratorException", err)
	}
}

func TestProtocol_OtherOperationsAreTheSDKs(t *testing.T) {
	t.Parallel()
	op := smithy.NewOperationSchema(schemas.ListShards, schemas.ListShardsInput, schemas.ListShardsOutput)
	var page wire.Page
	var out kinesis.ListShardsOutput
	ctx := wire.Into(context.Background(), &page, wire.NewPool(testKept))
	err := wire.NewProtocol(sdkProtocol()).DeserializeResponse(ctx, op, kinesis.TypeRegistry, answer([]byte(`{"Shards":[{"ShardId":"s"}]}`)), &out)
	if err != nil || len(out.Shards) != 1 || page.Filled() {
		t.Errorf("got %+v and %v, want one shard", out, err)
	}
}

func TestProtocol_AnAnswerWithoutRecordsDoesNotEndAShard(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "{}", `{"Records":null,"MillisBehindLatest":0}`} {
		var page wire.Page
		if _, err := through(answer([]byte(text)), &page, wire.NewPool(testKept)); !errors.Is(err, wire.ErrNoRecords) {
			t.Errorf("%q: got %v and ended %v, want ErrNoRecords", text, err, page.Ended)
		}
	}
}
