package consumer

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"korestream/checkpoint"
	"korestream/localstack/embed"
)

// asked counts the calls of GetRecords by their protocol, and can answer what is
// asked in CBOR in its own way.
type asked struct {
	next    aws.HTTPClient
	instead func(r *http.Request, n int) *http.Response // nil is as it would be

	mu         sync.Mutex // guards the counts
	json, cbor int
}

func (a *asked) Do(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GetRecords") {
		return a.next.Do(r)
	}
	a.mu.Lock()
	inCBOR := strings.Contains(r.Header.Get("Content-Type"), "cbor")
	if inCBOR {
		a.cbor++
	} else {
		a.json++
	}
	n := a.cbor
	a.mu.Unlock()
	if inCBOR && a.instead != nil {
		if resp := a.instead(r, n); resp != nil {
			return resp, nil
		}
	}
	return a.next.Do(r)
}

func (a *asked) counts() (inJSON, inCBOR int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.json, a.cbor
}

func canned(status int, contentType, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {contentType}},
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

func TestConsumer_AnEndpointThatSpeaksCBORIsReadInCBOR(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		instead func(*http.Request, int) *http.Response
		// What the rest is read in, and how many calls in CBOR there were at most if
		// that is JSON.
		inCBOR bool
		most   int
	}{
		{"it does", nil, true, 0},
		{"it does not know the type", func(*http.Request, int) *http.Response {
			return canned(http.StatusBadRequest, "application/x-amz-json-1.1", `{"__type":"SerializationException"}`)
		}, false, 2},
		{"it has no such page", func(*http.Request, int) *http.Response {
			return canned(http.StatusUnsupportedMediaType, "text/html", "<html>")
		}, false, 2},
		{"it fails at the type", func(*http.Request, int) *http.Response {
			return canned(http.StatusInternalServerError, "text/plain", "panic")
		}, false, 4},
		{"it writes what we cannot read", func(*http.Request, int) *http.Response {
			return canned(http.StatusOK, "application/x-amz-cbor-1.1", "\xa1\x67Records\xf6")
		}, false, 4},
		{"it writes what we cannot read now and then", func(_ *http.Request, n int) *http.Response {
			if n%3 == 0 {
				return nil
			}
			return canned(http.StatusOK, "application/x-amz-cbor-1.1", "\xa1\x67Records\x81\xa1\x64Data\x5a\xff")
		}, true, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 2)
				w.quiet = true
				a := &asked{instead: tt.instead}
				cfg := w.ep.Config()
				a.next, cfg.HTTPClient = cfg.HTTPClient, a
				w.kc = kinesis.NewFromConfig(cfg)
				s := &sink{}
				p := w.start("one", s, func(c *Config, _ *checkpoint.Config) { c.Protocol = CBOR })
				for range 10 {
					w.putEvents(1, testSIMs...)
					time.Sleep(time.Second)
				}
				w.awaitEvents(s)
				w.must(p.stop())
				w.complete(s)
				inJSON, inCBOR := a.counts()
				if tt.inCBOR && (inCBOR < 10 || tt.instead == nil && inJSON > 0) || !tt.inCBOR && (inCBOR > tt.most || inJSON < 10) {
					t.Errorf("got %d calls in CBOR and %d in JSON", inCBOR, inJSON)
				}
			})
		})
	}
}

func TestConsumer_InCBORItOutlivesWhateverKinesisDoes(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 2)
				w.quiet = true
				w.ep.Faults().Seed(seed)
				for _, f := range []embed.Fault{
					{Kind: embed.Throttle, Rate: 0.1},
					{Kind: embed.ServerError, Rate: 0.05},
					{Operation: "GetRecords", Kind: embed.CutConnection, Rate: 0.2},
					{Kind: embed.ServerError, Applied: true, Rate: 0.05},
					{Kind: embed.ExpireIterator, Rate: 0.1},
				} {
					w.addFault(f)
				}
				a, cfg := &asked{}, w.ep.Config()
				a.next, cfg.HTTPClient = cfg.HTTPClient, a
				w.kc = kinesis.NewFromConfig(cfg)
				s := &sink{}
				p := w.start("one", s, func(c *Config, _ *checkpoint.Config) { c.Protocol = CBOR })
				for range 100 {
					w.putEvents(1, testSIMs...)
					time.Sleep(100 * time.Millisecond)
				}
				w.awaitEvents(s)
				w.ep.Faults().Clear()
				w.must(p.stop())
				w.complete(s)
				if inJSON, inCBOR := a.counts(); inJSON > 0 || inCBOR == 0 {
					t.Errorf("got %d calls in CBOR and %d in JSON", inCBOR, inJSON)
				}
			})
		})
	}
}
