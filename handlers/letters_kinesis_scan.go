package handlers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsretry "github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// kinesisRecord is a record of the stream of letters. Its position is unique in
// the stream.
type kinesisRecord struct {
	position, key string
	data          []byte
}

// The waits between two reads of a shard that has more, as it takes five a second
// in all, and after one that was throttled. See
// https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html.
const (
	kinesisReadPause     = 200 * time.Millisecond
	kinesisThrottlePause = time.Second
)

// scan visits all records there are, shard by shard, until a visit has an error.
func (s *KinesisLetters) scan(ctx context.Context, visit func(kinesisRecord) error) error {
	shards, err := s.shards(ctx)
	if err != nil {
		return err
	}
	for _, shard := range shards {
		if err := s.scanShard(ctx, shard, visit); err != nil {
			return err
		}
	}
	return nil
}

// shards lists the shards that have records yet, closed ones too.
func (s *KinesisLetters) shards(ctx context.Context) ([]string, error) {
	in := &kinesis.ListShardsInput{}
	in.StreamName, in.StreamARN = s.cfg.target()
	var all []string
	for {
		var out *kinesis.ListShardsOutput
		err := patiently(ctx, func() (err error) {
			out, err = s.api.ListShards(ctx, in)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("list shards: %w", err)
		}
		for _, shard := range out.Shards {
			all = append(all, aws.ToString(shard.ShardId))
		}
		if out.NextToken == nil {
			return all, nil
		}
		in = &kinesis.ListShardsInput{NextToken: out.NextToken} // which names the stream
	}
}

// scanShard visits the shard's records up to the newest there is when it comes
// to it.
func (s *KinesisLetters) scanShard(ctx context.Context, shard string, visit func(kinesisRecord) error) error {
	last, atTip := "", false
	for iterator := (*string)(nil); ; {
		out, err := s.read(ctx, shard, last, iterator)
		if err != nil {
			return fmt.Errorf("read shard %s: %w", shard, err)
		}
		for _, r := range out.Records {
			last = aws.ToString(r.SequenceNumber)
			if err := visit(kinesisRecord{position: shard + "/" + last, key: aws.ToString(r.PartitionKey), data: r.Data}); err != nil {
				return err
			}
		}
		// Not behind by a millisecond may still be behind by records of the same
		// one: the tip is where nothing more came, or what came later.
		wasAtTip := atTip
		atTip = aws.ToInt64(out.MillisBehindLatest) == 0
		if out.NextShardIterator == nil || atTip && (wasAtTip || len(out.Records) == 0) {
			return nil
		}
		iterator = out.NextShardIterator
		if atTip {
			continue
		}
		if err := sleep(ctx, kinesisReadPause); err != nil {
			return fmt.Errorf("read shard %s: %w", shard, err)
		}
	}
}

// read returns what is behind an iterator, or where there is none or it has
// expired, as visits take their time, behind the last record.
func (s *KinesisLetters) read(ctx context.Context, shard, last string, iterator *string) (*kinesis.GetRecordsOutput, error) {
	_, arn := s.cfg.target()
	var out *kinesis.GetRecordsOutput
	err := patiently(ctx, func() (err error) {
		if iterator == nil {
			if iterator, err = s.iterator(ctx, shard, last); err != nil {
				return err
			}
		}
		out, err = s.api.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: iterator, StreamARN: arn})
		if expired := new(types.ExpiredIteratorException); errors.As(err, &expired) {
			iterator = nil
		}
		return err
	})
	return out, err
}

// iterator begins after a record, or at the oldest there is.
func (s *KinesisLetters) iterator(ctx context.Context, shard, last string) (*string, error) {
	in := &kinesis.GetShardIteratorInput{ShardId: &shard, ShardIteratorType: types.ShardIteratorTypeTrimHorizon}
	in.StreamName, in.StreamARN = s.cfg.target()
	if last != "" {
		in.ShardIteratorType, in.StartingSequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, &last
	}
	out, err := s.api.GetShardIterator(ctx, in)
	if err != nil {
		return nil, err
	}
	return out.ShardIterator, nil
}

// patiently calls until there is an answer that is neither that the stream has
// no capacity nor that an iterator has expired.
func patiently(ctx context.Context, call func() error) error {
	throttle := awsretry.ThrottleErrorCode{Codes: awsretry.DefaultThrottleErrorCodes}
	for {
		err := call()
		expired := new(types.ExpiredIteratorException)
		if !errors.As(err, &expired) && !throttle.IsErrorThrottle(err).Bool() {
			return calledOff(ctx, err)
		}
		if sleep(ctx, kinesisThrottlePause) != nil {
			return calledOff(ctx, err)
		}
	}
}
