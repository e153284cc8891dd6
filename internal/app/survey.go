package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"korestream/checkpoint"
	"korestream/consumer"
	"korestream/internal/config"
)

// survey is what can be found out about an application from outside: its lease
// table, its stream, and its processes where they can be reached.
type survey struct {
	cfg     *config.Config
	clients clients
	leases  map[string]checkpoint.LeaseRow
	shards  map[string]checkpoint.Shard
	workers map[string]*surveyedWorker
}

// surveyedWorker is one process of the application.
type surveyedWorker struct {
	checkpoint.WorkerRow
	// moved says that its heartbeat was seen to move, watched for how long it
	// was waited for.
	moved   bool
	watched time.Duration
	// status is what it says of itself, nil if it cannot be asked.
	status *statusView
	askErr error
}

// askTimeout bounds the question to one process.
const askTimeout = 2 * time.Second

// newSurvey reads the lease table and the stream.
func newSurvey(ctx context.Context, cfg *config.Config) (*survey, error) {
	s, err := newTableSurvey(ctx, cfg)
	if err != nil {
		return nil, err
	}
	listed, err := consumer.ListShards(ctx, s.clients.kinesis, cfg.StreamName(), cfg.StreamARN())
	if err != nil {
		return nil, err
	}
	for _, sh := range listed {
		s.shards[sh.ID] = sh
	}
	return s, nil
}

// newTableSurvey reads the lease table alone.
func newTableSurvey(ctx context.Context, cfg *config.Config) (*survey, error) {
	c, err := loadClients(ctx, cfg.Region)
	if err != nil {
		return nil, err
	}
	return surveyTable(ctx, c, cfg)
}

// surveyTable reads the lease table with clients that are there.
func surveyTable(ctx context.Context, c clients, cfg *config.Config) (*survey, error) {
	if cfg.Worker == "" {
		cfg.Worker = "korestream leases" // it takes none
	}
	s := &survey{
		cfg: cfg, clients: c, leases: make(map[string]checkpoint.LeaseRow),
		shards: make(map[string]checkpoint.Shard), workers: make(map[string]*surveyedWorker),
	}
	snap, err := s.store().Load(ctx)
	if err != nil {
		if tableMissing(err) {
			return nil, fmt.Errorf("there is no lease table %s: has application %s ever run?", cfg.LeaseTable(), cfg.Application)
		}
		return nil, err
	}
	for _, l := range snap.Leases {
		s.leases[l.Shard] = l
	}
	for _, w := range snap.Workers {
		s.workers[w.ID] = &surveyedWorker{WorkerRow: w}
	}
	return s, nil
}

func (s *survey) store() *checkpoint.Store {
	return checkpoint.New(s.clients.dynamo, leaseConfig(s.cfg, ""), checkpoint.WithLogger(zap.NewNop()))
}

// names returns every shard that the stream or the table knows, in order.
func (s *survey) names() []string {
	all := make([]string, 0, len(s.shards))
	for id := range s.shards {
		all = append(all, id)
	}
	for id := range s.leases {
		if _, listed := s.shards[id]; !listed {
			all = append(all, id)
		}
	}
	slices.Sort(all)
	return all
}

// ask asks every process that can be reached about itself.
func (s *survey) ask(ctx context.Context) {
	var g sync.WaitGroup
	for _, w := range s.workers {
		g.Go(func() { w.status, w.askErr = askWorker(ctx, w.AdminAddress, w.ID) })
	}
	g.Wait()
}

// askWorker reads a process's /status.
func askWorker(ctx context.Context, address, id string) (*statusView, error) {
	var v statusView
	if err := askAdmin(ctx, address, "/status", &v); err != nil {
		return nil, err
	}
	if err := checkAnswered(address, id, v.Worker); err != nil {
		return nil, err
	}
	return &v, nil
}

// checkAnswered refuses the answer of another process, to which the address may
// belong since.
func checkAnswered(address, asked, answered string) error {
	if answered != asked {
		return fmt.Errorf("%s is worker %s's now", address, answered)
	}
	return nil
}

// askAdmin reads what a process's admin server answers.
func askAdmin(ctx context.Context, address, path string, into any) error {
	if address == "" {
		return fmt.Errorf("it has no admin server (admin.listen)")
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	text, err := readAdmin(ctx, address, path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("its answer: %w", err)
	}
	return nil
}

// readAdmin returns the text of an admin server's answer, which is an error if it
// is not 200.
func readAdmin(ctx context.Context, address, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Transport: &http.Transport{DialContext: (&net.Dialer{}).DialContext, DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		var failed *url.Error // whose words repeat the question
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		const enough = 300 // for the words of ours
		why, _ := io.ReadAll(io.LimitReader(resp.Body, enough))
		return nil, fmt.Errorf("it answers %s: %s", resp.Status, bytes.TrimSpace(why))
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("its answer: %w", err)
	}
	return text, nil
}

// watch looks at the table until the named workers' heartbeats have moved, or
// for one failover time: no clock tells from outside who lives.
func (s *survey) watch(ctx context.Context, ids ...string) error {
	waiting := make(map[string]checkpoint.WorkerRow)
	for _, id := range ids {
		if w := s.workers[id]; w != nil && !w.moved {
			waiting[id] = w.WorkerRow
		}
	}
	begun := time.Now()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for len(waiting) > 0 && time.Since(begun) <= s.cfg.Lease.Failover {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		snap, err := s.store().Load(ctx)
		if err != nil {
			return err
		}
		for _, w := range snap.Workers {
			if old, ok := waiting[w.ID]; ok && w.Heartbeat != old.Heartbeat {
				s.workers[w.ID].moved = true
				delete(waiting, w.ID)
			}
		}
		for id := range waiting {
			s.workers[id].watched = time.Since(begun)
		}
	}
	return nil
}

// retention asks the stream how long it keeps records; 0 if it does not say, for
// whoever looks may be allowed less than the daemon.
func (s *survey) retention(ctx context.Context) time.Duration {
	d, err := consumer.Retention(ctx, s.clients.kinesis, s.cfg.StreamName(), s.cfg.StreamARN())
	if err != nil {
		return 0
	}
	return d
}

// backlogs reads what of each shard is not checkpointed, some at a time.
func (s *survey) backlogs(ctx context.Context, shards []string) map[string]backlogResult {
	var mu sync.Mutex
	out := make(map[string]backlogResult, len(shards))
	var g errgroup.Group
	g.SetLimit(16)
	for _, id := range shards {
		l, leased := s.leases[id]
		if _, listed := s.shards[id]; !listed || !leased || l.Finished() {
			continue
		}
		g.Go(func() error {
			b, err := consumer.ReadBacklog(ctx, s.clients.kinesis, s.cfg.StreamName(), s.cfg.StreamARN(), id, l.Checkpoint)
			mu.Lock()
			defer mu.Unlock()
			out[id] = backlogResult{b, err}
			return nil
		})
	}
	_ = g.Wait() // its functions return no error
	return out
}

// backlogResult is a shard's backlog, or why it could not be read.
type backlogResult struct {
	consumer.Backlog
	err error
}
