package embed_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"korestream/localstack/embed"
)

const throughput = "ProvisionedThroughputExceededException"

// limited runs a test in a bubble, with quotas and a stream of two shards.
func limited(t *testing.T, test func(s *stub)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStub(t, embed.WithQuotas(true))
		s.create("kore", 2)
		test(s)
	})
}

// putBytes puts a record of so many bytes, with its key, at a hash key.
func (t *stub) putBytes(hashKey string, n int) error {
	_, err := t.kinesis.PutRecord(t.Context(), &kinesis.PutRecordInput{
		StreamName: aws.String("kore"), PartitionKey: aws.String("k"), ExplicitHashKey: &hashKey, Data: make([]byte, n-1),
	})
	return err
}

func (t *stub) tryGet(iterator string) error {
	_, err := t.kinesis.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: &iterator})
	return err
}

func TestQuotas_AreOffUnlessAskedFor(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.create("kore", 1)
	for range 3 {
		ok(s, 0, s.putBytes("0", 1<<20))
	}
	it := s.iterator("kore", shard(0), types.ShardIteratorTypeLatest)
	for range 20 {
		s.iterator("kore", shard(0), types.ShardIteratorTypeLatest)
		ok(s, 0, s.tryGet(it))
	}
}

func TestQuotas_OfWritesCountBytesWithTheKey(t *testing.T) {
	limited(t, func(s *stub) {
		ok(s, 0, s.putBytes("0", 1<<20-1))
		s.fails(s.putBytes("0", 2), throughput, "Rate exceeded for shard shardId-000000000000 in stream kore under account 000000000000.")
		ok(s, 0, s.putBytes("0", 1))
		s.fails(s.putBytes("0", 1), throughput, "")
		ok(s, 0, s.putBytes(half, 1<<20)) // another shard has its own
		time.Sleep(500 * time.Millisecond)
		s.fails(s.putBytes("0", 1<<19+100), throughput, "")
		ok(s, 0, s.putBytes("0", 1<<19))
	})
}

func TestQuotas_OfWritesFailRecordsOneByOne(t *testing.T) {
	limited(t, func(s *stub) {
		var entries []types.PutRecordsRequestEntry
		for i := range 6 {
			entries = append(entries, types.PutRecordsRequestEntry{
				Data: make([]byte, 500<<10), PartitionKey: aws.String("k"), ExplicitHashKey: aws.String([]string{"0", half}[i%2]),
			})
		}
		out, err := s.kinesis.PutRecords(s.Context(), &kinesis.PutRecordsInput{StreamName: aws.String("kore"), Records: entries})
		wantEqual(s, "failed", *ok(s, out, err).FailedRecordCount, 2)
		var codes []string
		for _, r := range out.Records {
			codes = append(codes, aws.ToString(r.ErrorCode))
		}
		wantEqual(s, "codes", strings.Join(codes, ","), ",,,,"+throughput+","+throughput)
		wantEqual(s, "message", aws.ToString(out.Records[5].ErrorMessage),
			"Rate exceeded for shard shardId-000000000001 in stream kore under account 000000000000.")
	})
}

func TestQuotas_OfReadsAreFiveCallsASecondAndShard(t *testing.T) {
	limited(t, func(s *stub) {
		it := s.iterator("kore", shard(0), types.ShardIteratorTypeTrimHorizon)
		other := s.iterator("kore", shard(1), types.ShardIteratorTypeTrimHorizon)
		for range 3 { // a caller every 200 ms is never refused
			for range 5 {
				ok(s, 0, s.tryGet(it))
				time.Sleep(200 * time.Millisecond)
			}
		}
		time.Sleep(time.Second)
		for range 5 {
			ok(s, 0, s.tryGet(it))
		}
		s.fails(s.tryGet(it), throughput, "")
		ok(s, 0, s.tryGet(other))
		time.Sleep(199 * time.Millisecond)
		s.fails(s.tryGet(it), throughput, "")
		time.Sleep(time.Millisecond)
		ok(s, 0, s.tryGet(it))
	})
}

func TestQuotas_OfIteratorsAreFiveCallsASecondAndShard(t *testing.T) {
	limited(t, func(s *stub) {
		for range 5 {
			s.iterator("kore", shard(0), types.ShardIteratorTypeLatest)
		}
		in := &kinesis.GetShardIteratorInput{
			StreamName: aws.String("kore"), ShardId: aws.String(shard(0)), ShardIteratorType: types.ShardIteratorTypeLatest,
		}
		_, err := s.kinesis.GetShardIterator(s.Context(), in)
		s.fails(err, throughput, "")
		s.iterator("kore", shard(1), types.ShardIteratorTypeLatest)
		time.Sleep(200 * time.Millisecond)
		s.iterator("kore", shard(0), types.ShardIteratorTypeLatest)
	})
}

func TestQuotas_TenMiBInOneAnswerBlockTheShardForFiveSeconds(t *testing.T) {
	limited(t, func(s *stub) {
		for range 12 {
			ok(s, 0, s.putBytes("0", 1<<20))
			time.Sleep(time.Second)
		}
		page := s.get(s.iterator("kore", shard(0), types.ShardIteratorTypeTrimHorizon))
		wantEqual(s, "records of 1 MiB in an answer", len(page.Records), 10)
		wantEqual(s, "behind", aws.ToInt64(page.MillisBehindLatest), 3000)
		time.Sleep(5*time.Second - time.Millisecond)
		s.fails(s.tryGet(*page.NextShardIterator), throughput, "")
		time.Sleep(time.Millisecond)
		page = s.get(*page.NextShardIterator)
		wantEqual(s, "records after five seconds", len(page.Records), 2)
		wantEqual(s, "behind", aws.ToInt64(page.MillisBehindLatest), 0)
		ok(s, 0, s.tryGet(*page.NextShardIterator)) // 2 MiB do not block
	})
}

func TestQuotas_UpdateShardCountIsTenTimesADay(t *testing.T) {
	limited(t, func(s *stub) {
		scale := func(n int) error {
			_, err := s.kinesis.UpdateShardCount(s.Context(), &kinesis.UpdateShardCountInput{
				StreamName: aws.String("kore"), TargetShardCount: aws.Int32(int32(n)), ScalingType: types.ScalingTypeUniformScaling,
			})
			return err
		}
		for i := range 10 {
			ok(s, 0, scale(3-i%2))
		}
		s.fails(scale(3), "LimitExceededException", fmt.Sprint(10))
		time.Sleep(24*time.Hour - time.Millisecond)
		s.fails(scale(3), "LimitExceededException", "")
		time.Sleep(time.Millisecond)
		ok(s, 0, scale(3))
	})
}
