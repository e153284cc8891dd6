package localstack_test

import (
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// The codes of the errors that cases want.
const (
	validation       = "ValidationException"
	invalidArgument  = "InvalidArgumentException"
	resourceInUse    = "ResourceInUseException"
	resourceNotFound = "ResourceNotFoundException"
	limitExceeded    = "LimitExceededException"
)

// outOfBounds are the codes of what breaks a constraint of the service's model:
// the reference lists the second one, and the service answers with the first.
var outOfBounds = []string{validation, invalidArgument}

// The hash keys that cases put and split at.
const (
	lowKey  = "0"
	half    = "170141183460469231731687303715884105728" // the first of the upper half
	highKey = "340282366920938463463374607431768211455" // the last
)

// stream creates a stream of the case's own and waits until it is ACTIVE.
func (p *probe) stream(shards int32) string {
	call(p, p.kinesis.CreateStream, &kinesis.CreateStreamInput{StreamName: &p.name, ShardCount: &shards})
	p.active(p.name)
	return p.name
}

// active waits until a stream is ACTIVE.
func (p *probe) active(stream string) {
	p.until("an ACTIVE stream", func() bool { return p.summary(stream).StreamStatus == types.StreamStatusActive })
}

func (p *probe) summary(stream string) *types.StreamDescriptionSummary {
	out := call(p, p.kinesis.DescribeStreamSummary, &kinesis.DescribeStreamSummaryInput{StreamName: &stream})
	return out.StreamDescriptionSummary
}

func (p *probe) arn(stream string) *string { return p.summary(stream).StreamARN }

// shards lists all shards of a stream.
func (p *probe) shards(stream string) []types.Shard {
	return call(p, p.kinesis.ListShards, &kinesis.ListShardsInput{StreamName: &stream}).Shards
}

func (p *probe) split(stream string, shard int, at string) {
	call(p, p.kinesis.SplitShard, &kinesis.SplitShardInput{
		StreamName: &stream, ShardToSplit: shardID(shard), NewStartingHashKey: &at,
	})
	p.active(stream)
}

func (p *probe) merge(stream string, shard, adjacent int) {
	call(p, p.kinesis.MergeShards, &kinesis.MergeShardsInput{
		StreamName: &stream, ShardToMerge: shardID(shard), AdjacentShardToMerge: shardID(adjacent),
	})
	p.active(stream)
}

// put puts a record at a hash key, under the key "k".
func (p *probe) put(stream, hashKey, data string) *kinesis.PutRecordOutput {
	return call(p, p.kinesis.PutRecord, &kinesis.PutRecordInput{
		StreamName: &stream, PartitionKey: aws.String("k"), ExplicitHashKey: &hashKey, Data: []byte(data),
	})
}

// iteratorAt asks for an iterator; change, if not nil, completes the request.
func (p *probe) iteratorAt(stream string, shard int, typ types.ShardIteratorType, change func(*kinesis.GetShardIteratorInput)) *string {
	in := &kinesis.GetShardIteratorInput{StreamName: &stream, ShardId: shardID(shard), ShardIteratorType: typ}
	if change != nil {
		change(in)
	}
	return call(p, p.kinesis.GetShardIterator, in).ShardIterator
}

func (p *probe) horizon(stream string, shard int) *string {
	return p.iteratorAt(stream, shard, types.ShardIteratorTypeTrimHorizon, nil)
}

func (p *probe) get(iterator *string) *kinesis.GetRecordsOutput {
	return call(p, p.kinesis.GetRecords, &kinesis.GetRecordsInput{ShardIterator: iterator})
}

// read returns what a reader gets from an iterator on, up to the tip or the end
// of the shard.
func (p *probe) read(iterator *string) []string {
	var data []string
	for range 20 {
		out := p.get(iterator)
		data = append(data, texts(out.Records)...)
		iterator = out.NextShardIterator
		if iterator == nil || len(out.Records) == 0 {
			return data
		}
	}
	p.stop("GetRecords: got records without end, want %d answers at most", 20)
	return nil
}

func texts(records []types.Record) []string {
	var data []string
	for _, r := range records {
		data = append(data, string(r.Data))
	}
	return data
}

func shardID(n int) *string { return aws.String(fmt.Sprintf("shardId-%012d", n)) }

func shardIDs(shards []types.Shard) []string {
	var ids []string
	for _, s := range shards {
		ids = append(ids, aws.ToString(s.ShardId))
	}
	return ids
}

func childIDs(children []types.ChildShard) []string {
	var ids []string
	for _, c := range children {
		ids = append(ids, aws.ToString(c.ShardId))
	}
	return ids
}

// ids are the IDs of the shards of the given numbers.
func ids(numbers ...int) []string {
	var all []string
	for _, n := range numbers {
		all = append(all, *shardID(n))
	}
	return all
}

// ranges returns the ranges of the open shards, as "start-end".
func ranges(shards []types.Shard) []string {
	var all []string
	for _, s := range shards {
		if s.SequenceNumberRange.EndingSequenceNumber == nil {
			all = append(all, *s.HashKeyRange.StartingHashKey+"-"+*s.HashKeyRange.EndingHashKey)
		}
	}
	return all
}

// covered claims that the open shards divide up the hash keys without a gap.
func covered(p *probe, shards []types.Shard) {
	next := new(big.Int)
	open := slices.DeleteFunc(slices.Clone(shards), func(s types.Shard) bool {
		return s.SequenceNumberRange.EndingSequenceNumber != nil
	})
	slices.SortFunc(open, func(a, b types.Shard) int {
		return number(p, a.HashKeyRange.StartingHashKey).Cmp(number(p, b.HashKeyRange.StartingHashKey))
	})
	for _, s := range open {
		if start := number(p, s.HashKeyRange.StartingHashKey); start.Cmp(next) != 0 {
			p.differs("%s begins at %v, want %v", *s.ShardId, start, next)
		}
		next.Add(number(p, s.HashKeyRange.EndingHashKey), big.NewInt(1))
	}
	equal(p, "end of the last open shard", next.Sub(next, big.NewInt(1)).String(), highKey)
}

// number reads a sequence number or hash key.
func number(p *probe, text *string) *big.Int {
	n, ok := new(big.Int).SetString(aws.ToString(text), 10)
	if !ok {
		p.stop("got %q, want a number", aws.ToString(text))
	}
	return n
}

// recent claims that a time is about now.
func recent(p *probe, what string, at *time.Time) {
	if at == nil || time.Since(*at).Abs() > time.Minute {
		p.differs("%s: got %v, want about now", what, at)
	}
}
