package stub

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"korestream/bench/tally"
)

// Config says what the stream holds.
type Config struct {
	// Stream is the stream's name.
	Stream string
	// Shards is how many shards it has.
	Shards int
	// PageRecords is how many records one GetRecords call gets at most, whatever
	// it asks for.
	PageRecords int
	// Pages is how many full pages each shard holds.
	Pages int
	// EventBytes is the size of every event.
	EventBytes int
	// Quotas makes the stub refuse what AWS would: a sixth call in a second, and
	// more than 2 MiB a second, for each shard.
	Quotas bool
}

// DefaultConfig is 64 shards of events of KORE's usual size in large pages.
func DefaultConfig() Config {
	return Config{Stream: "bench", Shards: 64, PageRecords: 1000, Pages: 8, EventBytes: 1083}
}

// Validate names the first field that is out of its bounds.
func (c Config) Validate() error {
	for _, f := range []struct {
		name        string
		value, most int
	}{{"Shards", c.Shards, 1 << 15}, {"PageRecords", c.PageRecords, 10_000}, {"Pages", c.Pages, 1 << 30}, {"EventBytes", c.EventBytes, 1 << 20}} {
		if f.value < 1 || f.value > f.most {
			return fmt.Errorf("%s must be from 1 to %d, not %d", f.name, f.most, f.value)
		}
	}
	return nil
}

// Service is the stub as an HTTP handler.
type Service struct {
	cfg Config
	// page and binary are the same events, in AWS JSON and in AWS CBOR.
	page, binary *page
	created      time.Time
	quotas       []quota
	// requests counts by operation.
	requests counts
	buffers  sync.Pool
}

var _ http.Handler = (*Service)(nil)

// New returns a stub with all its records.
func New(cfg Config) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	events, err := makeEvents(cfg.PageRecords, cfg.EventBytes)
	if err != nil {
		return nil, err
	}
	s := &Service{cfg: cfg, page: newPage(events), binary: newBinaryPage(events), created: time.Now().Truncate(time.Millisecond)}
	if cfg.Quotas {
		s.quotas = make([]quota, cfg.Shards)
	}
	s.buffers.New = func() any { return new(bytes.Buffer) }
	return s, nil
}

// Served is what a consumer has handled that handled everything once.
func (s *Service) Served() tally.Tally {
	var t tally.Tally
	for shard := range s.cfg.Shards {
		for n := range int64(s.cfg.Pages) {
			one := s.page.tally(shard, n)
			t.Records += one.Records
			t.Checksum += one.Checksum
		}
	}
	return t
}

// Requests returns how often each operation was asked for.
func (s *Service) Requests() map[string]int64 { return s.requests.all() }

// records is how many a shard holds.
func (s *Service) records() int64 { return int64(s.cfg.Pages) * int64(s.cfg.PageRecords) }

// contentType is what the stub speaks, but for GetRecords asked in CBOR.
const contentType = "application/x-amz-json-1.1"

// ServeHTTP implements http.Handler.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	in := s.buffers.Get().(*bytes.Buffer)
	defer s.buffers.Put(in)
	in.Reset()
	if _, err := in.ReadFrom(io.LimitReader(r.Body, 1<<20)); err != nil {
		panic(http.ErrAbortHandler) // the client has gone
	}
	out := s.buffers.Get().(*bytes.Buffer)
	defer s.buffers.Put(out)
	out.Reset()
	operation := operationOf(r.Header.Get("X-Amz-Target"))
	s.requests.add(operation)
	if operation == "SubscribeToShard" {
		s.subscribe(w, r, in.Bytes())
		return
	}
	status, typ, answer, refuse := http.StatusOK, contentType, s.answer, refusal
	if r.Header.Get("Content-Type") == cborType {
		typ, answer, refuse = cborType, s.answerCBOR, refusalCBOR
	}
	text, err := answer(out.AvailableBuffer(), operation, in.Bytes())
	if err != nil {
		status, text = refuse(err)
	}
	w.Header().Set("Content-Type", typ)
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.Header().Set("X-Amzn-Requestid", "00000000-0000-4000-8000-000000000000")
	w.WriteHeader(status)
	// Ignored error: a client that has gone needs no answer.
	_, _ = w.Write(text)
	out.Reset()
	if cap(text) > out.Cap() {
		*out = *bytes.NewBuffer(text[:0]) // the pool keeps what was grown
	}
}

// answer appends what an operation answers.
func (s *Service) answer(b []byte, operation string, in []byte) ([]byte, error) {
	switch operation {
	case "GetRecords":
		return s.getRecords(b, in)
	case "GetShardIterator":
		return s.getShardIterator(b, in)
	case "ListShards":
		return s.listShards(b, in)
	case "DescribeStreamSummary":
		return s.describeSummary(b), nil
	case "DescribeStream":
		return s.describe(b), nil
	case "RegisterStreamConsumer", "DescribeStreamConsumer":
		return s.describeConsumer(b, operation), nil
	}
	return nil, &apiError{"UnknownOperationException", "the stub does not know " + operation}
}

func operationOf(target string) string {
	for i := len(target) - 1; i >= 0; i-- {
		if target[i] == '.' {
			return target[i+1:]
		}
	}
	return target
}
