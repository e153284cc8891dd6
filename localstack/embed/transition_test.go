package embed_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"korestream/localstack/embed"
)

// transition is how long changes take in these tests. It is no multiple of the
// five seconds after which an idle subscription looks around anyway.
const transition = 7 * time.Second

// slowly runs a test in a bubble where changes take their time.
func slowly(t *testing.T, test func(s *stub), opts ...embed.Option) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { test(newStub(t, append(opts, embed.WithTransition(transition))...)) })
}

// status is a stream's, or NONE.
func (t *stub) status(stream string) string {
	t.Helper()
	out, err := t.kinesis.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: &stream})
	if err != nil {
		t.fails(err, "ResourceNotFoundException", "Stream "+stream+" under account 000000000000 not found.")
		return "NONE"
	}
	return string(out.StreamDescriptionSummary.StreamStatus)
}

func TestTransition_AStreamIsCreatedAndDeletedInTime(t *testing.T) {
	slowly(t, func(s *stub) {
		s.create("kore", 1)
		wantEqual(s, "status at first", s.status("kore"), "CREATING")
		wantEqual(s, "shards at first", len(s.shards("kore")), 0)
		put := &kinesis.PutRecordInput{StreamName: aws.String("kore"), PartitionKey: aws.String("k"), Data: []byte("x")}
		_, err := s.kinesis.PutRecord(s.Context(), put)
		s.fails(err, "ResourceNotFoundException", "Stream kore under account 000000000000 not found.")
		_, err = s.kinesis.CreateStream(s.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("kore"), ShardCount: aws.Int32(1)})
		s.fails(err, "ResourceInUseException", "Stream kore under account 000000000000 already exists.")
		time.Sleep(transition - time.Millisecond)
		wantEqual(s, "status just before", s.status("kore"), "CREATING")
		waiter := kinesis.NewStreamExistsWaiter(s.kinesis)
		ok(s, 0, waiter.Wait(s.Context(), &kinesis.DescribeStreamInput{StreamName: aws.String("kore")}, time.Minute))
		s.put("kore", "k", "x")
		it := s.iterator("kore", shard(0), types.ShardIteratorTypeTrimHorizon)

		_, err = s.kinesis.DeleteStream(s.Context(), &kinesis.DeleteStreamInput{StreamName: aws.String("kore")})
		ok(s, 0, err)
		wantEqual(s, "status after DeleteStream", s.status("kore"), "DELETING")
		s.get(it)
		time.Sleep(transition)
		wantEqual(s, "status at last", s.status("kore"), "NONE")
		s.fails(s.tryGet(it), "ResourceNotFoundException", "")
	})
}

func TestTransition_ASplitTakesEffectAfterIt(t *testing.T) {
	slowly(t, func(s *stub) {
		s.create("kore", 1)
		time.Sleep(transition)
		consumer := s.consumer("kore", "fan")
		_, err := s.trySubscribe(s.Context(), consumer, shard(0), fromHorizon)
		s.fails(err, "ResourceInUseException", "not ACTIVE, instead in state CREATING")
		time.Sleep(transition)
		sub := s.subscribe(consumer, shard(0), fromHorizon)
		defer sub.close()

		s.split("kore", shard(0), half)
		wantEqual(s, "status", s.status("kore"), "UPDATING")
		wantEqual(s, "shards", len(s.shards("kore")), 1)
		s.put("kore", "k", "during")
		_, err = s.kinesis.SplitShard(s.Context(), &kinesis.SplitShardInput{
			StreamName: aws.String("kore"), ShardToSplit: aws.String(shard(0)), NewStartingHashKey: aws.String(half),
		})
		s.fails(err, "ResourceInUseException", "Stream kore under account 000000000000 not ACTIVE, instead in state UPDATING")
		wantEqual(s, "records", sub.read(1), "during")
		// The subscription sees the end when it comes, though nobody calls.
		for {
			ev := sub.next()
			if ev.ContinuationSequenceNumber == nil {
				wantEqual(s, "children", childIDs(ev.ChildShards), shard(1)+" "+shard(2))
				break
			}
		}
		wantEqual(s, "time until the end", time.Since(sub.begun), transition)
		wantEqual(s, "status", s.status("kore"), "ACTIVE")
		wantEqual(s, "shards", len(s.shards("kore")), 3)
	})
}

func TestTransition_NoMoreThanFiveStreamsAreCreatedAtOnce(t *testing.T) {
	slowly(t, func(s *stub) {
		for i := range 5 {
			s.create(fmt.Sprint("stream", i), 1)
		}
		_, err := s.kinesis.CreateStream(s.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("sixth"), ShardCount: aws.Int32(1)})
		s.fails(err, "LimitExceededException", "5")
		time.Sleep(transition)
		s.create("sixth", 1)
	})
}

func TestLimits_OfShardsHoldForTheAccount(t *testing.T) {
	t.Parallel()
	s := newStub(t, embed.WithShardLimit(3))
	s.create("kore", 2)
	_, err := s.kinesis.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("more"), ShardCount: aws.Int32(2)})
	s.fails(err, "LimitExceededException", "This request would exceed the shard limit for the account 000000000000 in us-east-1. "+
		"Current shard count for the account: 2. Limit: 3. Number of additional shards that would have resulted from this request: 2.")
	s.split("kore", shard(0), "1000")
	_, err = s.kinesis.UpdateShardCount(t.Context(), &kinesis.UpdateShardCountInput{
		StreamName: aws.String("kore"), TargetShardCount: aws.Int32(4), ScalingType: types.ScalingTypeUniformScaling,
	})
	s.fails(err, "LimitExceededException", "Limit: 3")
	out, err := s.kinesis.DescribeLimits(t.Context(), &kinesis.DescribeLimitsInput{})
	wantEqual(s, "open shards", *ok(s, out, err).OpenShardCount, 3)
	wantEqual(s, "limit", *out.ShardLimit, 3)
	_, err = s.kinesis.CreateStream(t.Context(), &kinesis.CreateStreamInput{
		StreamName: aws.String("demand"), StreamModeDetails: &types.StreamModeDetails{StreamMode: types.StreamModeOnDemand},
	})
	ok(s, 0, err)
	wantEqual(s, "shards on demand, which do not count", len(s.shards("demand")), 4)
}

func TestMode_OnDemandStreamsAreNotResharded(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.create("kore", 2)
	mode := func(m types.StreamMode) {
		_, err := s.kinesis.UpdateStreamMode(t.Context(), &kinesis.UpdateStreamModeInput{
			StreamARN: aws.String(s.endpoint.StreamARN("kore")), StreamModeDetails: &types.StreamModeDetails{StreamMode: m},
		})
		ok(s, 0, err)
	}
	mode(types.StreamModeOnDemand)
	_, err := s.kinesis.UpdateShardCount(t.Context(), &kinesis.UpdateShardCountInput{
		StreamName: aws.String("kore"), TargetShardCount: aws.Int32(4), ScalingType: types.ScalingTypeUniformScaling,
	})
	s.fails(err, "ValidationException", "On-Demand")
	mode(types.StreamModeProvisioned)
	s.split("kore", shard(0), "1000")
}
