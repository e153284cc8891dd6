package localstack_test

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// arnCases name the stream by its ARN alone.
var arnCases = []conformanceCase{
	{"StreamARN/describes", func(p *probe) {
		name := p.stream(1)
		arn := p.arn(name)
		equal(p, "DescribeStream", call(p, p.kinesis.DescribeStream, &kinesis.DescribeStreamInput{StreamARN: arn}).StreamDescription.StreamName, &name)
		equal(p, "DescribeStreamSummary", call(p, p.kinesis.DescribeStreamSummary, &kinesis.DescribeStreamSummaryInput{
			StreamARN: arn,
		}).StreamDescriptionSummary.StreamName, &name)
		equal(p, "ListShards", shardIDs(call(p, p.kinesis.ListShards, &kinesis.ListShardsInput{StreamARN: arn}).Shards), ids(0))
	}},
	{"StreamARN/puts and reads", func(p *probe) {
		arn := p.arn(p.stream(1))
		call(p, p.kinesis.PutRecord, &kinesis.PutRecordInput{StreamARN: arn, PartitionKey: aws.String("k"), Data: []byte("1")})
		call(p, p.kinesis.PutRecords, &kinesis.PutRecordsInput{StreamARN: arn, Records: many(1)})
		iterator := call(p, p.kinesis.GetShardIterator, &kinesis.GetShardIteratorInput{
			StreamARN: arn, ShardId: shardID(0), ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
		}).ShardIterator
		out := call(p, p.kinesis.GetRecords, &kinesis.GetRecordsInput{StreamARN: arn, ShardIterator: iterator})
		equal(p, "records", texts(out.Records), []string{"1", "0"})
	}},
	{"StreamARN/reshards", func(p *probe) {
		name := p.stream(1)
		arn := p.arn(name)
		call(p, p.kinesis.SplitShard, &kinesis.SplitShardInput{StreamARN: arn, ShardToSplit: shardID(0), NewStartingHashKey: aws.String(half)})
		p.active(name)
		call(p, p.kinesis.MergeShards, &kinesis.MergeShardsInput{
			StreamARN: arn, ShardToMerge: shardID(1), AdjacentShardToMerge: shardID(2),
		})
		p.active(name)
		call(p, p.kinesis.UpdateShardCount, &kinesis.UpdateShardCountInput{
			StreamARN: arn, TargetShardCount: aws.Int32(2), ScalingType: types.ScalingTypeUniformScaling,
		})
		p.active(name)
		equal(p, "open shards", *p.summary(name).OpenShardCount, 2)
	}},
	{"StreamARN/changes retention and tags", func(p *probe) {
		name := p.stream(1)
		arn := p.arn(name)
		call(p, p.kinesis.IncreaseStreamRetentionPeriod, &kinesis.IncreaseStreamRetentionPeriodInput{
			StreamARN: arn, RetentionPeriodHours: aws.Int32(48),
		})
		p.active(name)
		call(p, p.kinesis.DecreaseStreamRetentionPeriod, &kinesis.DecreaseStreamRetentionPeriodInput{
			StreamARN: arn, RetentionPeriodHours: aws.Int32(24),
		})
		p.active(name)
		call(p, p.kinesis.AddTagsToStream, &kinesis.AddTagsToStreamInput{StreamARN: arn, Tags: map[string]string{"a": "1", "b": "2"}})
		call(p, p.kinesis.RemoveTagsFromStream, &kinesis.RemoveTagsFromStreamInput{StreamARN: arn, TagKeys: []string{"b"}})
		tags := call(p, p.kinesis.ListTagsForStream, &kinesis.ListTagsForStreamInput{StreamARN: arn}).Tags
		equal(p, "tags", tagMap(tags), map[string]string{"a": "1"})
	}},
	{"StreamARN/deletes", func(p *probe) {
		name := p.stream(1)
		call(p, p.kinesis.DeleteStream, &kinesis.DeleteStreamInput{StreamARN: p.arn(name)})
		p.gone(name)
	}},
	{"StreamARN/of an unknown stream is not found", func(p *probe) {
		refused(p, p.kinesis.DescribeStreamSummary, &kinesis.DescribeStreamSummaryInput{
			StreamARN: aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/" + p.name),
		}, resourceNotFound)
	}},
	{"StreamARN/what is no ARN is refused", func(p *probe) {
		refused(p, p.kinesis.DescribeStreamSummary, &kinesis.DescribeStreamSummaryInput{StreamARN: aws.String("stream/" + p.name)},
			outOfBounds...)
	}},
}
