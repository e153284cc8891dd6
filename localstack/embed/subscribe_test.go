package embed_test

import (
	"context"
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

// fanOut runs a test in a bubble, with a stream of one shard and a consumer.
func fanOut(t *testing.T, test func(s *stub, consumer string), opts ...embed.Option) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStub(t, opts...)
		s.create("kore", 1)
		test(s, s.consumer("kore", "fan"))
	})
}

func TestSubscription_PushesARecordWithoutDelay(t *testing.T) {
	fanOut(t, func(s *stub, consumer string) {
		sub := s.subscribe(consumer, shard(0), fromLatest)
		defer sub.close()
		sub.next() // the first, empty
		time.Sleep(1234 * time.Millisecond)
		put := s.put("kore", "k", "x")
		at := time.Now()
		ev := sub.next()
		wantEqual(s, "records", payloads(ev.Records), "x")
		wantEqual(s, "continuation", *ev.ContinuationSequenceNumber, *put.SequenceNumber)
		wantEqual(s, "time in between", time.Since(at), 0)
	})
}

func TestSubscription_SaysThatItIsAliveAndGoesOnFromThere(t *testing.T) {
	fanOut(t, func(s *stub, consumer string) {
		s.put("kore", "k", "seen")
		sub := s.subscribe(consumer, shard(0), fromHorizon)
		wantEqual(s, "records", sub.read(1), "seen")
		began := time.Now()
		var last *types.SubscribeToShardEvent
		for range 3 {
			last = sub.next()
			wantEqual(s, "records of an idle shard", len(last.Records), 0)
			wantEqual(s, "behind", aws.ToInt64(last.MillisBehindLatest), 0)
		}
		wantEqual(s, "three events of an idle shard took", time.Since(began), 15*time.Second)
		sub.close()
		s.put("kore", "k", "later")
		for _, typ := range []types.ShardIteratorType{types.ShardIteratorTypeAfterSequenceNumber, types.ShardIteratorTypeAtSequenceNumber} {
			time.Sleep(6 * time.Second)
			sub = s.subscribe(consumer, shard(0), types.StartingPosition{Type: typ, SequenceNumber: last.ContinuationSequenceNumber})
			wantEqual(s, string(typ)+" of the continuation", sub.read(1), "later")
			sub.close()
		}
	})
}

func TestSubscription_IsTakenOverAfterFiveSeconds(t *testing.T) {
	fanOut(t, func(s *stub, consumer string) {
		first := s.subscribe(consumer, shard(0), fromHorizon)
		defer first.close()
		first.next()
		time.Sleep(5*time.Second - time.Millisecond)
		_, err := s.trySubscribe(s.Context(), consumer, shard(0), fromHorizon)
		s.fails(err, "ResourceInUseException", "Another active subscription exists for this consumer")
		time.Sleep(time.Millisecond)
		second := s.subscribe(consumer, shard(0), fromHorizon)
		defer second.close()
		first.ends("ResourceInUseException")
		s.put("kore", "k", "x")
		wantEqual(s, "the second one's records", second.read(1), "x")
	})
}

func TestSubscription_OfAnotherConsumerOrShardIsNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStub(t, embed.WithQuotas(true))
		s.create("kore", 2)
		a, b := s.consumer("kore", "a"), s.consumer("kore", "b")
		for _, sub := range []*subscription{
			s.subscribe(a, shard(0), fromLatest), s.subscribe(a, shard(1), fromLatest), s.subscribe(b, shard(0), fromLatest),
		} {
			defer sub.close()
			sub.next()
		}
		_, err := s.trySubscribe(t.Context(), a, shard(0), fromLatest)
		s.fails(err, "LimitExceededException", "")
		time.Sleep(time.Second)
		_, err = s.trySubscribe(t.Context(), a, shard(0), fromLatest)
		s.fails(err, "ResourceInUseException", "")
	})
}

func TestSubscription_EndsWithItsConsumerOrStream(t *testing.T) {
	fanOut(t, func(s *stub, consumer string) {
		sub := s.subscribe(consumer, shard(0), fromLatest)
		sub.next()
		s.deregister(consumer)
		sub.ends("ResourceNotFoundException")
		_, err := s.trySubscribe(s.Context(), consumer, shard(0), fromLatest)
		s.fails(err, "ResourceNotFoundException", "")
		sub.close()

		sub = s.subscribe(s.consumer("kore", "other"), shard(0), fromLatest)
		defer sub.close()
		sub.next()
		_, err = s.kinesis.DeleteStream(s.Context(), &kinesis.DeleteStreamInput{StreamName: aws.String("kore")})
		s.fails(err, "ResourceInUseException", "")
		_, err = s.kinesis.DeleteStream(s.Context(), &kinesis.DeleteStreamInput{
			StreamName: aws.String("kore"), EnforceConsumerDeletion: aws.Bool(true),
		})
		ok(s, 0, err)
		sub.ends("ResourceNotFoundException")
	})
}

