package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/google/uuid"

	"korestream/consumer"
	"korestream/event"
)

// testEvent is one as KORE's portal sends it.
const testEvent = `{"data":{"test_id":%q},"id":%q,"time":%q,"type":%q,"source":"kore-events","dataschema":"/schemas/test/1","specversion":"1.0","datacontenttype":"application/json"}`

// koreTime is how KORE writes times.
const koreTime = "2006-01-02T15:04:05.0000000-07:00"

// address names the stream as the configuration does.
func (f *follower) address() (name, arn *string) {
	if a := f.cfg.StreamARN(); a != "" {
		return nil, &a
	}
	return aws.String(f.cfg.StreamName()), nil
}

// put puts a test event of our own. Its ID is new, so that it is nobody's
// duplicate, and its partition key too, so that it comes to any shard.
func (f *follower) put(ctx context.Context) error {
	f.EventID = uuid.NewString()
	data := fmt.Appendf(nil, testEvent, uuid.NewString(), f.EventID, time.Now().UTC().Format(koreTime), event.TypeTest)
	in := &kinesis.PutRecordInput{Data: data, PartitionKey: &f.EventID}
	in.StreamName, in.StreamARN = f.address()
	out, err := f.clients.kinesis.PutRecord(ctx, in)
	if err != nil {
		return fmt.Errorf("put test event: %w", err)
	}
	f.Shard, f.SequenceNumber = aws.ToString(out.ShardId), aws.ToString(out.SequenceNumber)
	f.came(hopPut, time.Now(), "%s at %s", f.Shard, f.SequenceNumber)
	return nil
}

// awaitEvery is how often each shard is read for KORE's event: one of the five
// reads a second that all readers share.
const awaitEvery = time.Second

var errNothingSent = errors.New("no test event came: look at the destination in KORE's portal, at its stream, region and role")

// await reads the stream from now on until a test event is there.
func (f *follower) await(ctx context.Context) error {
	shards, err := consumer.ListShards(ctx, f.clients.kinesis, f.cfg.StreamName(), f.cfg.StreamARN())
	if err != nil {
		return err
	}
	iterators := make(map[string]*string)
	for _, s := range shards {
		if s.Closed {
			continue
		}
		in := &kinesis.GetShardIteratorInput{ShardId: aws.String(s.ID), ShardIteratorType: types.ShardIteratorTypeLatest}
		in.StreamName, in.StreamARN = f.address()
		out, err := f.clients.kinesis.GetShardIterator(ctx, in)
		if err != nil {
			return fmt.Errorf("read %s: %w", s.ID, err)
		}
		iterators[s.ID] = out.ShardIterator
	}
	tick := time.NewTicker(awaitEvery)
	defer tick.Stop()
	for {
		for id, iterator := range iterators {
			if iterator == nil {
				continue // closed, and read to its end
			}
			in := &kinesis.GetRecordsInput{ShardIterator: iterator}
			_, in.StreamARN = f.address()
			out, err := f.clients.kinesis.GetRecords(ctx, in)
			if err != nil {
				continue // throttled, perhaps: it is tried again
			}
			if f.find(id, out.Records) {
				return nil
			}
			iterators[id] = out.NextShardIterator
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errNothingSent
		}
	}
}

// find looks for a test event, and takes the first.
func (f *follower) find(shard string, records []types.Record) bool {
	for _, r := range records {
		items, err := event.Decode(r.Data)
		if err != nil {
			continue
		}
		for _, i := range items {
			if i.Err == nil && i.Event.Type == event.TypeTest {
				f.EventID, f.Shard, f.SequenceNumber = i.Event.ID, shard, aws.ToString(r.SequenceNumber)
				f.came(hopPut, time.Now(), "%s at %s", f.Shard, f.SequenceNumber)
				return true
			}
		}
	}
	return false
}
