package localstack_test

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

var reshardCases = []conformanceCase{
	{"SplitShard/makes two children of the range", func(p *probe) {
		name := p.stream(1)
		p.split(name, 0, half)
		all := p.shards(name)
		equal(p, "shards", shardIDs(all), ids(0, 1, 2))
		equal(p, "open ranges", ranges(all), []string{
			"0-170141183460469231731687303715884105727", half + "-" + highKey,
		})
		for _, child := range all[1:] {
			equal(p, "parent", child.ParentShardId, shardID(0))
			equal(p, "adjacent parent", child.AdjacentParentShardId, nil)
		}
	}},
	{"SplitShard/closes the parent behind its last record", func(p *probe) {
		name, numbers := p.three()
		p.split(name, 0, half)
		end := p.shards(name)[0].SequenceNumberRange.EndingSequenceNumber
		if number(p, end).Cmp(number(p, numbers[2])) < 0 {
			p.differs("ending sequence number: got %s, want at least %s", *end, *numbers[2])
		}
	}},
	{"SplitShard/children number on from their parent", func(p *probe) {
		name, numbers := p.three()
		p.split(name, 0, half)
		for _, key := range []string{lowKey, highKey} {
			child := p.put(name, key, "x")
			if number(p, child.SequenceNumber).Cmp(number(p, numbers[2])) <= 0 {
				p.differs("sequence number in %s: got %s, want more than the parent's %s", *child.ShardId, *child.SequenceNumber, *numbers[2])
			}
		}
	}},
	{"SplitShard/the parent keeps its records", func(p *probe) {
		name, _ := p.three()
		p.split(name, 0, half)
		p.put(name, lowKey, "4")
		equal(p, "parent", p.read(p.horizon(name, 0)), []string{"1", "2", "3"})
		equal(p, "child", p.read(p.horizon(name, 1)), []string{"4"})
	}},
	{"SplitShard/refuses a closed shard", func(p *probe) {
		name := p.resharded()
		// The reference does not say which of the two a closed shard is.
		refused(p, p.kinesis.SplitShard, splitOf(name, 0, "1000"), invalidArgument, resourceInUse)
	}},
	{"SplitShard/refuses the first hash key of the shard", func(p *probe) {
		name := p.stream(2)
		refused(p, p.kinesis.SplitShard, splitOf(name, 1, half), invalidArgument)
	}},
	{"SplitShard/refuses a hash key of another shard", func(p *probe) {
		name := p.stream(2)
		refused(p, p.kinesis.SplitShard, splitOf(name, 0, highKey), invalidArgument)
	}},
	{"SplitShard/refuses an unknown shard", func(p *probe) {
		refused(p, p.kinesis.SplitShard, splitOf(p.stream(1), 7, half), resourceNotFound)
	}},
	{"SplitShard/refuses an unknown stream", func(p *probe) {
		refused(p, p.kinesis.SplitShard, splitOf(p.name, 0, half), resourceNotFound)
	}},
	{"MergeShards/makes one child of two ranges", func(p *probe) {
		name := p.stream(3)
		p.merge(name, 1, 2)
		all := p.shards(name)
		equal(p, "shards", shardIDs(all), ids(0, 1, 2, 3))
		equal(p, "open ranges", ranges(all), []string{
			"0-113427455640312821154458202477256070484", "113427455640312821154458202477256070485-" + highKey,
		})
		equal(p, "parent", all[3].ParentShardId, shardID(1))
		equal(p, "adjacent parent", all[3].AdjacentParentShardId, shardID(2))
	}},
	{"MergeShards/takes the shards in either order", func(p *probe) {
		name := p.stream(2)
		p.merge(name, 1, 0)
		all := p.shards(name)
		equal(p, "open ranges", ranges(all), []string{lowKey + "-" + highKey})
		equal(p, "parent", all[2].ParentShardId, shardID(1))
		equal(p, "adjacent parent", all[2].AdjacentParentShardId, shardID(0))
	}},
	{"MergeShards/refuses shards that are not neighbours", func(p *probe) {
		name := p.stream(3)
		refused(p, p.kinesis.MergeShards, mergeOf(name, 0, 2), invalidArgument)
	}},
	{"MergeShards/refuses a closed shard", func(p *probe) {
		name := p.resharded()
		refused(p, p.kinesis.MergeShards, mergeOf(name, 0, 1), invalidArgument, resourceInUse)
	}},
	{"MergeShards/refuses an unknown shard", func(p *probe) {
		refused(p, p.kinesis.MergeShards, mergeOf(p.stream(1), 0, 7), resourceNotFound)
	}},
	{"UpdateShardCount/doubles the shards", func(p *probe) {
		name := p.stream(2)
		out := p.scale(name, 4)
		equal(p, "current", *out.CurrentShardCount, 2)
		equal(p, "target", *out.TargetShardCount, 4)
		equal(p, "open shards", *p.summary(name).OpenShardCount, 4)
		covered(p, p.shards(name))
		p.put(name, lowKey, "x")
		p.put(name, highKey, "x")
	}},
	{"UpdateShardCount/halves the shards", func(p *probe) {
		name := p.stream(4)
		p.scale(name, 2)
		equal(p, "open shards", *p.summary(name).OpenShardCount, 2)
		covered(p, p.shards(name))
	}},
	{"UpdateShardCount/refuses more than double", func(p *probe) {
		name := p.stream(2)
		// The reference states the limit and not which of the two it is.
		refused(p, p.kinesis.UpdateShardCount, scaleTo(name, 5), invalidArgument, limitExceeded)
	}},
	{"UpdateShardCount/refuses less than half", func(p *probe) {
		name := p.stream(4)
		refused(p, p.kinesis.UpdateShardCount, scaleTo(name, 1), invalidArgument, limitExceeded)
	}},
	{"UpdateShardCount/refuses an unknown stream", func(p *probe) {
		refused(p, p.kinesis.UpdateShardCount, scaleTo(p.name, 2), resourceNotFound)
	}},
}

func splitOf(stream string, shard int, at string) *kinesis.SplitShardInput {
	return &kinesis.SplitShardInput{StreamName: &stream, ShardToSplit: shardID(shard), NewStartingHashKey: &at}
}

func mergeOf(stream string, shard, adjacent int) *kinesis.MergeShardsInput {
	return &kinesis.MergeShardsInput{
		StreamName: &stream, ShardToMerge: shardID(shard), AdjacentShardToMerge: shardID(adjacent),
	}
}

func scaleTo(stream string, shards int) *kinesis.UpdateShardCountInput {
	return &kinesis.UpdateShardCountInput{
		StreamName: &stream, TargetShardCount: aws.Int32(int32(shards)), ScalingType: types.ScalingTypeUniformScaling,
	}
}

// scale changes a stream's shards and waits until that is done.
func (p *probe) scale(stream string, shards int) *kinesis.UpdateShardCountOutput {
	out := call(p, p.kinesis.UpdateShardCount, scaleTo(stream, shards))
	p.active(stream)
	return out
}
