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
	// triedAt is when Kinesis was last asked for them.
	triedAt time.Time
	// doubted says that the stream may not be the one that it was.
	doubted      bool
	identifiedAt time.Time
	retention    time.Duration
}

// identifyEvery is how often the stream is looked at without being doubted: an
// account may describe streams 20 times a second, see
// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStreamSummary.html
//
// A stream that is doubted by each of its shards is looked at every doubtEvery.
const (
	identifyEvery = time.Minute
	doubtEvery    = 2 * time.Second
)

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

// doubt says that the stream answers as if it were another one. It is looked at
// soon.
func (l *listing) doubt() {
	l.mu.Lock()
	l.doubted = true
	l.mu.Unlock()
	l.refreshSoon()
}

// identify describes the stream.
func (l *listing) identify(ctx context.Context) (checkpoint.Stream, error) {
	call, cancel := context.WithTimeout(ctx, l.cfg.CallTimeout)
	defer cancel()
	in := &kinesis.DescribeStreamSummaryInput{}
	in.StreamName, in.StreamARN = l.target.split()
	out, err := l.kc.DescribeStreamSummary(call, in, once)
	if err != nil {
		return checkpoint.Stream{}, err
	}
	d := out.StreamDescriptionSummary
	l.mu.Lock()
	defer l.mu.Unlock()
	l.doubted, l.identifiedAt = false, time.Now()
	l.retention = time.Duration(aws.ToInt32(d.RetentionPeriodHours)) * time.Hour
	return checkpoint.Stream{Name: l.target.name, CreatedAt: aws.ToTime(d.StreamCreationTimestamp)}, nil
}

// look tells the leases which stream this is, where that is due, and which
// shards it has.
func (l *listing) look(ctx context.Context, leases *checkpoint.Store) error {
	l.mu.Lock()
	l.triedAt = time.Now()
	age := time.Since(l.identifiedAt)
	due := age >= identifyEvery || l.doubted && age >= doubtEvery
	l.mu.Unlock()
	if due { // before its shards: those of another stream have the same IDs
		stream, err := l.identify(ctx)
		if err != nil {
			return err
		}
		leases.SetStream(stream)
	}
	if _, err := l.refresh(ctx); err != nil {
		if troubleOf(err) == troubleStreamMissing {
			l.doubt()
		}
		return err
	}
	shards, _ := l.snapshot()
	leases.SetShards(shards)
	return nil
}

// keep refreshes the listing until ctx ends.
func (l *listing) keep(ctx context.Context, leases *checkpoint.Store) {
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
		if err := l.look(ctx, leases); err != nil {
			if p.failed(ctx, err) != nil {
				return
			}
			l.refreshSoon()
			continue
		}
		p.succeeded()
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

// keeps returns for how long the stream keeps records, 0 if that is not known.
func (l *listing) keeps() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.retention
}

// tried returns when Kinesis was last asked.
func (l *listing) tried() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.triedAt.IsZero() {
		return l.at // by prepare
	}
	return l.triedAt
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
