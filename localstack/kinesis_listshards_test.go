package localstack_test

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

var listShardsCases = []conformanceCase{
	{"ListShards/lists closed shards as well as open ones", func(p *probe) {
		name := p.stream(2)
		p.split(name, 0, "42535295865117307932921825928971026432")
		equal(p, "shards", shardIDs(p.shards(name)), ids(0, 1, 2, 3))
	}},
	{"ListShards/pages by NextToken", func(p *probe) {
		name := p.stream(5)
		out := call(p, p.kinesis.ListShards, &kinesis.ListShardsInput{StreamName: &name, MaxResults: aws.Int32(2)})
		pages := [][]string{shardIDs(out.Shards)}
		for out.NextToken != nil {
			out = call(p, p.kinesis.ListShards, &kinesis.ListShardsInput{NextToken: out.NextToken, MaxResults: aws.Int32(2)})
			pages = append(pages, shardIDs(out.Shards))
		}
		equal(p, "pages", pages, [][]string{ids(0, 1), ids(2, 3), ids(4)})
	}},
	{"ListShards/a next token keeps the filter", func(p *probe) {
		name := p.stream(2)
		p.split(name, 0, "42535295865117307932921825928971026432")
		out := call(p, p.kinesis.ListShards, &kinesis.ListShardsInput{
			StreamName: &name, MaxResults: aws.Int32(1),
			ShardFilter: &types.ShardFilter{Type: types.ShardFilterTypeAtLatest},
		})
		equal(p, "first page", shardIDs(out.Shards), ids(1))
		rest := call(p, p.kinesis.ListShards, &kinesis.ListShardsInput{NextToken: out.NextToken})
		equal(p, "the rest", shardIDs(rest.Shards), ids(2, 3))
	}},
	{"ListShards/refuses a next token together with a stream", func(p *probe) {
		name := p.stream(2)
		out := call(p, p.kinesis.ListShards, &kinesis.ListShardsInput{StreamName: &name, MaxResults: aws.Int32(1)})
		refused(p, p.kinesis.ListShards, &kinesis.ListShardsInput{StreamName: &name, NextToken: out.NextToken}, invalidArgument)
	}},
	{"ListShards/refuses a next token of its client's own", func(p *probe) {
		refused(p, p.kinesis.ListShards, &kinesis.ListShardsInput{NextToken: aws.String("bm90aGluZw==")}, invalidArgument)
	}},
	{"ListShards/begins after ExclusiveStartShardId", func(p *probe) {
		name := p.stream(3)
		out := call(p, p.kinesis.ListShards, &kinesis.ListShardsInput{StreamName: &name, ExclusiveStartShardId: shardID(0)})
		equal(p, "shards", shardIDs(out.Shards), ids(1, 2))
	}},
	{"ListShards/refuses an unknown stream", func(p *probe) {
		refused(p, p.kinesis.ListShards, &kinesis.ListShardsInput{StreamName: &p.name}, resourceNotFound)
	}},
	{"ListShards/refuses a request without a stream", func(p *probe) {
		refused(p, p.kinesis.ListShards, &kinesis.ListShardsInput{}, invalidArgument)
	}},
	{"ListShards/AT_LATEST keeps the open shards", func(p *probe) {
		name := p.resharded()
		equal(p, "shards", p.filtered(name, types.ShardFilter{Type: types.ShardFilterTypeAtLatest}), ids(1, 2, 3))
	}},
	{"ListShards/AT_TRIM_HORIZON keeps the oldest shards", func(p *probe) {
		name := p.resharded()
		equal(p, "shards", p.filtered(name, types.ShardFilter{Type: types.ShardFilterTypeAtTrimHorizon}), ids(0, 1))
	}},
	{"ListShards/FROM_TRIM_HORIZON keeps all shards", func(p *probe) {
		name := p.resharded()
		equal(p, "shards", p.filtered(name, types.ShardFilter{Type: types.ShardFilterTypeFromTrimHorizon}), ids(0, 1, 2, 3))
	}},
	{"ListShards/AFTER_SHARD_ID keeps what follows", func(p *probe) {
		name := p.resharded()
		equal(p, "shards", p.filtered(name, types.ShardFilter{
			Type: types.ShardFilterTypeAfterShardId, ShardId: shardID(1),
		}), ids(2, 3))
	}},
	{"ListShards/AT_TIMESTAMP keeps what was open then", func(p *probe) {
		name := p.stream(2)
		time.Sleep(tick) // so that the time lies between creation and split
		before := time.Now()
		time.Sleep(tick)
		p.split(name, 0, "42535295865117307932921825928971026432")
		equal(p, "shards", p.filtered(name, types.ShardFilter{
			Type: types.ShardFilterTypeAtTimestamp, Timestamp: &before,
		}), ids(0, 1))
	}},
	{"ListShards/FROM_TIMESTAMP keeps what was open since", func(p *probe) {
		name := p.resharded()
		time.Sleep(tick) // so that the time lies after the split
		after := time.Now()
		equal(p, "shards", p.filtered(name, types.ShardFilter{
			Type: types.ShardFilterTypeFromTimestamp, Timestamp: &after,
		}), ids(1, 2, 3))
	}},
	{"ListShards/AFTER_SHARD_ID needs a shard", func(p *probe) {
		name := p.stream(1)
		refused(p, p.kinesis.ListShards, &kinesis.ListShardsInput{
			StreamName: &name, ShardFilter: &types.ShardFilter{Type: types.ShardFilterTypeAfterShardId},
		}, invalidArgument)
	}},
	{"ListShards/AT_TIMESTAMP needs a time", func(p *probe) {
		name := p.stream(1)
		refused(p, p.kinesis.ListShards, &kinesis.ListShardsInput{
			StreamName: &name, ShardFilter: &types.ShardFilter{Type: types.ShardFilterTypeAtTimestamp},
		}, invalidArgument)
	}},
	{"ListShards/refuses an unknown filter", func(p *probe) {
		name := p.stream(1)
		refused(p, p.kinesis.ListShards, &kinesis.ListShardsInput{
			StreamName: &name, ShardFilter: &types.ShardFilter{Type: "AT_NOON"},
		}, outOfBounds...)
	}},
}

// tick is enough for an engine that keeps the times of shards in seconds.
const tick = 1100 * time.Millisecond

// resharded is a stream of two shards, the first of which was split into the
// third and the fourth.
func (p *probe) resharded() string {
	name := p.stream(2)
	p.split(name, 0, "42535295865117307932921825928971026432")
	return name
}

func (p *probe) filtered(stream string, f types.ShardFilter) []string {
	return shardIDs(call(p, p.kinesis.ListShards, &kinesis.ListShardsInput{StreamName: &stream, ShardFilter: &f}).Shards)
}
