package embed_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"korestream/localstack/embed"
)

func TestFaults_MatchByWhatARequestSays(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		fault embed.Fault
		want  bool // of a PutRecord into the lower shard of kore
	}{
		{"everything", embed.Fault{}, true},
		{"the service", embed.Fault{Service: embed.Kinesis}, true},
		{"another service", embed.Fault{Service: embed.DynamoDB}, false},
		{"the operation", embed.Fault{Operation: "PutRecord"}, true},
		{"a longer operation", embed.Fault{Operation: "PutRecords"}, false},
		{"the stream", embed.Fault{Stream: "kore"}, true},
		{"another stream", embed.Fault{Stream: "kor"}, false},
		{"the shard that the key falls into", embed.Fault{Shard: shard(0)}, true},
		{"the other shard", embed.Fault{Shard: shard(1)}, false},
		{"a table", embed.Fault{Table: "kore"}, false},
		{"both", embed.Fault{Stream: "kore", Table: "kore"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newStub(t)
			s.create("kore", 2)
			tt.fault.Kind = embed.Throttle
			in := s.endpoint.Faults().Add(tt.fault)
			err := s.putBytes("0", 10)
			wantEqual(s, "is hit", err != nil, tt.want)
			wantEqual(s, "hits", in.Hits(), map[bool]int{true: 1}[tt.want])
		})
	}
}

func TestFaults_ShardsAreFoundInEveryRequestThatNamesOne(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.create("kore", 2)
	consumer := s.consumer("kore", "fan")
	it := s.iterator("kore", shard(1), types.ShardIteratorTypeLatest)
	in := s.endpoint.Faults().Add(embed.Fault{Stream: "kore", Shard: shard(1), Kind: embed.AccessDenied})
	stream, id := aws.String(s.endpoint.StreamARN("kore")), aws.String(shard(1))
	calls := map[string]func() error{
		"GetRecords": func() error { return s.tryGet(it) },
		"GetShardIterator": func() error {
			_, err := s.kinesis.GetShardIterator(t.Context(), &kinesis.GetShardIteratorInput{
				StreamARN: stream, ShardId: id, ShardIteratorType: types.ShardIteratorTypeLatest,
			})
			return err
		},
		"SubscribeToShard": func() error {
			_, err := s.trySubscribe(t.Context(), consumer, *id, fromLatest)
			return err
		},
		"SplitShard": func() error {
			_, err := s.kinesis.SplitShard(t.Context(), &kinesis.SplitShardInput{StreamARN: stream, ShardToSplit: id, NewStartingHashKey: aws.String("1")})
			return err
		},
		"MergeShards": func() error {
			_, err := s.kinesis.MergeShards(t.Context(), &kinesis.MergeShardsInput{StreamARN: stream, ShardToMerge: id, AdjacentShardToMerge: aws.String(shard(0))})
			return err
		},
		"PutRecord": func() error { return s.putBytes(half, 1) },
	}
	for name, call := range calls {
		s.fails(call(), "AccessDeniedException", "kinesis:"+name+" on resource: "+*stream)
	}
	wantEqual(s, "hits", in.Hits(), len(calls))
	s.shards("kore") // is about no shard
}

func TestFaults_ARateHitsItsShareAndTheSameOnesForASeed(t *testing.T) {
	t.Parallel()
	run := func(seed uint64) string {
		s := newStub(t)
		s.create("kore", 1)
		s.endpoint.Faults().Seed(seed)
		in := s.endpoint.Faults().Add(embed.Fault{Kind: embed.Throttle, Operation: "PutRecord", Rate: 0.25})
		var hit []byte
		for range 200 {
			b := byte('.')
			if s.putBytes("0", 1) != nil {
				b = 'X'
			}
			hit = append(hit, b)
		}
		if n := in.Hits(); n < 25 || n > 80 {
			t.Errorf("seed %d: got %d of 200 hit, want about 50", seed, n)
		}
		return string(hit)
	}
	first := run(7)
	if again := run(7); again != first {
		t.Errorf("the same seed: got\n%s, want\n%s", again, first)
	}
	if other := run(8); other == first {
		t.Errorf("another seed: got the same requests hit, %s", other)
	}
}

func TestFaults_SlowOnesAddUpAndLeaveTheRequestToOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStub(t)
		s.create("kore", 1)
		faults := s.endpoint.Faults()
		faults.Add(embed.Fault{Kind: embed.Slow, Delay: 2 * time.Second})
		faults.Add(embed.Fault{Kind: embed.Slow, Delay: 3 * time.Second, Operation: "PutRecord"})
		denied := faults.Add(embed.Fault{Kind: embed.AccessDenied, Operation: "PutRecord", Count: 1})
		never := faults.Add(embed.Fault{Kind: embed.Throttle, Operation: "PutRecord", Count: 1})
		began := time.Now()
		s.fails(s.putBytes("0", 1), "AccessDeniedException", "")
		wantEqual(s, "time of both", time.Since(began), 5*time.Second)
		wantEqual(s, "hits of the one that was first", denied.Hits(), 1)
		wantEqual(s, "hits of the one behind it", never.Hits(), 0)
		s.fails(s.putBytes("0", 1), throughput, "")
		faults.Clear()
		began = time.Now()
		ok(s, 0, s.putBytes("0", 1))
		wantEqual(s, "time without faults", time.Since(began), 0)
	})
}
