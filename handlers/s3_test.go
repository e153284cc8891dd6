package handlers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"korestream/consumer"
	"korestream/internal/awsclient"
)

const testBucket = "kore-events"

// bucket is an S3 server that is not ours, with a front that can fail.
type bucket struct {
	api *s3.Client
	// answer, if it is set, is given in place of the server's.
	answer atomic.Pointer[http.HandlerFunc]
}

func newBucket(t *testing.T) *bucket {
	t.Helper()
	b := &bucket{}
	server := gofakes3.New(s3mem.New()).Server()
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answer := b.answer.Load(); answer != nil {
			(*answer)(w, r)
			return
		}
		server.ServeHTTP(w, r)
	}))
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		front.Close()
	})
	b.api = s3.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: &front.URL, Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""),
		HTTPClient: awsclient.PlainBodies(&http.Client{Transport: transport}),
	}, func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := b.api.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(testBucket)}); err != nil {
		t.Fatal(err)
	}
	return b
}

// fail makes the front answer so; nil makes it work again.
func (b *bucket) fail(h http.HandlerFunc) {
	if h == nil {
		b.answer.Store(nil)
		return
	}
	b.answer.Store(&h)
}

// objects reads everything in the bucket.
func (b *bucket) objects(t *testing.T) map[string]string {
	t.Helper()
	all := make(map[string]string)
	pages := s3.NewListObjectsV2Paginator(b.api, &s3.ListObjectsV2Input{Bucket: aws.String(testBucket)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Contents {
			out, err := b.api.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(testBucket), Key: o.Key})
			if err != nil {
				t.Fatal(err)
			}
			all[*o.Key] = unpacked(t, *o.Key, out.Body)
			out.Body.Close()
			want := map[string]string{".gz": "application/gzip", ".zst": "application/zstd"}[path.Ext(*o.Key)]
			if got := aws.ToString(out.ContentType); want != "" && got != want || aws.ToString(out.ContentEncoding) != "" {
				t.Errorf("object %s: got content type %q and encoding %q, want %q and none", *o.Key, got, aws.ToString(out.ContentEncoding), want)
			}
		}
	}
	return all
}

