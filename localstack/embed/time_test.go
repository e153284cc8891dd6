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

func TestIterator_ExpiresAfterFiveMinutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStub(t)
		s.create("kore", 1)
		it := s.iterator("kore", shard(0), types.ShardIteratorTypeTrimHorizon)
		time.Sleep(5*time.Minute - time.Second)
		it = *s.get(it).NextShardIterator
		time.Sleep(5*time.Minute + time.Second)
		_, err := s.kinesis.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: &it})
		s.fails(err, "ExpiredIteratorException", "")
	})
}

func TestRecords_AreTrimmedAfterTheRetention(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStub(t)
		s.create("kore", 1)
		s.put("kore", "k", "old")
		time.Sleep(23 * time.Hour)
		s.put("kore", "k", "new")
		s.split("kore", shard(0), half)
		time.Sleep(2 * time.Hour)
		page := s.get(s.iterator("kore", shard(0), types.ShardIteratorTypeTrimHorizon))
		wantEqual(s, "records after 25 hours", payloads(page.Records), "new")
		wantEqual(s, "shards", len(s.shards("kore")), 3)
		time.Sleep(48 * time.Hour)
		wantEqual(s, "shards once the parent is empty", len(s.shards("kore")), 2)
	})
}

func TestQuotas_RefuseAndRefill(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStub(t, embed.WithQuotas(true))
		s.create("kore", 1)
		it := s.iterator("kore", shard(0), types.ShardIteratorTypeTrimHorizon)
		read := func() error {
			_, err := s.kinesis.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: &it})
			return err
		}
		for range 5 {
			ok(s, 0, read())
		}
		s.fails(read(), "ProvisionedThroughputExceededException", "")
		time.Sleep(time.Second)
		ok(s, 0, read())

		big := strings.Repeat("x", 1<<20-10)
		s.put("kore", "k", big)
		_, err := s.kinesis.PutRecord(t.Context(), &kinesis.PutRecordInput{StreamName: aws.String("kore"), PartitionKey: aws.String("k"), Data: []byte(big)})
		s.fails(err, "ProvisionedThroughputExceededException", "")
		time.Sleep(time.Second)
		s.put("kore", "k", big)
		time.Sleep(time.Second)
		var entries []types.PutRecordsRequestEntry
		for i := range 500 {
			entries = append(entries, types.PutRecordsRequestEntry{Data: []byte{1}, PartitionKey: aws.String(fmt.Sprint(i))})
		}
		var refused []int32
		for range 3 {
			out, err := s.kinesis.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: aws.String("kore"), Records: entries})
			refused = append(refused, *ok(s, out, err).FailedRecordCount)
		}
		wantEqual(s, "records refused of 500, three times in one second", fmt.Sprint(refused), "[0 0 500]")
	})
}

func TestSubscription_LastsFiveMinutesAndGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStub(t)
		s.create("kore", 1)
		arn := s.consumer("kore", "fan")
		s.put("kore", "k", "first")
		start := types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon}
		var got []string
		for round := range 2 {
			begun := time.Now()
			out, err := s.kinesis.SubscribeToShard(t.Context(), &kinesis.SubscribeToShardInput{
				ConsumerARN: &arn, ShardId: aws.String(shard(0)), StartingPosition: &start,
			})
			stream := ok(s, out, err).GetStream()
			go func() { time.Sleep(time.Minute); s.put("kore", "k", fmt.Sprint("later", round)) }()
			for ev := range stream.Events() {
				e := ev.(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent).Value
				for _, r := range e.Records {
					got = append(got, string(r.Data))
				}
				start = types.StartingPosition{Type: types.ShardIteratorTypeAfterSequenceNumber, SequenceNumber: e.ContinuationSequenceNumber}
			}
			ok(s, 0, stream.Err())
			if took := time.Since(begun); took < 5*time.Minute-time.Second || took > 5*time.Minute+5*time.Second {
				t.Errorf("the subscription lasted %s, want 5 minutes", took)
			}
			stream.Close()
		}
		wantEqual(s, "records", strings.Join(got, " "), "first later0 later1")
	})
}

func TestSubscription_EndsWithTheShardAndNamesTheChildren(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStub(t)
		s.create("kore", 2)
		arn := s.consumer("kore", "fan")
		out, err := s.kinesis.SubscribeToShard(t.Context(), &kinesis.SubscribeToShardInput{
			ConsumerARN: &arn, ShardId: aws.String(shard(0)), StartingPosition: &types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon},
		})
		stream := ok(s, out, err).GetStream()
		defer stream.Close()
		time.Sleep(time.Second)
		s.merge("kore", shard(0), shard(1))
		var last types.SubscribeToShardEvent
		for ev := range stream.Events() {
			last = ev.(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent).Value
		}
		if last.ContinuationSequenceNumber != nil || len(last.ChildShards) != 1 || *last.ChildShards[0].ShardId != shard(2) {
			t.Errorf("last event: got continuation %v and children %v, want none and %s", last.ContinuationSequenceNumber, last.ChildShards, shard(2))
		}
	})
}
