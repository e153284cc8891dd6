package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	ktypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"korestream/checkpoint"
	"korestream/localstack/embed"
)

// site is an endpoint that this test process serves over HTTP, so that it can be
// disturbed, and what a test does with it.
type site struct {
	t    *testing.T
	ep   *embed.Endpoint
	addr string
	kc   *kinesis.Client
	db   *dynamodb.Client

	mu     sync.Mutex // guards server
	server *http.Server
}

func newSite(t *testing.T, shards int32) *site {
	t.Helper()
	s := &site{t: t, ep: embed.New(), addr: freeAddress(t)}
	s.open()
	t.Cleanup(s.close)
	s.kc = testKinesis(s.url())
	s.db = testDynamoDB(s.url())
	createStream(t, s.kc, shards)
	return s
}

func (s *site) url() string { return "http://" + s.addr }

// open listens, on the same port as before.
func (s *site) open() {
	s.t.Helper()
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	server := &http.Server{Handler: s.ep, ReadHeaderTimeout: time.Minute}
	s.server = server
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.t.Errorf("serve: %v", err)
		}
	}()
}

// close ends all connections and refuses new ones. The data stay.
func (s *site) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.server.Close() // its connections are to be broken
}

// node starts a process of the application with an archive of its own.
func (s *site) node(name, more string) (p *proc, archive string) {
	s.t.Helper()
	cfg, archive := writeConfig(s.t, "stream: "+testStream+"\nworker: "+name+"\n"+more)
	return start(s.t, []string{"AWS_ENDPOINT_URL=" + s.url()}, "run", "--config", cfg), archive
}

// leases reads the lease table past every process.
func (s *site) leases() []checkpoint.LeaseRow {
	s.t.Helper()
	cfg := checkpoint.DefaultConfig()
	cfg.Table, cfg.Worker = "korestream", "test"
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		snap, err := checkpoint.New(s.db, cfg).Load(ctx)
		var missing *types.ResourceNotFoundException
		switch {
		case err == nil:
			return snap.Leases
		case errors.As(err, &missing):
			return nil
		case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil: // a worker's bound of a call, which we are not
		default:
			s.t.Fatal(err)
		}
	}
}

// owned counts the leases of each worker.
func (s *site) owned() map[string]int {
	n := make(map[string]int)
	for _, l := range s.leases() {
		if l.Owner != "" && !l.Finished() {
			n[l.Owner]++
		}
	}
	return n
}

// ownedBy tells whether workers of these names own all of a number of shards.
func (s *site) ownedBy(shards int, workers ...string) bool {
	n, sum := s.owned(), 0
	for _, w := range workers {
		if n[w] == 0 {
			return false
		}
		sum += n[w]
	}
	return sum == shards
}

// place is where an event was put.
type place struct{ shard, sequenceNumber string }

// producer puts events at a steady rate until it is stopped.
type producer struct {
	s    *site
	quit chan struct{}
	done chan struct{}

	// spread puts events by keys of their own rather than by their SIM, so that
	// a repeat goes to another shard.
	spread bool

	mu     sync.Mutex // guards places
	places map[string]place
}

func (s *site) produce(perSecond int) *producer {
	p := &producer{s: s, quit: make(chan struct{}), done: make(chan struct{}), places: make(map[string]place)}
	go p.run(perSecond)
	return p
}

func (p *producer) run(perSecond int) {
	defer close(p.done)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; {
		select {
		case <-tick.C:
		case <-p.quit:
			return
		}
		var ids []string
		for range perSecond / 10 {
			ids = append(ids, eventID(n))
			n++
		}
		p.put(ids)
	}
}

// put puts events until all are on the stream, those of one SIM in order.
func (p *producer) put(ids []string) {
	for len(ids) > 0 {
		var entries []ktypes.PutRecordsRequestEntry
		for _, id := range ids {
			sim, _, _ := strings.Cut(id, "/")
			data := fmt.Sprintf(`{"specversion":"1.0","id":%q,"type":"com.kore.iot.supersim.connection.data-session.updated","source":"kore-events","data":{"sim_sid":%q}}`, id, sim)
			entries = append(entries, ktypes.PutRecordsRequestEntry{Data: []byte(data), PartitionKey: aws.String(p.key(sim, len(entries)))})
		}
		out, err := p.s.kc.PutRecords(context.Background(), &kinesis.PutRecordsInput{StreamName: aws.String(testStream), Records: entries},
			func(o *kinesis.Options) { o.Retryer = aws.NopRetryer{} }) // a lost answer would put them twice
		if err != nil {
			time.Sleep(100 * time.Millisecond)
			continue
		}
		p.mu.Lock()
		var refused []string
		for i, r := range out.Records {
			if r.ErrorCode != nil {
				refused = append(refused, ids[i])
			} else {
				p.places[ids[i]] = place{*r.ShardId, *r.SequenceNumber}
			}
		}
		p.mu.Unlock()
		ids = refused
	}
}

func (p *producer) key(sim string, n int) string {
	if p.spread {
		return fmt.Sprint(sim, "-", n)
	}
	return sim
}

// stop ends the load and returns how many events were put.
func (p *producer) stop() int {
	close(p.quit)
	<-p.done
	return len(p.places)
}

// more waits until so many more events were put, however long the machine takes.
func (p *producer) more(n int) {
	p.s.t.Helper()
	count := func() int {
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.places)
	}
	until := count() + n
	eventually(p.s.t, fmt.Sprintf("%d more events", n), func() bool { return count() >= until })
}

func (p *producer) place(id string) place {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.places[id]
}

func eventID(n int) string { return fmt.Sprintf("HS%02d/%06d", n%sims, n) }

// timesSeen says which of the events 0 to n-1 were never seen, and which more than
// once.
func timesSeen(n int, seen map[string]int) (missing, repeated []string) {
	for i := range n {
		switch id := eventID(i); seen[id] {
		case 0:
			missing = append(missing, id)
		case 1:
		default:
			repeated = append(repeated, id)
		}
	}
	return missing, repeated
}

// reckon compares the archives with the events 0 to n-1: which of them are
// missing, and which are there more than once.
func reckon(t *testing.T, n int, archives ...string) (missing, repeated []string) {
	t.Helper()
	seen := make(map[string]int)
	for _, path := range archives {
		for _, id := range archived(t, path) {
			seen[id]++
		}
	}
	return timesSeen(n, seen)
}

// handledAll waits until every event is in an archive.
func handledAll(t *testing.T, n int, archives ...string) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d events", n), func() bool {
		ids := make(map[string]bool)
		for _, path := range archives {
			for _, id := range archived(t, path) {
				ids[id] = true
			}
		}
		return len(ids) >= n
	})
}

// lineLogged tells whether a process has logged a message.
func lineLogged(p *proc, message string) bool {
	return slices.ContainsFunc(p.lines(), func(l string) bool { return strings.Contains(l, message) })
}
