package app

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"korestream/checkpoint"
	"korestream/event/fleet"
)

// maxPutRecords is what one PutRecords call takes at most, see
// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
const maxPutRecords = 500

// producer puts a fleet's records on a stream and notes what it put.
type producer struct {
	kc     *kinesis.Client
	stream string
	fleet  *fleet.Fleet
	count  int     // 0: without end
	rate   float64 // records a second; 0: as fast as they are taken

	mu     sync.Mutex // guards all below
	put    ledger
	closed bool // count was reached
}

// ledger is what was put.
type ledger struct {
	// kinds counts records by what a correct consumer makes of them.
	kinds map[fleet.Kind]int64
	// last is each shard's last sequence number.
	last map[string]string
}

func (l ledger) total() int64 {
	return l.kinds[fleet.Fresh] + l.kinds[fleet.Duplicate] + l.kinds[fleet.Broken]
}

func newProducer(kc *kinesis.Client, stream string, f *fleet.Fleet, count int, rate float64) *producer {
	return &producer{
		kc: kc, stream: stream, fleet: f, count: count, rate: rate,
		put: ledger{kinds: make(map[fleet.Kind]int64), last: make(map[string]string)},
	}
}

// run puts records until the count is reached or ctx ends, which is no error.
func (p *producer) run(ctx context.Context) error {
	const tick = 100 * time.Millisecond
	pace := time.NewTicker(tick)
	defer pace.Stop()
	owed := 0.0
	for done := 0; p.count == 0 || done < p.count; {
		n := maxPutRecords
		if p.rate > 0 {
			owed += p.rate * tick.Seconds()
			n = min(n, int(owed))
			owed -= float64(n)
		}
		if p.count > 0 {
			n = min(n, p.count-done)
		}
		if err := p.putBatch(ctx, n); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		done += n
		if p.rate == 0 {
			continue
		}
		select {
		case <-pace.C:
		case <-ctx.Done():
			return nil
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	return nil
}

// putBatch puts n records. Those that are refused are put again before anything
// else, so that a SIM's records keep their order.
func (p *producer) putBatch(ctx context.Context, n int) error {
	records := make([]fleet.Record, n)
	for i := range records {
		records[i] = p.fleet.Next()
	}
	for len(records) > 0 {
		in := &kinesis.PutRecordsInput{StreamName: &p.stream}
		for _, r := range records {
			in.Records = append(in.Records, types.PutRecordsRequestEntry{Data: r.Data, PartitionKey: aws.String(r.PartitionKey)})
		}
		out, err := p.kc.PutRecords(ctx, in)
		if err != nil {
			return fmt.Errorf("put records: %w", err)
		}
		records = p.note(records, out.Records)
	}
	return nil
}

// note books what was put and returns what was not.
func (p *producer) note(records []fleet.Record, results []types.PutRecordsResultEntry) (refused []fleet.Record) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, res := range results {
		if res.ErrorCode != nil {
			refused = append(refused, records[i])
			continue
		}
		p.put.kinds[records[i].Kind]++
		shard, seq := aws.ToString(res.ShardId), aws.ToString(res.SequenceNumber)
		if checkpoint.CompareSequenceNumbers(seq, p.put.last[shard]) > 0 {
			p.put.last[shard] = seq
		}
	}
	return refused
}

// books returns what was put so far, and whether that is all.
func (p *producer) books() (ledger, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := ledger{kinds: make(map[fleet.Kind]int64), last: make(map[string]string)}
	for k, n := range p.put.kinds {
		out.kinds[k] = n
	}
	for s, n := range p.put.last {
		out.last[s] = n
	}
	return out, p.closed
}
