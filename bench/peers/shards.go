package peers

import (
	"context"
	"fmt"
)

// EachShard runs a loop for every shard and waits for all of them. The first
// error ends the others; what comes of parent's end is none.
func EachShard(parent context.Context, shards int, loop func(ctx context.Context, shard string) error) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	done := make(chan error, shards) // one each
	for i := range shards {
		go func() {
			err := loop(ctx, fmt.Sprintf("shardId-%012d", i))
			if err != nil {
				cancel(err)
			}
			done <- err
		}()
	}
	stopped := func() bool { return parent.Err() != nil }
	var first error
	for range shards {
		if err := <-done; err != nil && first == nil && !stopped() {
			first = err
		}
	}
	return first
}
