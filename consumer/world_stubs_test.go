package consumer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"korestream/checkpoint"
	"korestream/consumer/wire"
	"korestream/event"
	"korestream/localstack/embed"
)

const testStream = "kore-events"

// world is one in-process AWS with one stream, and what a test has put there.
// Make it inside a synctest bubble.
type world struct {
	t  *testing.T
	ep *embed.Endpoint
	kc *kinesis.Client
	db *dynamodb.Client

	put []string // ids in the order put
	// quiet leaves out log lines below errors, where trouble is the point.
	quiet bool
	// log, if set, is what consumers log to instead of the test's log.
	log *zap.Logger
	// gate, if set, is that of the consumers started.
	gate Gate
	// batches, if set, is told of theirs.
	batches BatchObserver
	// calls, if set, is told of their direct calls.
	calls wire.Observer
}

func newWorld(t *testing.T, shards int) *world {
	t.Helper()
	ep := embed.New()
	w := &world{t: t, ep: ep, kc: kinesis.NewFromConfig(ep.Config()), db: dynamodb.NewFromConfig(ep.Config())}
	_, err := w.kc.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String(testStream), ShardCount: aws.Int32(int32(shards))})
	w.must(err)
	w.awaitActive()
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) awaitActive() {
	w.t.Helper()
	waiter := kinesis.NewStreamExistsWaiter(w.kc)
	w.must(waiter.Wait(w.t.Context(), &kinesis.DescribeStreamInput{StreamName: aws.String(testStream)}, time.Minute))
}

// putEvents puts n events for each SIM, in turns; ids are SIM/number.
func (w *world) putEvents(n int, sims ...string) {
	w.t.Helper()
	for range n {
		for _, sim := range sims {
			id := fmt.Sprintf("%s/%04d", sim, len(w.put))
			w.putRaw(sim, eventJSON(id, sim))
			w.put = append(w.put, id)
		}
	}
}

// addFault adds a fault to what the consumer calls: one operation, or all of
// those that read the stream and all of the lease table.
func (w *world) addFault(f embed.Fault) {
	if f.Operation != "" {
		w.ep.Faults().Add(f)
		return
	}
	for _, op := range []string{"GetRecords", "GetShardIterator", "ListShards"} {
		f.Service, f.Operation = embed.Kinesis, op
		w.ep.Faults().Add(f)
	}
	f.Service, f.Operation = embed.DynamoDB, ""
	w.ep.Faults().Add(f)
}

func (w *world) putRaw(key, data string) string {
	w.t.Helper()
	out, err := w.kc.PutRecord(w.t.Context(), &kinesis.PutRecordInput{StreamName: aws.String(testStream), PartitionKey: aws.String(key), Data: []byte(data)})
	w.must(err)
	return aws.ToString(out.SequenceNumber)
}

func eventJSON(id, sim string) string {
	return fmt.Sprintf(`{"data":{"sim_sid":%q},"id":%q,"type":"com.kore.iot.supersim.connection.data-session.updated","source":"kore-events","specversion":"1.0"}`, sim, id)
}

// shards lists the shards by DescribeStream, which no fault of a test hits.
func (w *world) shards() []types.Shard {
	w.t.Helper()
	var shards []types.Shard
	in := &kinesis.DescribeStreamInput{StreamName: aws.String(testStream)}
	for {
		out, err := w.kc.DescribeStream(w.t.Context(), in)
		w.must(err)
		shards = append(shards, out.StreamDescription.Shards...)
		if !*out.StreamDescription.HasMoreShards {
			return shards
		}
		in.ExclusiveStartShardId = shards[len(shards)-1].ShardId
	}
}

// split splits the open shard at the given place in the listing in two halves.
func (w *world) split(i int) {
	w.t.Helper()
	s := w.openShards()[i]
	r := newHashRange(*s.HashKeyRange.StartingHashKey, *s.HashKeyRange.EndingHashKey)
	mid := r.from.Add(r.from, r.to).Rsh(r.from, 1)
	_, err := w.kc.SplitShard(w.t.Context(), &kinesis.SplitShardInput{StreamName: aws.String(testStream), ShardToSplit: s.ShardId, NewStartingHashKey: aws.String(mid.String())})
	w.must(err)
	w.awaitActive()
}

// merge merges the two open shards with the lowest keys.
func (w *world) merge() {
	w.t.Helper()
	open := w.openShards()
	slices.SortFunc(open, func(a, b types.Shard) int {
		return checkpoint.CompareSequenceNumbers(*a.HashKeyRange.StartingHashKey, *b.HashKeyRange.StartingHashKey)
	})
	_, err := w.kc.MergeShards(w.t.Context(), &kinesis.MergeShardsInput{StreamName: aws.String(testStream), ShardToMerge: open[0].ShardId, AdjacentShardToMerge: open[1].ShardId})
	w.must(err)
	w.awaitActive()
}

func (w *world) openShards() []types.Shard {
	return slices.DeleteFunc(w.shards(), func(s types.Shard) bool { return s.SequenceNumberRange.EndingSequenceNumber != nil })
}

