package stub_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"korestream/bench/stub"
	"korestream/bench/tally"
	"korestream/event"
)

// call asks a stub in process.
func call(t *testing.T, s *stub.Service, operation string, in, out any) int {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	r.Header.Set("X-Amz-Target", "Kinesis_20131202."+operation)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if err := json.Unmarshal(w.Body.Bytes(), out); err != nil {
		t.Fatalf("%s answered %s: %v", operation, w.Body, err)
	}
	return w.Code
}

// records is what a GetRecords answer is read into.
type records struct {
	Type               string `json:"__type"`
	NextShardIterator  string
	MillisBehindLatest int64
	Records            []struct {
		Data                         []byte
		PartitionKey, SequenceNumber string
	}
}

func begin(t *testing.T, s *stub.Service, shard string, in map[string]any) string {
	t.Helper()
	in["ShardId"], in["StreamName"] = shard, "bench"
	var out struct{ ShardIterator string }
	if code := call(t, s, "GetShardIterator", in, &out); code != http.StatusOK {
		t.Fatalf("GetShardIterator answered %d", code)
	}
	return out.ShardIterator
}

func newStub(t *testing.T, cfg stub.Config) *stub.Service {
	t.Helper()
	s, err := stub.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStub_ServesEveryEventOnceAndThenNothing(t *testing.T) {
	t.Parallel()
	for _, size := range []int{512, 1083, 8192} {
		s := newStub(t, stub.Config{Stream: "bench", Shards: 3, PageRecords: 7, Pages: 3, EventBytes: size})
		var got tally.Tally
		seen := make(map[string]bool)
		for _, shard := range []string{"shardId-000000000000", "shardId-000000000001", "shardId-000000000002"} {
			it, last := begin(t, s, shard, map[string]any{"ShardIteratorType": "TRIM_HORIZON"}), ""
			for range 4 {
				var out records
				call(t, s, "GetRecords", map[string]any{"ShardIterator": it, "Limit": 10_000}, &out)
				it = out.NextShardIterator
				for _, r := range out.Records {
					items, err := event.Decode(r.Data)
					if err != nil || len(items) != 1 || items[0].Err != nil {
						t.Fatalf("no event: %s: %v", r.Data, err)
					}
					e := items[0].Event
					if len(r.Data) != size || e.DedupeID() != e.ID || e.SIM() != r.PartitionKey || r.SequenceNumber <= last || seen[e.ID] {
						t.Fatalf("event of %d bytes, ID %s, dedupe ID %s, SIM %q, sequence number %s after %s: want %d bytes, a new ID, the key %s",
							len(r.Data), e.ID, e.DedupeID(), e.SIM(), r.SequenceNumber, last, size, r.PartitionKey)
					}
					seen[e.ID], last = true, r.SequenceNumber
					got.Add([]byte(e.ID))
				}
				if atEnd := len(out.Records) == 0; atEnd && out.MillisBehindLatest != 0 {
					t.Errorf("%d ms behind at the end", out.MillisBehindLatest)
				}
			}
		}
		if want := s.Served(); got != want || got.Records != 63 {
			t.Errorf("read %+v, served %+v: want 63 records", got, want)
		}
	}
}

func TestStub_TakesUpWhereASequenceNumberSays(t *testing.T) {
	t.Parallel()
	s := newStub(t, stub.Config{Stream: "bench", Shards: 1, PageRecords: 5, Pages: 2, EventBytes: 1083})
	const shard = "shardId-000000000000"
	var first, at, after records
	call(t, s, "GetRecords", map[string]any{"ShardIterator": begin(t, s, shard, map[string]any{"ShardIteratorType": "TRIM_HORIZON"}), "Limit": 3}, &first)
	if len(first.Records) != 3 {
		t.Fatalf("%d records, want 3", len(first.Records))
	}
	third := first.Records[2]
	from := map[string]any{"ShardIteratorType": "AT_SEQUENCE_NUMBER", "StartingSequenceNumber": third.SequenceNumber}
	call(t, s, "GetRecords", map[string]any{"ShardIterator": begin(t, s, shard, from)}, &at)
	if len(at.Records) != 5 || !bytes.Equal(at.Records[0].Data, third.Data) || at.Records[0].SequenceNumber != third.SequenceNumber {
		t.Fatalf("AT: %d records, the first %s: want five from %s on, of which two are of the next page", len(at.Records), at.Records[0].SequenceNumber, third.SequenceNumber)
	}
	ids := make(map[string]bool)
	for i, r := range at.Records {
		items, err := event.Decode(r.Data)
		if err != nil || ids[items[0].Event.ID] || i > 0 && r.SequenceNumber <= at.Records[i-1].SequenceNumber {
			t.Errorf("record %d, %s: want a new event and a higher sequence number: %v", i, r.SequenceNumber, err)
			continue
		}
		ids[items[0].Event.ID] = true
	}
	from["ShardIteratorType"] = "AFTER_SEQUENCE_NUMBER"
	call(t, s, "GetRecords", map[string]any{"ShardIterator": begin(t, s, shard, from)}, &after)
	if len(after.Records) != 5 || !bytes.Equal(after.Records[0].Data, at.Records[1].Data) {
		t.Errorf("AFTER: %d records, want five from the next one on", len(after.Records))
	}
}

func TestStub_WithQuotasRefusesWhatAWSWould(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStub(t, stub.Config{Stream: "bench", Shards: 2, PageRecords: 300, Pages: 10, EventBytes: 8192, Quotas: true})
		codes := func(shard, from string, calls int) (ok int) {
			it := begin(t, s, shard, map[string]any{"ShardIteratorType": from})
			for range calls {
				var out records
				switch call(t, s, "GetRecords", map[string]any{"ShardIterator": it}, &out) {
				case http.StatusOK:
					ok++
				case http.StatusBadRequest:
					if out.Type != "ProvisionedThroughputExceededException" {
						t.Errorf("refused with %s", out.Type)
					}
				}
			}
			return ok
		}
		if ok := codes("shardId-000000000000", "LATEST", 7); ok != 5 {
			t.Errorf("%d of 7 calls in a second were answered, want 5", ok)
		}
		if ok := codes("shardId-000000000001", "LATEST", 1); ok != 1 {
			t.Error("another shard is refused for the calls of the first")
		}
		time.Sleep(time.Second)
		if ok := codes("shardId-000000000000", "TRIM_HORIZON", 3); ok != 1 {
			t.Errorf("%d calls of 2.3 MiB in a second were answered, want 1", ok)
		}
		time.Sleep(time.Second)
		if ok := codes("shardId-000000000000", "LATEST", 7); ok != 5 {
			t.Errorf("%d of 7 calls were answered in the second after, want 5", ok)
		}
	})
}
