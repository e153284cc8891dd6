// Command bare is a loop around the SDK's GetRecords, a goroutine a shard: no leases, no
// checkpoints, no retries of its own. It is what the SDK costs.
package main

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"korestream/bench/peers"
	"korestream/bench/tally"
)

func main() { peers.Main(consume) }

func consume(ctx context.Context, t peers.Target, c *tally.Counter) error {
	client := kinesis.NewFromConfig(t.AWS(t.Kinesis))
	return peers.EachShard(ctx, t.Shards, func(ctx context.Context, shard string) error {
		it, err := client.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{
			StreamName: aws.String(t.Stream), ShardId: aws.String(shard), ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
		})
		if err != nil {
			return fmt.Errorf("begin %s: %w", shard, err)
		}
		for next := it.ShardIterator; ; {
			out, err := client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: next, Limit: aws.Int32(10_000)})
			if err != nil {
				return fmt.Errorf("read %s: %w", shard, err)
			}
			if len(out.Records) == 0 {
				return nil // the stub's shards are filled before they are read
			}
			for _, r := range out.Records {
				id, err := t.Decode.ID(r.Data)
				if err != nil {
					return err
				}
				c.Add(id)
			}
			next = out.NextShardIterator
		}
	})
}
