package webhook

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"go.uber.org/zap"

	"korestream/event"
)

// taken is a stream that takes everything.
type taken struct{ records int }

func (s *taken) PutRecords(_ context.Context, in *kinesis.PutRecordsInput, _ ...func(*kinesis.Options)) (*kinesis.PutRecordsOutput, error) {
	s.records += len(in.Records)
	for _, r := range in.Records {
		if key := *r.PartitionKey; key == "" || len(key) > maxKey || len(r.Data) == 0 {
			return nil, errShortAnswer // Kinesis would refuse it, and the request with it
		}
	}
	return &kinesis.PutRecordsOutput{Records: make([]types.PutRecordsResultEntry, len(in.Records))}, nil
}

// FuzzHandler sends a request as it comes, and signed. No request panics; unsigned
// none gets a 2xx or puts anything; signed, one with events gets them all in.
func FuzzHandler(f *testing.F) {
	const form, json = "application/x-www-form-urlencoded", "application/json"
	for _, v := range vectors(f) {
		f.Add(v.Method, json, "", "token", v.Sum, []byte(v.Body))
		f.Add(v.Method, form, "", "", v.Sum, []byte(v.Body))
	}
	for _, h := range hostiles() {
		var body bytes.Buffer
		if _, err := body.ReadFrom(h.request.Body); err != nil {
			f.Fatal(err)
		}
		f.Add(h.request.Method, h.request.Header.Get("Content-Type"), h.request.Header.Get("Content-Encoding"), "t", h.request.Header.Get(HeaderSignature), body.Bytes())
	}
	f.Fuzz(func(t *testing.T, method, contentType, encoding, token, signature string, body []byte) {
		s := &taken{}
		c := DefaultConfig()
		c.Stream, c.URL, c.RefusalRate = testStream, testURL, 1<<20
		secrets, err := OpenSecrets("", testSecret, zap.NewNop())
		if err != nil {
			t.Fatal(err)
		}
		h, err := NewHandler(c, s, secrets)
		if err != nil {
			t.Fatal(err)
		}
		send := func(signature string) int {
			r := httptest.NewRequest(http.MethodPost, testURL, bytes.NewReader(body))
			r.Method = method
			r.Header = http.Header{
				"Content-Type": {contentType}, "Content-Encoding": {encoding}, HeaderToken: {token}, HeaderSignature: {signature},
			}
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, r)
			return rec.Code
		}
		good := Sign(testSecret, method, testURL, body)
		if code := send(signature); (code < 400 || s.records > 0) && signature != good && !verified([]string{testSecret}, method, testURL, body, signature) {
			t.Fatalf("not verified: got %d and %d records", code, s.records)
		}
		if code := send(good); code >= 500 {
			t.Fatalf("signed: got %d", code)
		} else if items, err := event.Decode(body); err == nil && contentType == json && encoding == "" && method == "POST" && code != 200 && len(body) <= c.MaxBodyBytes {
			t.Fatalf("signed, with %d events: got %d", len(items), code)
		}
		if err := h.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}