func (b *bucket) open(t *testing.T, tune ...func(*S3Config)) *S3 {
	t.Helper()
	cfg := DefaultS3Config()
	cfg.Bucket, cfg.Prefix = testBucket, "events/"
	for _, f := range tune {
		f(&cfg)
	}
	s, err := OpenS3(b.api, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// placed is an event at a place of its own.
func placed(t *testing.T, n int, eventType, at string) *consumer.Delivery {
	t.Helper()
	d := deliveryOf(t, fmt.Sprintf(`{"data": {"sim_sid": "HS%d"}, "id": "e%d", "type": %q, "time": %q}`, n, n, eventType, at))
	d.SequenceNumber = fmt.Sprint(1000 + n)
	return d
}

func TestS3_OneObjectForEachHourAndTypeAndTheSameOneWhenTriedAgain(t *testing.T) {
	t.Parallel()
	for compression, ending := range map[Compression]string{Gzip: ".ndjson.gz", Zstd: ".ndjson.zst", NoCompression: ".ndjson"} {
		t.Run(string(compression), func(t *testing.T) {
			t.Parallel()
			b := newBucket(t)
			h := b.open(t, func(c *S3Config) { c.Compression = compression })
			ds := []*consumer.Delivery{
				placed(t, 0, "kore.updated", "2026-03-01T12:59:59Z"), placed(t, 1, "kore/ended", "2026-03-01T12:00:00Z"),
				placed(t, 2, "kore.updated", "2026-03-01T13:00:00Z"), placed(t, 3, "kore.updated", "2026-03-01T14:30:00+02:00"),
			}
			for range 2 {
				for i, err := range h.HandleBatch(t.Context(), ds) {
					if err != nil {
						t.Fatalf("event %d: %v", i, err)
					}
				}
			}
			got := b.objects(t)
			if len(got) != 3 {
				t.Fatalf("got %d objects, want 3: %v", len(got), got)
			}
			want := map[string]string{
				"events/date=2026-03-01/hour=12/type=kore.updated/20260301T125959Z-": string(mustCompact(t, ds[0].Event.Raw)) + "\n" + string(mustCompact(t, ds[3].Event.Raw)) + "\n",
				"events/date=2026-03-01/hour=12/type=kore_ended/20260301T120000Z-":   string(mustCompact(t, ds[1].Event.Raw)) + "\n",
				"events/date=2026-03-01/hour=13/type=kore.updated/20260301T130000Z-": string(mustCompact(t, ds[2].Event.Raw)) + "\n",
			}
			for key, text := range got {
				cut := strings.LastIndexByte(key, '-') + 1
				if text != want[key[:cut]] {
					t.Errorf("object %s: got %q, want %q", key, text, want[key[:cut]])
				}
				if !strings.HasSuffix(key, ending) {
					t.Errorf("name of an object with compression %s: got %s, want the ending %s", compression, key, ending)
				}
			}
		})
	}
}

func mustCompact(t *testing.T, raw []byte) []byte {
	t.Helper()
	out, err := appendCompact(nil, raw)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestS3_TellsWhoIsToBlame(t *testing.T) {
	t.Parallel()
	refuse := func(status int, code string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/xml")
			w.Header().Set("Retry-After", "3")
			w.WriteHeader(status)
			fmt.Fprintf(w, "<Error><Code>%s</Code><Message>no</Message></Error>", code)
		}
	}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"slow down":      {refuse(503, "SlowDown"), "unavailable"},
		"internal error": {refuse(500, "InternalError"), "unavailable"},
		"no bucket":      {refuse(404, "NoSuchBucket"), "unavailable"},
		"denied":         {refuse(403, "AccessDenied"), "unavailable"},
		"expired":        {refuse(400, "ExpiredToken"), "unavailable"},
		"elsewhere":      {refuse(301, "PermanentRedirect"), "unavailable"},
		"too large":      {refuse(400, "EntityTooLarge"), "permanent"},
		"strange":        {refuse(400, "Teapot"), "attempt"},
		"cut":            {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "unavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBucket(t)
			h := b.open(t)
			b.fail(c.answer)
			err := h.Handle(t.Context(), placed(t, 1, "t", "2026-03-01T12:00:00Z"))
			got := "attempt"
			switch {
			case err == nil:
				got = "handled"
			case IsPermanent(err):
				got = "permanent"
			case IsUnavailable(err):
				got = "unavailable"
			}
			if got != c.want {
				t.Errorf("got %s (%v), want %s", got, err, c.want)
			}
			if after := classOf(err).after; name == "slow down" && after != 3*time.Second {
				t.Errorf("Retry-After: got %s, want 3s", after)
			}
		})
	}
}

