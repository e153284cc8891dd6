package localstack_test

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

var describeCases = []conformanceCase{
	{"DescribeStream/tells what a new stream is like", func(p *probe) {
		name := p.stream(2)
		d := call(p, p.kinesis.DescribeStream, &kinesis.DescribeStreamInput{StreamName: &name}).StreamDescription
		equal(p, "name", d.StreamName, &name)
		if !strings.HasPrefix(*d.StreamARN, "arn:aws:kinesis:us-east-1:000000000000:stream/") {
			p.differs("ARN: got %s", *d.StreamARN)
		}
		equal(p, "status", d.StreamStatus, types.StreamStatusActive)
		equal(p, "shards", shardIDs(d.Shards), ids(0, 1))
		equal(p, "has more", *d.HasMoreShards, false)
		equal(p, "retention", *d.RetentionPeriodHours, 24)
		equal(p, "encryption", d.EncryptionType, types.EncryptionTypeNone)
		equal(p, "mode", d.StreamModeDetails.StreamMode, types.StreamModeProvisioned)
		recent(p, "creation", d.StreamCreationTimestamp)
	}},
	{"DescribeStream/pages by ExclusiveStartShardId", func(p *probe) {
		name := p.stream(3)
		first := call(p, p.kinesis.DescribeStream, &kinesis.DescribeStreamInput{StreamName: &name, Limit: aws.Int32(2)})
		equal(p, "first page", shardIDs(first.StreamDescription.Shards), ids(0, 1))
		equal(p, "has more", *first.StreamDescription.HasMoreShards, true)
		rest := call(p, p.kinesis.DescribeStream, &kinesis.DescribeStreamInput{
			StreamName: &name, Limit: aws.Int32(2), ExclusiveStartShardId: shardID(1),
		})
		equal(p, "second page", shardIDs(rest.StreamDescription.Shards), ids(2))
		equal(p, "has more", *rest.StreamDescription.HasMoreShards, false)
	}},
	{"DescribeStream/refuses an unknown stream", func(p *probe) {
		refused(p, p.kinesis.DescribeStream, &kinesis.DescribeStreamInput{StreamName: &p.name}, resourceNotFound)
	}},
	{"DescribeStream/refuses a limit above 10,000", func(p *probe) {
		name := p.stream(1)
		refused(p, p.kinesis.DescribeStream, &kinesis.DescribeStreamInput{StreamName: &name, Limit: aws.Int32(10_001)}, outOfBounds...)
	}},
	{"DescribeStream/refuses a request without a stream", func(p *probe) {
		refused(p, p.kinesis.DescribeStream, &kinesis.DescribeStreamInput{}, invalidArgument)
	}},
	{"DescribeStreamSummary/counts open shards and consumers", func(p *probe) {
		name := p.stream(1)
		p.split(name, 0, half)
		p.consumer(name, "reader")
		s := p.summary(name)
		equal(p, "open shards", *s.OpenShardCount, 2)
		equal(p, "consumers", aws.ToInt32(s.ConsumerCount), 1)
		equal(p, "retention", *s.RetentionPeriodHours, 24)
		equal(p, "status", s.StreamStatus, types.StreamStatusActive)
		equal(p, "mode", s.StreamModeDetails.StreamMode, types.StreamModeProvisioned)
	}},
	{"DescribeStreamSummary/refuses an unknown stream", func(p *probe) {
		refused(p, p.kinesis.DescribeStreamSummary, &kinesis.DescribeStreamSummaryInput{StreamName: &p.name}, resourceNotFound)
	}},
	{"DescribeLimits/counts the account's open shards", func(p *probe) {
		p.stream(7)
		out := call(p, p.kinesis.DescribeLimits, &kinesis.DescribeLimitsInput{})
		equal(p, "limit", *out.ShardLimit, shardLimit)
		if got := *out.OpenShardCount; got < 7 {
			p.differs("open shards: got %d, want at least those 7", got)
		}
		equal(p, "on-demand limit", aws.ToInt32(out.OnDemandStreamCountLimit) > 0, true)
	}},
}
