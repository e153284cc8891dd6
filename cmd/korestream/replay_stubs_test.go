package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	ktypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// replaySummary is what the tests look at of a replay's summary.
type replaySummary struct {
	ID           string
	Complete     bool
	Replayed     int
	Skipped      int
	DeadLettered int `json:"dead_lettered"`
	Shards       int
	Types        map[string]int
	SIMs         int
}

func summaryOf(t *testing.T, p *proc) (s replaySummary) {
	t.Helper()
	if err := json.Unmarshal([]byte(strings.Join(p.lines(), "\n")), &s); err != nil {
		t.Fatalf("summary: %v\n%s\n%s", err, p.tail(), p.errText())
	}
	return s
}

var replayIDLogged = regexp.MustCompile(`"message":"replay begins","replay":"([0-9a-f]{8})"`)

// replayID waits until a replay has said its ID.
func (p *proc) replayID() (id string) {
	p.t.Helper()
	eventually(p.t, "the replay's ID", func() bool {
		if m := replayIDLogged.FindStringSubmatch(p.errText()); m != nil {
			id = m[1]
		}
		return id != ""
	})
	return id
}

// arrivals reads when each event arrived, past every process.
func (s *site) arrivals() map[string]time.Time {
	s.t.Helper()
	out, err := s.kc.ListShards(s.t.Context(), &kinesis.ListShardsInput{StreamName: aws.String(testStream)})
	if err != nil {
		s.t.Fatal(err)
	}
	at := make(map[string]time.Time)
	for _, shard := range out.Shards {
		it, err := s.kc.GetShardIterator(s.t.Context(), &kinesis.GetShardIteratorInput{
			StreamName: aws.String(testStream), ShardId: shard.ShardId, ShardIteratorType: ktypes.ShardIteratorTypeTrimHorizon,
		})
		if err != nil {
			s.t.Fatal(err)
		}
		for next := it.ShardIterator; next != nil; {
			page, err := s.kc.GetRecords(s.t.Context(), &kinesis.GetRecordsInput{ShardIterator: next})
			if err != nil {
				s.t.Fatal(err)
			}
			for _, r := range page.Records {
				var e struct{ ID string }
				if err := json.Unmarshal(r.Data, &e); err != nil {
					s.t.Fatal(err)
				}
				at[e.ID] = *r.ApproximateArrivalTimestamp
			}
			if next = page.NextShardIterator; len(page.Records) == 0 && *page.MillisBehindLatest == 0 {
				break
			}
		}
	}
	return at
}

// arrivedBetween returns the events of a range, in order.
func (s *site) arrivedBetween(from, to time.Time) []string {
	s.t.Helper()
	at := s.arrivals()
	maps.DeleteFunc(at, func(_ string, when time.Time) bool { return when.Before(from) || !when.Before(to) })
	return slices.Sorted(maps.Keys(at))
}

// replayTables lists the lease tables of replays.
func (s *site) replayTables() []string {
	s.t.Helper()
	out, err := s.db.ListTables(s.t.Context(), &dynamodb.ListTablesInput{})
	if err != nil {
		s.t.Fatal(err)
	}
	return slices.DeleteFunc(out.TableNames, func(name string) bool { return !strings.Contains(name, "-replay-") })
}

// ownerships returns who owns each shard of the live application that is not
// finished, with the number of the ownership.
func (s *site) ownerships() map[string]int64 {
	out := make(map[string]int64)
	for _, l := range s.leases() {
		if !l.Finished() {
			out[l.Shard+" of "+l.Owner] = l.Counter
		}
	}
	return out
}

// replay runs a replay with a configuration.
func (s *site) replay(cfg string, args ...string) *proc {
	s.t.Helper()
	return start(s.t, []string{"AWS_ENDPOINT_URL=" + s.url()}, append([]string{"replay", "--config", cfg}, args...)...)
}

// now is the time to the millisecond, as arrival times have it.
func now() time.Time { return time.Now().Truncate(time.Millisecond) }

// timeFlag writes a time as a flag takes it.
func timeFlag(at time.Time) string { return at.UTC().Format(time.RFC3339Nano) }

// putJunk puts records that are no events.
func (s *site) putJunk(n int) {
	s.t.Helper()
	for i := range n {
		_, err := s.kc.PutRecords(s.t.Context(), &kinesis.PutRecordsInput{StreamName: aws.String(testStream), Records: []ktypes.PutRecordsRequestEntry{
			{Data: fmt.Appendf(nil, `{"id": %d, `, i), PartitionKey: aws.String("x")},
		}})
		if err != nil {
			s.t.Fatal(err)
		}
	}
}