func TestS3_LosesAndBuriesNothingInAnOutage(t *testing.T) {
	t.Parallel()
	b := newBucket(t)
	letters := &memoryBurier{}
	p := attempts(2)
	p.InitialBackoff, p.MaxBackoff, p.Breaker.Open = 5*time.Millisecond, 20*time.Millisecond, 50*time.Millisecond
	route := to(t, "archive", b.open(t))
	route.Batch = BatchPolicy{MaxEvents: 16, MaxWait: 5 * time.Millisecond}
	m := newMux(t, letters, p, []Route{route})
	b.fail(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	const sims, each = 16, 10
	var wg sync.WaitGroup
	for sim := range sims {
		wg.Go(func() {
			for i := range each {
				if _, err := m.Dispatch(context.Background(), placed(t, sim*each+i, "t", "2026-03-01T12:00:00Z")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	time.Sleep(300 * time.Millisecond)
	b.fail(nil)
	wg.Wait()
	seen := make(map[string]bool)
	objects := b.objects(t)
	for _, text := range objects {
		for line := range strings.Lines(text) {
			seen[deliveryOf(t, line).Event.ID] = true
		}
	}
	if len(seen) != sims*each || len(letters.buried()) != 0 {
		t.Errorf("got %d events and %d letters, want %d and none", len(seen), len(letters.buried()), sims*each)
	}
	if len(objects) >= sims*each {
		t.Errorf("%d objects for %d events: nothing was batched", len(objects), sims*each)
	}
}

func TestS3Config_NamesFieldAndBound(t *testing.T) {
	t.Parallel()
	b := newBucket(t)
	for want, spoil := range map[string]func(*S3Config){
		"Bucket":      func(c *S3Config) { c.Bucket = "Kore" },
		"Prefix":      func(c *S3Config) { c.Prefix = "/events" },
		"Compression": func(c *S3Config) { c.Compression = "zip" },
	} {
		cfg := DefaultS3Config()
		cfg.Bucket = testBucket
		spoil(&cfg)
		if _, err := OpenS3(b.api, cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

func (b *bucket) letters(t *testing.T) *S3Letters {
	t.Helper()
	s, err := OpenS3Letters(b.api, S3Config{Bucket: testBucket, Prefix: "dead/", Compression: "none"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestS3Letters_1200OfThemAreListedOnceAndRemoved(t *testing.T) {
	t.Parallel()
	s := newBucket(t).letters(t)
	const n = 1200 // more than a page
	letter := func(i int) *consumer.DeadLetter {
		return &consumer.DeadLetter{
			Origin: consumer.Origin{Stream: "s", Shard: "0", SequenceNumber: fmt.Sprint(i)},
			Reason: consumer.ReasonHandler, Err: errors.New("refused"), Handler: "h", Payload: []byte{'{', 0xff, byte(i), byte(i >> 8)},
		}
	}
	for i := range n {
		if err := s.Bury(t.Context(), letter(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Bury(t.Context(), letter(0)); err != nil { // again
		t.Fatal(err)
	}
	seen := make(map[string]*Letter)
	for l, err := range s.Letters(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if seen[l.SequenceNumber] != nil {
			t.Errorf("letter %s is there twice", l.SequenceNumber)
		}
		seen[l.SequenceNumber] = l
	}
	for i := range n {
		if l := seen[fmt.Sprint(i)]; l == nil || string(l.Bytes()) != string(letter(i).Payload) {
			t.Fatalf("letter %d: got %v, want its payload", i, l)
		}
	}
	for range 2 { // what is removed twice is removed
		if err := s.Remove(t.Context(), seen["7"]); err != nil {
			t.Fatal(err)
		}
	}
	left := 0
	for l, err := range s.Letters(t.Context()) {
		if err != nil || l.SequenceNumber == "7" {
			t.Fatalf("got %v, %v", l, err)
		}
		left++
	}
	if left != n-1 {
		t.Errorf("left: got %d, want %d", left, n-1)
	}
}

func TestS3Letters_KeepWhatIsTooLargeForAQueue(t *testing.T) {
	t.Parallel()
	b := newBucket(t)
	s := b.letters(t)
	body := []byte(strings.Repeat("x", 300<<10))
	ref, err := s.Put(t.Context(), "3f2a-1", body)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Get(t.Context(), ref)
	if err != nil || string(got) != string(body) {
		t.Errorf("got %d bytes, %v; want the body", len(got), err)
	}
	for l, err := range s.Letters(t.Context()) {
		t.Errorf("a body shows up as a letter: %v, %v", l, err)
	}
	if err := errors.Join(s.Delete(t.Context(), ref), s.Delete(t.Context(), ref)); err != nil {
		t.Error(err)
	}
	if _, err := s.Get(t.Context(), ref); err == nil {
		t.Error("the body is still there")
	}
	if _, err := s.Get(t.Context(), "elsewhere/secret"); err == nil {
		t.Error("got an object that is not under the prefix")
	}
}
