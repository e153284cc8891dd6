package consumer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"hash/fnv"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"korestream/checkpoint"
)

// simFailover is the failover time of simulated workers: the default.
const simFailover = 10 * time.Second

// simWorker is a whole korestream process but for its handlers, which are the
// ledger's.
type simWorker struct {
	sim    *sim
	name   string
	link   *link
	c      *Consumer
	leases *checkpoint.Store
	cancel context.CancelFunc
	done   chan struct{} // closed when Run has returned
	err    error         // of Run, once done is closed
	killed bool          // by the director

	mu       sync.Mutex // guards troubles
	troubles []interval
}

// interval is a time in which a worker cannot be held to an orderly hand-over.
type interval struct{ from, to time.Time }

// disturb notes a trouble that takes as long as given from now on. A worker
// needs a little more than a failover time to be itself again.
func (w *simWorker) disturb(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	w.troubles = append(w.troubles, interval{now, now.Add(d + simFailover + 5*time.Second)})
}

func (w *simWorker) disturbed(from, to time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range w.troubles {
		if !t.to.Before(from) && !t.from.After(to) {
			return true
		}
	}
	return false
}

// launch starts a worker.
func (s *sim) launch(name string) *simWorker {
	w := &simWorker{sim: s, name: name, link: newLink(s), done: make(chan struct{})}
	aws := s.ep.Config()
	aws.HTTPClient = w.link
	cfg := DefaultConfig()
	cfg.Stream, cfg.Worker, cfg.PollInterval, cfg.DrainTimeout = testStream, name, s.poll, 20*time.Second
	cfg.IdlePollInterval = max(cfg.IdlePollInterval, cfg.PollInterval)
	leases := checkpoint.DefaultConfig()
	leases.Table, leases.Worker, leases.Failover = "korestream", name, simFailover
	log := zap.NewNop()
	if s.verbose {
		log = zaptest.NewLogger(s.t, zaptest.Level(zap.DebugLevel))
	}
	w.leases = checkpoint.New(dynamodb.NewFromConfig(aws), leases, checkpoint.WithLogger(log))
	c, err := New(cfg, kinesis.NewFromConfig(aws), w.leases, w, w, WithLogger(log))
	s.must(err)
	w.c = c
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	go func() {
		defer close(w.done)
		w.err = c.Run(ctx)
	}()
	return w
}

// kill ends the process as kill -9 does: nothing it does counts from now on.
func (w *simWorker) kill() {
	w.killed = true
	w.disturb(365 * 24 * time.Hour)
	w.link.kill()
	w.cancel()
}

// Dispatch handles an event in a time that its ID decides.
func (w *simWorker) Dispatch(ctx context.Context, d *Delivery) (Outcome, error) {
	if !w.link.awaitThaw() {
		return 0, errLinkDead
	}
	run := w.sim.ledger.begin(ctx, w, d)
	err := wait(ctx, handlingTime(d.Event.ID))
	alive := w.link.awaitThaw()
	w.sim.ledger.end(run, d, err == nil && alive)
	if !alive {
		return 0, errLinkDead
	}
	return Handled, err
}

// Bury is never called: every event can be decoded and handled.
func (w *simWorker) Bury(_ context.Context, l *DeadLetter) error {
	w.sim.ledger.mu.Lock()
	defer w.sim.ledger.mu.Unlock()
	w.sim.ledger.violated("%s buries %s", w.name, l.SequenceNumber)
	return nil
}

// handlingTime is up to 20 ms, and for some half a second.
func handlingTime(id string) time.Duration {
	h := fnv.New32a()
	h.Write([]byte(id))
	n := h.Sum32()
	if n%50 == 0 {
		return 500 * time.Millisecond
	}
	return time.Duration(n%20) * time.Millisecond
}

// simTable makes the writes to the lease table one after another, so that each
// can be looked at before the next.
type simTable struct {
	sim *sim
	// turn holds the right to write. A mutex would not do: virtual time stands
	// still while one is waited for.
	turn chan struct{}
}

func (t *simTable) write(ctx context.Context, to aws.HTTPClient, r *http.Request, body []byte) (*http.Response, error) {
	select {
	case <-t.turn:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { t.turn <- struct{}{} }()
	r.Body = io.NopCloser(bytes.NewReader(body))
	resp, err := to.Do(r)
	if err != nil {
		return nil, err
	}
	var in struct {
		Key, Item struct {
			LeaseKey struct{ S string } `json:"leaseKey"`
		}
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, errors.Join(err, resp.Body.Close())
	}
	if key := in.Key.LeaseKey.S + in.Item.LeaseKey.S; len(key) > 8 && key[:8] == "shardId-" {
		t.look(key)
	}
	return resp, nil
}

// look reads the lease past everything that simulates trouble.
func (t *simTable) look(shard string) {
	snap, err := t.sim.reader.Lease(context.Background(), shard)
	if err != nil {
		t.sim.t.Errorf("read lease of %s: %v", shard, err)
		return
	}
	if snap.Shard != "" { // not removed
		t.sim.ledger.written(snap)
	}
}
