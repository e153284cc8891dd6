package kinesis

import (
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"korestream/localstack/embed/internal/awsjson"
)

// stub is a service whose clock stands until it is moved.
type stub struct {
	*testing.T
	*Service

	mu  sync.Mutex // guards now
	now time.Time
}

func newStub(t *testing.T, change func(*Options)) *stub {
	s := &stub{T: t, now: epoch}
	opts := Options{Region: "us-east-1", Account: "123456789012", Now: s.clock}
	if change != nil {
		change(&opts)
	}
	s.Service = New(opts)
	return s
}

func (s *stub) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *stub) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// answered are the members of answers that the tests look at.
type answered struct {
	ShardIterator     string
	NextShardIterator string
	NextToken         string
	Records           []struct {
		SequenceNumber, PartitionKey string
		Data                         []byte
	}
	Shards []struct {
		ShardID string `json:"ShardId"`
	}
	SequenceNumber string
}

// call runs an operation, which must not fail.
func (s *stub) call(operation, body string) answered {
	s.Helper()
	value, err := s.Call(s.Context(), operation, []byte(body))
	if err != nil {
		s.Fatalf("%s %s: got %v, want no error", operation, body, err)
	}
	raw, ok := value.(awsjson.Raw)
	if !ok {
		if raw, err = json.Marshal(value); err != nil {
			s.Fatal(err)
		}
	}
	var out answered
	if err := json.Unmarshal(raw, &out); err != nil && value != nil {
		s.Fatalf("%s answered %s: %v", operation, raw, err)
	}
	return out
}

// refused returns the error of an operation, which must fail as AWS's would.
func (s *stub) refused(operation, body string) *awsjson.Error {
	s.Helper()
	_, err := s.Call(s.Context(), operation, []byte(body))
	var e *awsjson.Error
	if !errors.As(err, &e) {
		s.Fatalf("%s %s: got error %v, want one of AWS's", operation, body, err)
	}
	return e
}

func (s *stub) horizonOf(shard string) string {
	s.Helper()
	return s.call("GetShardIterator",
		`{"StreamName":"kore","ShardId":"`+shard+`","ShardIteratorType":"TRIM_HORIZON"}`).ShardIterator
}

// shardIDs lists all shards, over as many pages as it takes.
func (s *stub) shardIDs(body string) []string {
	s.Helper()
	var ids []string
	for {
		page := s.call("ListShards", body)
		for _, sh := range page.Shards {
			ids = append(ids, sh.ShardID)
		}
		if page.NextToken == "" {
			return ids
		}
		body = `{"NextToken":"` + page.NextToken + `"}`
	}
}
