package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"korestream/localstack/embed"
)

const (
	testStream = "kore-events"
	testSecret = "f4d430d03cff6f03e1"
	testURL    = "https://hooks.example.com/kore"
)

// world is an endpoint in this process, and a Handler that puts on its stream.
type world struct {
	t    *testing.T
	ep   *embed.Endpoint
	kc   *kinesis.Client
	db   *dynamodb.Client
	h    *Handler
	logs *observer.ObservedLogs
}

// newWorld must be called in a bubble of synctest. Each change is made to the
// configuration before the Handler is.
func newWorld(t *testing.T, change func(*Config), opts ...Option) *world {
	t.Helper()
	w := &world{t: t, ep: embed.New()}
	cfg := aws.Config{
		Region: "us-east-1", HTTPClient: w.ep.HTTPClient(), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	}
	w.kc, w.db = kinesis.NewFromConfig(cfg), dynamodb.NewFromConfig(cfg)
	if _, err := w.kc.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String(testStream), ShardCount: aws.Int32(2)}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Minute) // until it is there
	core, logs := observer.New(zap.InfoLevel)
	w.logs = logs
	w.h = w.handler(testSecret, change, append([]Option{WithLogger(zap.New(core))}, opts...)...)
	return w
}

// handler makes another Handler in the same world.
func (w *world) handler(secrets string, change func(*Config), opts ...Option) *Handler {
	w.t.Helper()
	c := DefaultConfig()
	c.Stream, c.URL = testStream, testURL
	if change != nil {
		change(&c)
	}
	s, err := OpenSecrets("", secrets, zap.NewNop())
	if err != nil {
		w.t.Fatal(err)
	}
	h, err := NewHandler(c, w.kc, s, opts...)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := h.Wait(context.Background()); err != nil {
			w.t.Error(err)
		}
	})
	return h
}

// header is one that a request is to have; without a value it is to be left out.
type header struct{ name, value string }

// signedRequest is a request as KORE makes it, but for the headers given.
func signedRequest(method, body string, hs ...header) *http.Request {
	r := httptest.NewRequest(method, testURL, strings.NewReader(body))
	if body == "" {
		r = httptest.NewRequest(method, testURL, http.NoBody)
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("User-Agent", "KoreProxy/1.1")
	r.Header.Set("Date", "2026-01-02T03:04:05Z") // not an HTTP date, as KORE's is not
	r.Header.Set(HeaderSignature, Sign(testSecret, method, testURL, []byte(body)))
	for _, h := range hs {
		if r.Header.Del(h.name); h.value != "" {
			r.Header.Set(h.name, h.value)
		}
	}
	return r
}

func (w *world) send(r *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	w.h.ServeHTTP(rec, r)
	return rec
}

// post sends a signed body with a token.
func (w *world) post(body, token string) *httptest.ResponseRecorder {
	return w.send(signedRequest(http.MethodPost, body, header{HeaderToken, token}))
}

// records reads all of the stream, shard by shard.
func (w *world) records() (out []types.Record) {
	w.t.Helper()
	shards, err := w.kc.ListShards(w.t.Context(), &kinesis.ListShardsInput{StreamName: aws.String(testStream)})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, s := range shards.Shards {
		it, err := w.kc.GetShardIterator(w.t.Context(), &kinesis.GetShardIteratorInput{
			StreamName: aws.String(testStream), ShardId: s.ShardId, ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
		})
		if err != nil {
			w.t.Fatal(err)
		}
		for next := it.ShardIterator; ; {
			page, err := w.kc.GetRecords(w.t.Context(), &kinesis.GetRecordsInput{ShardIterator: next})
			if err != nil {
				w.t.Fatal(err)
			}
			if len(page.Records) == 0 {
				break
			}
			out, next = append(out, page.Records...), page.NextShardIterator
		}
	}
	return out
}

// ids counts the events on the stream by their IDs.
func (w *world) ids() map[string]int {
	w.t.Helper()
	n := make(map[string]int)
	for _, r := range w.records() {
		var e struct{ ID string }
		if err := json.Unmarshal(r.Data, &e); err != nil {
			w.t.Fatal(err)
		}
		n[e.ID]++
	}
	return n
}

// batch is an array of the events from to to-1, of five SIMs.
func batch(from, to int) string {
	var list []string
	for i := from; i < to; i++ {
		list = append(list, fmt.Sprintf(`{"data":{"event_sid":"EZ%06d","sim_sid":"HS%d"},"id":"EZ%06d","type":"com.kore.iot.supersim.connection.data-session.updated","source":"kore-events","specversion":"1.0"}`, i, i%5, i))
	}
	return "[" + strings.Join(list, ",") + "]"
}