// sink is the Dispatcher and Burier of a test: it notes what it got.
type sink struct {
	mu      sync.Mutex
	events  []*Delivery
	letters []*DeadLetter
	// handle, if set, decides what becomes of an event before it is noted.
	handle func(ctx context.Context, d *Delivery) error
	// bury, if set, decides likewise of a letter.
	bury func(ctx context.Context, l *DeadLetter) error
}

func (s *sink) Dispatch(ctx context.Context, d *Delivery) (Outcome, error) {
	if s.handle != nil {
		if err := s.handle(ctx, d); err != nil {
			return 0, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	kept, e := *d, *d.Event
	e.Raw, e.Data = nil, nil // which are another event's soon
	kept.Event = &e
	s.events = append(s.events, &kept)
	return Handled, nil
}

func (s *sink) Bury(ctx context.Context, l *DeadLetter) error {
	if s.bury != nil {
		if err := s.bury(ctx, l); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.letters = append(s.letters, l)
	return nil
}

func (s *sink) ids() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make([]string, 0, len(s.events))
	for _, d := range s.events {
		ids = append(ids, d.Event.ID)
	}
	return ids
}

func (s *sink) reasons() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, l := range s.letters {
		out = append(out, l.Reason)
	}
	return out
}

// process is a running consumer with its lease store.
type process struct {
	w      *world
	c      *Consumer
	leases *checkpoint.Store
	cancel context.CancelFunc
	err    chan error
}

// start runs a consumer until stop. Tune may change its settings.
func (w *world) start(worker string, to *sink, tune ...func(*Config, *checkpoint.Config)) *process {
	w.t.Helper()
	cfg := DefaultConfig()
	cfg.Stream, cfg.Worker = testStream, worker
	leaseCfg := checkpoint.DefaultConfig()
	leaseCfg.Table, leaseCfg.Worker = "korestream", worker
	for _, f := range tune {
		f(&cfg, &leaseCfg)
	}
	level := zap.WarnLevel
	if w.quiet {
		level = zap.DPanicLevel
	}
	log := w.log
	if log == nil {
		log = zaptest.NewLogger(w.t, zaptest.Level(level))
	}
	store := checkpoint.New(w.db, leaseCfg, checkpoint.WithLogger(log))
	c, err := New(cfg, w.kc, store, to, to, WithLogger(log), WithGate(w.gate), WithBatchObserver(w.batches), WithCallObserver(w.calls))
	w.must(err)
	ctx, cancel := context.WithCancel(context.Background())
	p := &process{w: w, c: c, leases: store, cancel: cancel, err: make(chan error, 1)}
	go func() {
		err := c.Run(ctx)
		if ctx.Err() == nil && (cfg.End.IsZero() || err != nil) {
			w.t.Errorf("worker %s: Run ended by itself with %v", worker, err)
		}
		p.err <- err
	}()
	return p
}

// stop drains the process and returns what Run returned.
func (p *process) stop() error {
	p.cancel()
	return <-p.err
}

// await waits, in virtual time, until ok holds.
func (w *world) await(what string, ok func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		synctest.Wait()
		if ok() {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("waited 5 virtual minutes for: %s", what)
		}
	}
}

func (w *world) awaitEvents(s *sink) {
	w.t.Helper()
	w.await(fmt.Sprintf("%d events", len(w.put)), func() bool { return len(s.ids()) >= len(w.put) })
}

// complete fails the test unless the sinks together hold each event that was
// put exactly once, those of one SIM in order within each sink.
func (w *world) complete(sinks ...*sink) {
	w.t.Helper()
	seen := map[string]int{}
	for _, s := range sinks {
		last := map[string]string{}
		for _, id := range s.ids() {
			seen[id]++
			sim, _, _ := strings.Cut(id, "/")
			if id < last[sim] {
				w.t.Errorf("%s was handled after %s", id, last[sim])
			}
			last[sim] = id
		}
	}
	for _, id := range w.put {
		switch n := seen[id]; {
		case n == 0:
			w.t.Errorf("%s was lost", id)
		case n > 1:
			w.t.Errorf("%s was handled %d times", id, n)
		}
	}
}

// delivery decodes one event as it would reach a dispatcher.
func delivery(t *testing.T, text string) *Delivery {
	t.Helper()
	items, err := event.Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return &Delivery{Origin: Origin{PartitionKey: "k"}, Event: items[0].Event}
}

var errTest = errors.New("as the test wants it")

func record(seq string, data []byte) *wire.Record {
	return &wire.Record{SequenceNumber: seq, PartitionKey: "k", Data: data}
}

func leaseKey(shard *string) map[string]ddb.AttributeValue {
	return map[string]ddb.AttributeValue{"leaseKey": &ddb.AttributeValueMemberS{Value: *shard}}
}

func number(name, value string) map[string]ddb.AttributeValue {
	return map[string]ddb.AttributeValue{name: &ddb.AttributeValueMemberN{Value: value}}
}

// clientFunc is an HTTP client that never answers, each time as the func says.
type clientFunc func(ctx context.Context) error

func (f clientFunc) Do(r *http.Request) (*http.Response, error) { return nil, f(r.Context()) }
