package consumer

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"go.uber.org/zap"

	"korestream/checkpoint"
)

// listing keeps the stream's shards: the KCL asks for them many times a second,
// Kinesis is asked now and then.
type listing struct {
	kc     KinesisAPI
	cfg    Config
	target target
	log    *zap.Logger
	// stale asks for a look at once; it holds one wish.
	stale chan struct{}

	mu     sync.Mutex // guards all below
	shards []types.Shard
	at     time.Time
}

func newListing(kc KinesisAPI, cfg Config, log *zap.Logger) *listing {
	return &listing{kc: kc, cfg: cfg, target: target{cfg.Stream, cfg.StreamARN}, log: log, stale: make(chan struct{}, 1)}
}

// refresh lists the shards once and returns the service's own time of the
// answer, zero if it gave none.
func (l *listing) refresh(ctx context.Context) (time.Time, error) {
	var (
		shards []types.Shard
		now    time.Time
		token  *string
	)
	for {
		in := &kinesis.ListShardsInput{NextToken: token}
		if token == nil {
			in.StreamName, in.StreamARN = l.target.split()
		}
		call, cancel := context.WithTimeout(ctx, l.cfg.CallTimeout)
		out, err := l.kc.ListShards(call, in, once)
		cancel()
		if err != nil {
			return time.Time{}, err
		}
		if now.IsZero() {
			now, _ = awsmiddleware.GetServerTime(out.ResultMetadata)
		}
		shards = append(shards, out.Shards...)
		if token = out.NextToken; token == nil {
			break
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shards, l.at = shards, time.Now()
	return now, nil
}

// keep refreshes the listing until ctx ends, telling each to seen.
func (l *listing) keep(ctx context.Context, seen func([]checkpoint.Shard)) {
	p := newPatience(l.log, "ListShards")
	for {
		// Jitter, so that a fleet started at once does not ask at once for ever.
		pause := time.NewTimer(l.cfg.ShardSync/2 + time.Duration(rand.Int64N(int64(l.cfg.ShardSync))))
		select {
		case <-pause.C:
		case <-l.stale:
			pause.Stop()
		case <-ctx.Done():
			pause.Stop()
			return
		}
		if _, err := l.refresh(ctx); err != nil {
			if p.failed(ctx, err) != nil {
				return
			}
			l.refreshSoon()
			continue
		}
		p.succeeded()
		shards, _ := l.snapshot()
		seen(shards)
	}
}

// refreshSoon asks for a look at the shards now: a shard has ended, so it has
// children.
func (l *listing) refreshSoon() {
	select {
	case l.stale <- struct{}{}:
	default:
	}
}

// snapshot returns the shards as last listed, and when that was.
func (l *listing) snapshot() ([]checkpoint.Shard, time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]checkpoint.Shard, 0, len(l.shards))
	for _, s := range l.shards {
		out = append(out, shardOf(s))
	}
	return out, l.at
}

// raw returns the shards as Kinesis described them, for the KCL.
func (l *listing) raw() []types.Shard {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.shards)
}

// keys returns the key range of a shard.
func (l *listing) keys(id string) hashRange {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.shards {
		if aws.ToString(s.ShardId) == id && s.HashKeyRange != nil {
			return newHashRange(aws.ToString(s.HashKeyRange.StartingHashKey), aws.ToString(s.HashKeyRange.EndingHashKey))
		}
	}
	return hashRange{}
}

// shardOf translates Kinesis's description. A shard is closed once its range of
// sequence numbers has an end.
func shardOf(s types.Shard) checkpoint.Shard {
	out := checkpoint.Shard{ID: aws.ToString(s.ShardId)}
	for _, p := range []*string{s.ParentShardId, s.AdjacentParentShardId} {
		if aws.ToString(p) != "" {
			out.Parents = append(out.Parents, *p)
		}
	}
	if r := s.HashKeyRange; r != nil {
		out.StartingHashKey, out.EndingHashKey = aws.ToString(r.StartingHashKey), aws.ToString(r.EndingHashKey)
	}
	if r := s.SequenceNumberRange; r != nil {
		out.Closed = r.EndingSequenceNumber != nil
	}
	return out
}