func TestSubscription_EndsWithItsContext(t *testing.T) {
	fanOut(t, func(s *stub, consumer string) {
		ctx, cancel := context.WithCancel(s.Context())
		sub, err := s.trySubscribe(ctx, consumer, shard(0), fromLatest)
		ok(s, sub, err).next()
		cancel()
		for sub.next() != nil {
			continue
		}
		sub.stream.Close() // what it says of a cancelled context is the SDK's business
		synctest.Wait()
	})
}

func TestSubscription_ReadsAClosedShardOutAndThenItsChildren(t *testing.T) {
	fanOut(t, func(s *stub, consumer string) {
		const total = 2500 // more than fit one event
		for i := range total / 500 {
			var entries []types.PutRecordsRequestEntry
			for n := range 500 {
				entries = append(entries, types.PutRecordsRequestEntry{Data: fmt.Append(nil, 500*i+n), PartitionKey: aws.String("k")})
			}
			_, err := s.kinesis.PutRecords(s.Context(), &kinesis.PutRecordsInput{StreamName: aws.String("kore"), Records: entries})
			ok(s, 0, err)
			time.Sleep(time.Second)
		}
		s.split("kore", shard(0), half)
		time.Sleep(2 * time.Second)
		sub := s.subscribe(consumer, shard(0), fromHorizon)
		defer sub.close()
		n := 0
		for {
			ev := sub.next()
			for _, r := range ev.Records {
				wantEqual(s, "record", string(r.Data), fmt.Sprint(n))
				n++
			}
			if ev.ContinuationSequenceNumber == nil {
				wantEqual(s, "records before the end", n, total)
				wantEqual(s, "children", childIDs(ev.ChildShards), shard(1)+" "+shard(2))
				break
			}
			wantEqual(s, "children before the end", len(ev.ChildShards), 0)
			if aws.ToInt64(ev.MillisBehindLatest) == 0 {
				s.Errorf("behind after %d of %d records: got 0, want more", n, total)
			}
		}
		sub.ends("")
		child := s.subscribe(consumer, shard(1), fromHorizon)
		defer child.close()
		wantEqual(s, "continuation of an empty child is there", child.next().ContinuationSequenceNumber != nil, true)
	})
}

func TestSubscription_KeepsToTwoMiBASecond(t *testing.T) {
	fanOut(t, func(s *stub, consumer string) {
		const records = 8
		for range records {
			s.put("kore", "k", strings.Repeat("x", 1<<20-1))
			time.Sleep(time.Second)
		}
		sub := s.subscribe(consumer, shard(0), fromHorizon)
		defer sub.close()
		sub.read(records)
		if took := time.Since(sub.begun); took < 3*time.Second || took > 4*time.Second {
			s.Errorf("%d MiB took %v, want about %d s", records, took, records/2)
		}
	}, embed.WithQuotas(true))
}

func TestSubscription_IsCutInTheMiddle(t *testing.T) {
	fanOut(t, func(s *stub, consumer string) {
		s.put("kore", "k", "whole")
		in := s.endpoint.Faults().Add(embed.Fault{Operation: "SubscribeToShard", Shard: shard(0), Kind: embed.CutConnection, Count: 1})
		sub := s.subscribe(consumer, shard(0), fromHorizon)
		first := sub.next()
		wantEqual(s, "before the cut", payloads(first.Records), "whole")
		s.put("kore", "k", "cut")
		// The SDK takes the io.ErrUnexpectedEOF of a cut for an orderly end, so
		// there is no error to want.
		if ev := sub.next(); ev != nil {
			s.Errorf("half an event: got %v, want the end", ev)
		}
		sub.close()
		wantEqual(s, "hits", in.Hits(), 1)
		time.Sleep(5 * time.Second)
		sub = s.subscribe(consumer, shard(0), fromAfter(first.ContinuationSequenceNumber))
		defer sub.close()
		wantEqual(s, "after the cut", sub.read(1), "cut")
	})
}

func childIDs(children []types.ChildShard) string {
	var ids []string
	for _, c := range children {
		ids = append(ids, aws.ToString(c.ShardId))
	}
	return strings.Join(ids, " ")
}
