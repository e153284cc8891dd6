package checkpoint

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"korestream/localstack/embed"
)

const testTable = "korestream"

// world is one lease table and what a listing of the stream would say. Make it
// inside a synctest bubble.
type world struct {
	t      *testing.T
	ep     *embed.Endpoint
	db     *dynamodb.Client
	shards []Shard
	stream Stream
}

func newWorld(t *testing.T, shards ...string) *world {
	t.Helper()
	ep := embed.New()
	w := &world{t: t, ep: ep, db: dynamodb.NewFromConfig(ep.Config(), func(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} })}
	for _, id := range shards {
		w.shards = append(w.shards, Shard{ID: id, StartingHashKey: "0", EndingHashKey: "9"})
	}
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// worker is a running store, reached through a gate that can be shut.
type worker struct {
	*Store
	w      *world
	gate   *gate
	cancel context.CancelFunc
	done   chan error
}

// gate is a client whose calls hang while it is shut: a process that cannot
// reach DynamoDB. Writes that are held back reach it when the gate opens, even
// if who made them has given up.
type gate struct {
	DynamoDB
	mu   sync.Mutex
	shut chan struct{} // nil while open
	// blind makes scans fail, whether the gate is shut or not.
	blind bool
	// mute makes the answers of updates get lost.
	mute bool
	// late makes held writes arrive although their caller has gone.
	late bool
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = make(chan struct{})
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.shut)
	g.shut = nil
}

func (g *gate) setBlind(blind bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.blind = blind
}

func (g *gate) setMute(mute bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.mute = mute
}

func (g *gate) pass(ctx context.Context) error {
	g.mu.Lock()
	shut := g.shut
	g.mu.Unlock()
	if shut == nil {
		return nil
	}
	select {
	case <-shut:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *gate) Scan(ctx context.Context, in *dynamodb.ScanInput, o ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	if err := g.pass(ctx); err != nil {
		return nil, err
	}
	g.mu.Lock()
	blind := g.blind
	g.mu.Unlock()
	if blind {
		return nil, errors.New("the test wants no scan")
	}
	return g.DynamoDB.Scan(ctx, in, o...)
}

func (g *gate) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	if err := g.pass(ctx); err != nil {
		if g.late {
			go func() {
				if g.pass(context.Background()) == nil {
					_, _ = g.DynamoDB.UpdateItem(context.Background(), in, o...) // nobody waits for the answer
				}
			}()
		}
		return nil, err
	}
	out, err := g.DynamoDB.UpdateItem(ctx, in, o...)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.mute {
		return nil, errors.New("the answer is lost")
	}
	return out, err
}

func (g *gate) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	if err := g.pass(ctx); err != nil {
		return nil, err
	}
	return g.DynamoDB.PutItem(ctx, in, o...)
}

func (g *gate) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, o ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	if err := g.pass(ctx); err != nil {
		return nil, err
	}
	return g.DynamoDB.DeleteItem(ctx, in, o...)
}

// store makes a store that does not run yet.
func (w *world) store(name string, tune ...func(*Config)) (*Store, *gate) {
	w.t.Helper()
	cfg := DefaultConfig()
	cfg.Table, cfg.Worker = testTable, name
	for _, f := range tune {
		f(&cfg)
	}
	w.must(cfg.Validate())
	g := &gate{DynamoDB: w.db}
	return New(g, cfg, WithLogger(zaptest.NewLogger(w.t, zaptest.Level(zap.DPanicLevel)))), g
}

// start starts a worker and waits until it can acquire.
func (w *world) start(name string, tune ...func(*Config)) *worker {
	w.t.Helper()
	s, g := w.store(name, tune...)
	w.must(s.Init(w.t.Context()))
	s.SetStream(w.stream)
	w.must(s.Bootstrap(w.t.Context(), Position{SequenceNumber: TrimHorizon}, w.shards))
	s.SetShards(w.shards)
	ctx, cancel := context.WithCancel(context.Background())
	k := &worker{Store: s, w: w, gate: g, cancel: cancel, done: make(chan error, 1)}
	go func() { k.done <- s.Run(ctx) }()
	time.Sleep(s.cfg.scanEvery(0) * 2)
	synctest.Wait()
	return k
}

func (k *worker) stop() {
	k.cancel()
	k.w.must(<-k.done)
}

// take acquires a lease, trying for two failover times.
func (k *worker) take(shard string) *Lease {
	k.w.t.Helper()
	var err error
	for range 200 {
		var l *Lease
		if l, err = k.Acquire(k.w.t.Context(), shard); err == nil {
			return l
		}
		time.Sleep(k.cfg.Failover / 100)
	}
	k.w.t.Fatalf("%s never got %s: %v", k.cfg.Worker, shard, err)
	return nil
}

// takeByEither acquires a lease with whichever worker should have it.
func (w *world) takeByEither(shard string, workers ...*worker) *Lease {
	w.t.Helper()
	var err error
	for range 200 {
		for _, k := range workers {
			var l *Lease
			if l, err = k.Acquire(w.t.Context(), shard); err == nil {
				return l
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	w.t.Fatalf("nobody got %s: %v", shard, err)
	return nil
}

// row reads a lease's row past every store.
func (w *world) row(shard string) LeaseRow {
	w.t.Helper()
	r := rows{db: w.db, table: testTable, timeout: time.Minute}
	it, err := r.get(w.t.Context(), shard)
	w.must(err)
	l, err := leaseOf(it)
	w.must(err)
	return l
}

// edit changes a row as an operator would.
func (w *world) edit(key, update string, values item) {
	w.t.Helper()
	_, err := w.db.UpdateItem(w.t.Context(), &dynamodb.UpdateItemInput{
		TableName: aws.String(testTable), Key: item{attrKey: str(key)}, UpdateExpression: &update, ExpressionAttributeValues: values,
	})
	w.must(err)
}

// reasonOf returns why a lease was not acquired.
func reasonOf(err error) string {
	var no *NotAcquiredError
	if !errors.As(err, &no) {
		return "?"
	}
	return no.Reason
}
