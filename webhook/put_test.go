package webhook

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"korestream/localstack/embed"
)

func TestPut_RefusedRecordsArePutAgainAndNoOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.ep.Faults().Add(embed.Fault{Operation: "PutRecords", Kind: embed.FailRecord, Rate: 0.5, Count: 60})
		if got := w.post(batch(0, 50), "t"); got.Code != http.StatusOK {
			t.Fatalf("got %d, want 200", got.Code)
		}
		for id, n := range w.ids() {
			if n != 1 {
				t.Errorf("%s: got %d records, want 1", id, n)
			}
		}
		if n := len(w.ids()); n != 50 || w.h.Stats().PutRetries == 0 {
			t.Errorf("got %d events after %d retries, want 50 after some", n, w.h.Stats().PutRetries)
		}
	})
}

func TestPut_OutagesOfAllKindsGetA503InTimeAndTheRetryGetsEverythingIn(t *testing.T) {
	t.Parallel()
	for _, kind := range []embed.Kind{embed.Throttle, embed.ServerError, embed.Hang, embed.AccessDenied, embed.CutConnection, embed.KMSError} {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				fault := w.ep.Faults().Add(embed.Fault{Operation: "PutRecords", Kind: kind})
				begun := time.Now()
				got := w.post(batch(0, 50), "t")
				took := time.Since(begun)
				if got.Code != http.StatusServiceUnavailable || got.Header().Get("Retry-After") == "" {
					t.Errorf("got %d, %v, want 503 with Retry-After", got.Code, got.Header())
				}
				if took >= MaxAnswer || took < time.Second {
					t.Errorf("answered after %s, want below %s and not without trying", took, MaxAnswer)
				}
				fault.Remove()
				if got := w.post(batch(0, 50), "t"); got.Code != http.StatusOK {
					t.Errorf("retry: got %d, want 200", got.Code)
				}
				if n := len(w.ids()); n != 50 {
					t.Errorf("got %d events, want 50", n)
				}
				if w.logs.FilterMessageSnippet("put events on the stream").Len() != 1 {
					t.Errorf("log: got %d lines of one outage, want 1", w.logs.Len())
				}
			})
		})
	}
}

func TestPut_AHalfPutRequestIsFinishedByItsRetry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		fault := w.ep.Faults().Add(embed.Fault{Operation: "PutRecords", Kind: embed.FailRecord, Rate: 0.9})
		if got := w.post(batch(0, 400), "t"); got.Code != http.StatusServiceUnavailable {
			t.Fatalf("got %d, want 503", got.Code)
		}
		put := len(w.ids())
		fault.Remove()
		if got := w.post(batch(0, 400), "t"); got.Code != http.StatusOK {
			t.Errorf("retry: got %d, want 200", got.Code)
		}
		if n := len(w.records()); put == 0 || put == 400 || n != 400 {
			t.Errorf("got %d records, then %d, want some, then each of 400 once", put, n)
		}
	})
}

// noted notes the sizes of PutRecords calls.
type noted struct {
	PutAPI
	mu    sync.Mutex // guards calls
	calls []string
}

func (n *noted) PutRecords(ctx context.Context, in *kinesis.PutRecordsInput, opts ...func(*kinesis.Options)) (*kinesis.PutRecordsOutput, error) {
	size := 0
	for _, r := range in.Records {
		size += len(r.Data) + len(*r.PartitionKey)
	}
	n.mu.Lock()
	n.calls = append(n.calls, fmt.Sprintf("%d records", len(in.Records)))
	n.mu.Unlock()
	if size > maxPutBytes || len(in.Records) > maxPutRecords {
		return nil, fmt.Errorf("%d records of %d bytes", len(in.Records), size)
	}
	return n.PutAPI.PutRecords(ctx, in, opts...)
}

func TestPut_LargeRequestsBecomeCallsThatKinesisTakes(t *testing.T) {
	t.Parallel()
	large := func(n, size int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`{"id":"%d","type":"t","data":"%s"}`, i, strings.Repeat("a", size)))
		}
		return "[" + strings.Join(list, ",") + "]"
	}
	for name, tt := range map[string]struct {
		body  string
		calls string
	}{
		"by number": {large(1100, 1), "[500 records 500 records 100 records]"},
		"by bytes":  {large(9, 1_000_000), "[5 records 4 records]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(c *Config) { c.MaxBodyBytes = mostBody })
				w.ep.Faults().Add(embed.Fault{Operation: "PutRecords", Kind: embed.Slow, Delay: 10 * time.Millisecond})
				n := &noted{PutAPI: w.kc}
				w.h.stream = n
				w.post(tt.body, "t") // two shards do not take that much in a second
				if got := fmt.Sprint(n.calls[:min(len(n.calls), strings.Count(tt.calls, "records"))]); got != tt.calls {
					t.Errorf("got %s, want %s", got, tt.calls)
				}
			})
		})
	}
}

func TestPut_OverloadIsShedWithA503(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *Config) { c.Concurrency = 2 })
		w.ep.Faults().Add(embed.Fault{Operation: "PutRecords", Kind: embed.Slow, Delay: 1200 * time.Millisecond})
		codes := make(chan int, 10)
		for i := range cap(codes) {
			go func() { codes <- w.post(batch(i, i+1), fmt.Sprint(i)).Code }()
		}
		n := map[int]int{}
		for range cap(codes) {
			n[<-codes]++
		}
		// Two at once, and two more that waited: the others' half of 4 s is then over.
		if n[200] != 4 || n[503] != 6 || w.h.Stats().Requests["overloaded"] != 6 {
			t.Errorf("got %v, want four answered and the others told to come again", n)
		}
		if got := len(w.ids()); got != 4 {
			t.Errorf("got %d events on the stream, want those of the 2xx", got)
		}
	})
}
