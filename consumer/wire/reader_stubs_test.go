package wire_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"korestream/consumer/wire"
)

const (
	testPatience = 10 * time.Second
	testIterator = "AAAAAAAAAAGq8Pq1sTbxzJ2l0wKx9YF6lP7NQZ4n3fYkZ8vQJH5cW0p/+dE=="
	testARN      = "arn:aws:kinesis:eu-west-1:123456789012:stream/kore"
)

func once(o *kinesis.Options) { o.Retryer = aws.NopRetryer{} }

func testConfig() aws.Config {
	return aws.Config{
		Region:      "eu-west-1",
		Credentials: aws.NewCredentialsCache(credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", "IQoJb3JpZ2luX2VjEXAMPLE+token/==")),
	}
}

// scripted is an answer of the service.
type scripted struct {
	status int
	typ    string
	header map[string]string
	body   string
	err    error     // in place of all of it
	cut    error     // at the body's end
	date   time.Time // zero is now
	// before is run while the call waits.
	before func(*http.Request) error
}

func pageAnswer() scripted {
	return scripted{status: 200, typ: jsonType, body: string(body(3, 100))}
}

const jsonType = "application/x-amz-json-1.1"

// service is an HTTP client that is the service.
type service struct {
	mu sync.Mutex // guards what follows
	// next are the answers to come; then each is a page.
	next     []scripted
	requests []*http.Request
	bodies   []string
	open     int // bodies of answers that were not closed
}

func (s *service) Do(r *http.Request) (*http.Response, error) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	answer := pageAnswer()
	if len(s.next) > 0 {
		answer, s.next = s.next[0], s.next[1:]
	}
	s.requests, s.bodies = append(s.requests, r), append(s.bodies, string(text))
	s.mu.Unlock()
	if answer.before != nil {
		if err := answer.before(r); err != nil {
			return nil, err
		}
	}
	if answer.err != nil {
		return nil, answer.err
	}
	return s.response(answer), nil
}

func (s *service) response(a scripted) *http.Response {
	if a.date.IsZero() {
		a.date = time.Now()
	}
	header := http.Header{"Date": {a.date.UTC().Format(http.TimeFormat)}}
	if a.typ != "" {
		header.Set("Content-Type", a.typ)
	}
	for name, value := range a.header {
		header.Set(name, value)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open++
	return &http.Response{
		StatusCode: a.status, Header: header, ContentLength: int64(len(a.body)), ProtoMajor: 1, ProtoMinor: 1,
		Body: &scriptedBody{bytes.NewReader([]byte(a.body)), a.cut, s, sync.Once{}},
	}
}

type scriptedBody struct {
	*bytes.Reader
	cut  error
	of   *service
	once sync.Once
}

func (b *scriptedBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF && b.cut != nil {
		err = b.cut
	}
	return n, err
}

func (b *scriptedBody) Close() error {
	b.once.Do(func() {
		b.of.mu.Lock()
		defer b.of.mu.Unlock()
		b.of.open--
	})
	return nil
}

// reading is a reader of a service.
type reading struct {
	testing.TB
	*service
	reader *wire.Reader
	pool   *wire.Pool
	direct int // calls that were answered directly
	why    []string
	page   wire.Page
}

// clientWith is the one that calls the service, changed by opts.
func (s *service) clientWith(cfg aws.Config, opts ...func(*kinesis.Options)) *kinesis.Client {
	cfg.HTTPClient = s
	return kinesis.NewFromConfig(cfg, opts...)
}

const observerID = "the observer"

// newReading returns a reader that makes direct calls if it may. Its calls are made
// one at a time.
func newReading(t testing.TB, cfg aws.Config, opts ...wire.ReaderOption) *reading {
	r := &reading{TB: t, service: &service{}, pool: wire.NewPool(testKept)}
	r.use(r.clientWith(cfg), append([]wire.ReaderOption{wire.WithOptions(once), wire.Directly(r.observer(), r.unfit)}, opts...)...)
	return r
}

func (r *reading) use(api wire.API, opts ...wire.ReaderOption) {
	r.reader = wire.NewReader(api, r.pool, opts...)
}

func (r *reading) observer() wire.Observer {
	return wire.Observer{Middleware: observerID, Answered: func(time.Duration) { r.direct++ }}
}

func (r *reading) read(ctx context.Context, ask wire.Ask) (time.Time, error) {
	r.Helper()
	now, err := r.reader.Read(ctx, ask, &r.page)
	if r.open != 0 {
		r.Fatalf("%d answers' bodies are open", r.open)
	}
	if err != nil && len(r.page.Records) > 0 {
		r.Fatalf("got %d records beside %v", len(r.page.Records), err)
	}
	return now, err
}

var usual = wire.Ask{Iterator: testIterator, StreamARN: testARN, Limit: 100}

// pages makes n calls that must succeed, and returns how many of them were direct.
func (r *reading) pages(n int, ask wire.Ask) int {
	r.Helper()
	before := r.direct
	for range n {
		if _, err := r.read(r.Context(), ask); err != nil {
			r.Fatal(err)
		}
		if len(r.page.Records) != 3 {
			r.Fatalf("got %d records, want 3", len(r.page.Records))
		}
		r.page.Release()
	}
	return r.direct - before
}

func (r *reading) unfit(why string) { r.why = append(r.why, why) }

func mustBeDirect(why string) { panic("calls go through the SDK: " + why) }

func (r *reading) last() *http.Request { return r.requests[len(r.requests)-1] }
