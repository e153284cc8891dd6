package consumer

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"go.uber.org/zap"

	"korestream/checkpoint"
)

// batch is one answer of GetRecords.
type batch struct {
	records []types.Record
	bytes   int64
	// ended is set on the last batch of a closed shard; children are then the
	// ids of the shards that follow it.
	ended    bool
	children []string
}

// source reads one shard by polling: prefetching within a budget, endlessly
// patient, renewing its iterator from the last record it delivered.
type source struct {
	kc     KinesisAPI
	cfg    Config
	target target
	shard  string
	log    *zap.Logger
	budget *budget
	// doubt is told when Kinesis answers as if the stream were another one.
	doubt func()

	iterator string
	// next is where an iterator must begin that takes up what was delivered.
	next types.StartingPosition
	// resume is the position that next stands at; records up to it are skipped,
	// since a checkpoint may lie inside an aggregated record.
	resume checkpoint.Position

	mu sync.Mutex // guards what follows
	// All of it is for the shard's status.
	state     State
	problem   string
	behind    time.Duration
	fetchedAt time.Time
	triedAt   time.Time
}

func newSource(kc KinesisAPI, cfg Config, shard string, start checkpoint.Position, b *budget, log *zap.Logger) *source {
	return &source{
		kc: kc, cfg: cfg, target: target{cfg.Stream, cfg.StreamARN}, shard: shard, log: log, budget: b,
		doubt: func() {}, next: startingPosition(start), resume: start, state: StateReading, behind: -1, triedAt: time.Now(),
	}
}

// startingPosition says where to read from so that nothing after p is missed.
// For a sequence number it is AT, not AFTER: the rest of an aggregated record
// may still be due. Who reads skips what is done.
func startingPosition(p checkpoint.Position) types.StartingPosition {
	switch p.SequenceNumber {
	case "", checkpoint.TrimHorizon:
		return types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon}
	case checkpoint.Latest:
		return types.StartingPosition{Type: types.ShardIteratorTypeLatest}
	case checkpoint.AtTimestamp:
		return types.StartingPosition{Type: types.ShardIteratorTypeAtTimestamp, Timestamp: aws.Time(p.Timestamp)}
	}
	return types.StartingPosition{Type: types.ShardIteratorTypeAtSequenceNumber, SequenceNumber: aws.String(p.SequenceNumber)}
}

// run sends the shard's records to out, in order, until the shard's end, which
// is nil, or until ctx ends, which is its cause. It never gives up by itself.
func (s *source) run(ctx context.Context, out chan<- batch) error {
	p := newPatience(s.log, "GetRecords")
	// Shards of one process that start together must not poll together.
	if err := wait(ctx, time.Duration(rand.Int64N(int64(s.cfg.PollInterval)/4+1))); err != nil {
		return err
	}
	for {
		if err := s.budget.admit(ctx, func() { s.note(StateFull, "") }); err != nil {
			return err
		}
		called := time.Now()
		s.tried(called)
		b, err := s.fetch(ctx)
		if err != nil {
			if err := s.recover(ctx, p, err); err != nil {
				return err
			}
			continue
		}
		p.succeeded()
		if len(b.records) > 0 || b.ended {
			s.budget.take(b.bytes)
			select {
			case out <- b:
			case <-ctx.Done():
				s.budget.give(b.bytes)
				return context.Cause(ctx)
			}
		}
		if b.ended {
			s.note(StateEnded, "")
			return nil
		}
		if err := wait(ctx, s.cfg.PollInterval-time.Since(called)); err != nil {
			return err
		}
	}
}

// fetch makes one GetRecords call, and one GetShardIterator call before it
// where there is no iterator.
func (s *source) fetch(ctx context.Context) (batch, error) {
	if s.iterator == "" {
		if err := s.renew(ctx); err != nil {
			return batch{}, err
		}
	}
	call, cancel := context.WithTimeout(ctx, s.cfg.CallTimeout)
	defer cancel()
	in := &kinesis.GetRecordsInput{ShardIterator: aws.String(s.iterator), Limit: aws.Int32(int32(s.cfg.PageRecords))}
	if s.target.arn != "" {
		in.StreamARN = aws.String(s.target.arn)
	}
	out, err := s.kc.GetRecords(call, in, once)
	if err != nil {
		return batch{}, err
	}
	b := batch{records: out.Records, ended: out.NextShardIterator == nil}
	for _, c := range out.ChildShards {
		b.children = append(b.children, aws.ToString(c.ShardId))
	}
	for _, r := range out.Records {
		b.bytes += int64(len(r.Data))
	}
	s.iterator = aws.ToString(out.NextShardIterator)
	if n := len(out.Records); n > 0 {
		s.next = types.StartingPosition{Type: types.ShardIteratorTypeAfterSequenceNumber, SequenceNumber: out.Records[n-1].SequenceNumber}
	}
	s.fetched(time.Duration(aws.ToInt64(out.MillisBehindLatest)) * time.Millisecond)
	return b, nil
}

func (s *source) renew(ctx context.Context) error {
	call, cancel := context.WithTimeout(ctx, s.cfg.CallTimeout)
	defer cancel()
	in := &kinesis.GetShardIteratorInput{
		ShardId: aws.String(s.shard), ShardIteratorType: s.next.Type,
		StartingSequenceNumber: s.next.SequenceNumber, Timestamp: s.next.Timestamp,
	}
	in.StreamName, in.StreamARN = s.target.split()
	out, err := s.kc.GetShardIterator(call, in, once)
	if err != nil {
		return err
	}
	s.iterator = aws.ToString(out.ShardIterator)
	return nil
}

// recover decides what follows a failed call, and waits. It returns an error
// only when ctx ends.
func (s *source) recover(ctx context.Context, p *patience, err error) error {
	switch t := troubleOf(err); t {
	case troubleExpiredIterator:
		s.iterator = ""
	case troubleThrottled:
		s.note(StateThrottled, err.Error())
	default:
		if t == troubleStreamMissing || t == troubleArgument {
			s.doubt()
		}
		// Whatever else it is, the iterator may be part of it; a new one costs
		// little.
		s.iterator = ""
		if !errors.Is(context.Cause(ctx), err) {
			s.note(StateFailing, err.Error())
		}
	}
	return p.failed(ctx, err)
}

func (s *source) note(state State, problem string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state, s.problem = state, problem
}

func (s *source) tried(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.triedAt = at
	if s.state == StateFull {
		s.state = StateReading
	}
}

func (s *source) fetched(behind time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state, s.problem, s.behind, s.fetchedAt = StateReading, "", behind, time.Now()
}
