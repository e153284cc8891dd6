package consumer

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"korestream/checkpoint"
)

// Backlog is what of a shard is not checkpointed.
type Backlog struct {
	// Unread says that there is something, and Age for how long the oldest of it
	// has been on the stream, by the service's clock.
	Unread bool
	Age    time.Duration
}

// backlogPages bounds the answers without a record that are looked at: Kinesis
// may give some on the way to one.
const backlogPages = 10

// ReadBacklog looks what stands in a shard after a position. It costs two of the
// shard's five reads a second, or a few more where the shard has gaps. It may be
// called concurrently; errors are Kinesis's.
func ReadBacklog(ctx context.Context, kc KinesisAPI, stream, arn, shard string, after checkpoint.Position) (Backlog, error) {
	next := startingPosition(after)
	if next.Type == types.ShardIteratorTypeAtSequenceNumber && after.SubSequenceNumber == 0 {
		next.Type = types.ShardIteratorTypeAfterSequenceNumber
	}
	in := &kinesis.GetShardIteratorInput{
		ShardId: aws.String(shard), ShardIteratorType: next.Type,
		StartingSequenceNumber: next.SequenceNumber, Timestamp: next.Timestamp,
	}
	in.StreamName, in.StreamARN = target{stream, arn}.split()
	it, err := kc.GetShardIterator(ctx, in)
	if err != nil {
		return Backlog{}, fmt.Errorf("backlog of %s: %w", shard, err)
	}
	iterator := it.ShardIterator
	for range backlogPages {
		if iterator == nil {
			break
		}
		get := &kinesis.GetRecordsInput{ShardIterator: iterator, Limit: aws.Int32(1)}
		if arn != "" {
			get.StreamARN = aws.String(arn)
		}
		out, err := kc.GetRecords(ctx, get)
		if err != nil {
			return Backlog{}, fmt.Errorf("backlog of %s: %w", shard, err)
		}
		if len(out.Records) > 0 {
			now, ok := awsmiddleware.GetServerTime(out.ResultMetadata)
			if !ok {
				now = time.Now()
			}
			age := now.Sub(aws.ToTime(out.Records[0].ApproximateArrivalTimestamp))
			return Backlog{Unread: true, Age: max(age, 0)}, nil
		}
		if behind := aws.ToInt64(out.MillisBehindLatest); behind == 0 {
			break
		}
		iterator = out.NextShardIterator
	}
	return Backlog{}, nil
}

// Retention returns for how long a stream keeps records. Errors are Kinesis's.
func Retention(ctx context.Context, kc KinesisAPI, stream, arn string) (time.Duration, error) {
	cfg := DefaultConfig()
	cfg.Stream, cfg.StreamARN = stream, arn
	l := newListing(kc, cfg, nil)
	if _, err := l.identify(ctx); err != nil {
		return 0, fmt.Errorf("describe %s: %w", stream, err)
	}
	return l.keeps(), nil
}

// ListShards lists a stream's shards, closed ones too. Errors are Kinesis's.
func ListShards(ctx context.Context, kc KinesisAPI, stream, arn string) ([]checkpoint.Shard, error) {
	cfg := DefaultConfig()
	cfg.Stream, cfg.StreamARN = stream, arn
	l := newListing(kc, cfg, nil)
	if _, err := l.refresh(ctx); err != nil {
		return nil, fmt.Errorf("list shards of %s: %w", stream, err)
	}
	shards, _ := l.snapshot()
	return shards, nil
}
