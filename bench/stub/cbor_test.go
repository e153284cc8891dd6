package stub_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"korestream/bench/stub"
)

// callCBOR asks a stub for records in AWS CBOR.
func callCBOR(t *testing.T, s *stub.Service, in map[string]any, out any) int {
	t.Helper()
	body, err := cbor.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	r.Header.Set("X-Amz-Target", "Kinesis_20131202.GetRecords")
	r.Header.Set("Content-Type", "application/x-amz-cbor-1.1")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if typ := w.Header().Get("Content-Type"); typ != "application/x-amz-cbor-1.1" {
		t.Errorf("answered in %s", typ)
	}
	if err := cbor.Unmarshal(w.Body.Bytes(), out); err != nil {
		t.Fatalf("answered %x: %v", w.Body, err)
	}
	return w.Code
}

func TestStub_SaysTheSameInCBOR(t *testing.T) {
	t.Parallel()
	for _, size := range []int{512, 1083, 8192, 70_000} {
		s := newStub(t, stub.Config{Stream: "bench", Shards: 2, PageRecords: 7, Pages: 3, EventBytes: size})
		it := begin(t, s, "shardId-000000000001", map[string]any{"ShardIteratorType": "TRIM_HORIZON"})
		for _, limit := range []int{10_000, 3, 10_000, 10_000, 10_000} {
			in := map[string]any{"ShardIterator": it, "Limit": limit}
			var inJSON, inCBOR records
			call(t, s, "GetRecords", in, &inJSON)
			if code := callCBOR(t, s, in, &inCBOR); code != http.StatusOK || len(inJSON.Records)+len(inCBOR.Records) > 0 && !reflect.DeepEqual(inJSON, inCBOR) {
				t.Fatalf("%d: got %.300v in CBOR and %.300v", code, inCBOR, inJSON)
			}
			it = inCBOR.NextShardIterator
		}
	}
	var refused map[string]string
	if code := callCBOR(t, newStub(t, stub.DefaultConfig()), map[string]any{"ShardIterator": "none"}, &refused); code != http.StatusBadRequest || refused["__type"] != "InvalidArgumentException" {
		t.Errorf("got %d, %v", code, refused)
	}
}
