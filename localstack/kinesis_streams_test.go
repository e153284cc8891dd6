package localstack_test

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

var streamCases = []conformanceCase{
	{"CreateStream/divides the hash keys evenly", func(p *probe) {
		name := p.stream(4)
		equal(p, "ranges", ranges(p.shards(name)), []string{
			"0-85070591730234615865843651857942052863",
			"85070591730234615865843651857942052864-170141183460469231731687303715884105727",
			"170141183460469231731687303715884105728-255211775190703847597530955573826158591",
			"255211775190703847597530955573826158592-340282366920938463463374607431768211455",
		})
	}},
	{"CreateStream/the last shard takes what three do not divide", func(p *probe) {
		equal(p, "ranges", ranges(p.shards(p.stream(3))), []string{
			"0-113427455640312821154458202477256070484",
			"113427455640312821154458202477256070485-226854911280625642308916404954512140969",
			"226854911280625642308916404954512140970-340282366920938463463374607431768211455",
		})
	}},
	{"CreateStream/begins with CREATING or ACTIVE", func(p *probe) {
		call(p, p.kinesis.CreateStream, &kinesis.CreateStreamInput{StreamName: &p.name, ShardCount: aws.Int32(1)})
		if got := p.summary(p.name).StreamStatus; got != types.StreamStatusCreating && got != types.StreamStatusActive {
			p.differs("status: got %s, want CREATING or ACTIVE", got)
		}
		p.active(p.name)
	}},
	{"CreateStream/refuses a name that is taken", func(p *probe) {
		name := p.stream(1)
		refused(p, p.kinesis.CreateStream, &kinesis.CreateStreamInput{StreamName: &name, ShardCount: aws.Int32(1)}, resourceInUse)
	}},
	{"CreateStream/refuses a name with a space", func(p *probe) {
		refused(p, p.kinesis.CreateStream, &kinesis.CreateStreamInput{
			StreamName: aws.String("no name"), ShardCount: aws.Int32(1),
		}, outOfBounds...)
	}},
	{"CreateStream/refuses a name of 129 characters", func(p *probe) {
		refused(p, p.kinesis.CreateStream, &kinesis.CreateStreamInput{
			StreamName: aws.String(strings.Repeat("n", 129)), ShardCount: aws.Int32(1),
		}, outOfBounds...)
	}},
	{"CreateStream/refuses zero shards", func(p *probe) {
		refused(p, p.kinesis.CreateStream, &kinesis.CreateStreamInput{StreamName: &p.name, ShardCount: aws.Int32(0)}, outOfBounds...)
	}},
	{"CreateStream/refuses more shards than the account may have", func(p *probe) {
		refused(p, p.kinesis.CreateStream, &kinesis.CreateStreamInput{
			StreamName: &p.name, ShardCount: aws.Int32(shardLimit + 1),
		}, limitExceeded)
	}},
	{"CreateStream/on demand begins with four shards", func(p *probe) {
		call(p, p.kinesis.CreateStream, &kinesis.CreateStreamInput{
			StreamName: &p.name, StreamModeDetails: &types.StreamModeDetails{StreamMode: types.StreamModeOnDemand},
		})
		p.active(p.name)
		equal(p, "shards", shardIDs(p.shards(p.name)), ids(0, 1, 2, 3))
		equal(p, "mode", p.summary(p.name).StreamModeDetails.StreamMode, types.StreamModeOnDemand)
	}},
	{"CreateStream/keeps the tags that it is given", func(p *probe) {
		call(p, p.kinesis.CreateStream, &kinesis.CreateStreamInput{
			StreamName: &p.name, ShardCount: aws.Int32(1), Tags: map[string]string{"team": "sim"},
		})
		p.active(p.name)
		equal(p, "tags", p.streamTags(p.name), map[string]string{"team": "sim"})
	}},
	{"DeleteStream/ends with ResourceNotFoundException", func(p *probe) {
		name := p.stream(1)
		call(p, p.kinesis.DeleteStream, &kinesis.DeleteStreamInput{StreamName: &name})
		p.gone(name)
	}},
	{"DeleteStream/frees the name", func(p *probe) {
		name := p.stream(1)
		p.put(name, lowKey, "old")
		call(p, p.kinesis.DeleteStream, &kinesis.DeleteStreamInput{StreamName: &name})
		p.gone(name)
		p.stream(1)
		equal(p, "records", p.read(p.horizon(name, 0)), nil)
	}},
	{"DeleteStream/refuses an unknown stream", func(p *probe) {
		refused(p, p.kinesis.DeleteStream, &kinesis.DeleteStreamInput{StreamName: &p.name}, resourceNotFound)
	}},
	{"DeleteStream/refuses while there are consumers", func(p *probe) {
		name := p.stream(1)
		p.consumer(name, "reader")
		refused(p, p.kinesis.DeleteStream, &kinesis.DeleteStreamInput{StreamName: &name}, resourceInUse)
	}},
	{"DeleteStream/deletes consumers when told to", func(p *probe) {
		name := p.stream(1)
		p.consumer(name, "reader")
		call(p, p.kinesis.DeleteStream, &kinesis.DeleteStreamInput{
			StreamName: &name, EnforceConsumerDeletion: aws.Bool(true),
		})
		p.gone(name)
	}},
	{"ListStreams/pages by NextToken in the order of names", func(p *probe) {
		names := p.fourStreams()
		first := call(p, p.kinesis.ListStreams, &kinesis.ListStreamsInput{ExclusiveStartStreamName: &names[0], Limit: aws.Int32(2)})
		equal(p, "first page", first.StreamNames, names[1:3])
		equal(p, "has more", *first.HasMoreStreams, true)
		second := call(p, p.kinesis.ListStreams, &kinesis.ListStreamsInput{NextToken: first.NextToken, Limit: aws.Int32(1)})
		equal(p, "second page", second.StreamNames, names[3:])
	}},
	{"ListStreams/pages by ExclusiveStartStreamName", func(p *probe) {
		names := p.fourStreams()
		for i, name := range names[:3] {
			out := call(p, p.kinesis.ListStreams, &kinesis.ListStreamsInput{ExclusiveStartStreamName: &name, Limit: aws.Int32(1)})
			equal(p, "after "+name, out.StreamNames, names[i+1:i+2])
		}
	}},
	{"ListStreams/summarises what it lists", func(p *probe) {
		name := p.fourStreams()[1]
		out := call(p, p.kinesis.ListStreams, &kinesis.ListStreamsInput{
			ExclusiveStartStreamName: aws.String(p.name + "-0"), Limit: aws.Int32(1),
		})
		i := slices.IndexFunc(out.StreamSummaries, func(s types.StreamSummary) bool { return *s.StreamName == name })
		if i < 0 {
			p.stop("StreamSummaries: got none of %s", name)
		}
		s := out.StreamSummaries[i]
		equal(p, "ARN", s.StreamARN, p.arn(name))
		equal(p, "status", s.StreamStatus, types.StreamStatusActive)
		equal(p, "mode", s.StreamModeDetails.StreamMode, types.StreamModeProvisioned)
		recent(p, "creation", s.StreamCreationTimestamp)
	}},
}

// gone waits until a stream is not found any more.
func (p *probe) gone(stream string) {
	p.until("a deleted stream", func() bool {
		_, err := p.kinesis.DescribeStreamSummary(p.ctx, &kinesis.DescribeStreamSummaryInput{StreamName: &stream})
		if err != nil {
			p.refusal("DescribeStreamSummary", err, resourceNotFound)
		}
		return err != nil
	})
}

// fourStreams creates four streams, not in the order of their names, and returns
// the names in order. The first ends with 0.
func (p *probe) fourStreams() []string {
	prefix := p.name
	var names []string
	for _, suffix := range []string{"-b", "-0", "-a", "-c"} {
		p.name = prefix + suffix
		names = append(names, p.stream(1))
	}
	p.name = prefix
	slices.Sort(names)
	return names
}
