package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"go.uber.org/zap"

	"korestream/checkpoint"
	"korestream/consumer"
	"korestream/handlers"
	"korestream/internal/config"
)

const (
	// replayPoll is the least time between two reads of a shard, one of its five
	// reads a second, and replayShardBytes makes an answer at most half of that. A
	// shard takes 1 MiB a second and gives its pollers 2, so whoever consumes it
	// live has what comes in left to itself.
	replayPoll       = time.Second
	replayShardBytes = 2 << 20
)

// Replay takes a time range of the stream to handlers again. It is an application
// of its own with a lease table of its own, started at the one time and ended at
// the other, so all that holds of `run` holds of it, and the live application
// has no part in it. The table is removed when all of the range is done; until
// then the replay can be resumed, and joined by other processes, by its ID.
//
// The summary goes to w. A replay that was cut short is an error.
func Replay(ctx context.Context, cfg *config.Config, o ReplayOptions, log *zap.Logger, w io.Writer) error {
	c, err := loadClients(ctx, cfg.Region)
	if err != nil {
		return startupFailed(err)
	}
	r, err := planReplay(ctx, cfg, c, o, log)
	if err != nil {
		return notBegun(ctx, err)
	}
	if err := r.open(ctx, o.Rate); err != nil {
		r.daemon.Close()
		if r.made {
			r.drop(context.WithoutCancel(ctx))
		}
		return notBegun(ctx, err)
	}
	err = r.run(ctx, o.Bar)
	r.daemon.Close() // what handlers hold back is written before the table goes
	done := r.daemon.consumer.Status().Complete
	if done && err == nil || r.plan.DryRun {
		r.drop(context.WithoutCancel(ctx))
	}
	if writeErr := json.NewEncoder(w).Encode(r.summary(done)); writeErr != nil {
		return errors.Join(err, fmt.Errorf("write summary: %w", writeErr))
	}
	if !done {
		return errors.Join(r.cutShort(), err)
	}
	return err
}

// replay is one process's part in a replay.
type replay struct {
	id     string
	plan   replayPlan
	cfg    *config.Config // the live one's, with the table of the replay
	log    *zap.Logger
	daemon *Daemon // has the handlers, and runs the consumer alone
	sieve  *sieve
	fresh  bool // it is begun by this process
	made   bool // this process may have made the table
}

// notBegun says why a replay has not begun: the process was told to stop, or the
// error.
func notBegun(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("replay cut short before it began")
	}
	return err
}

// cutShort says how to go on.
func (r *replay) cutShort() error {
	if r.plan.DryRun {
		return errors.New("dry run cut short: what it has counted is a part")
	}
	return fmt.Errorf("replay %s cut short; go on with: korestream replay --resume %[1]s", r.id)
}

// open opens handlers and consumer, and writes down what the replay is.
func (r *replay) open(ctx context.Context, perSecond float64) error {
	d := r.daemon
	var sink consumer.Burier
	var next consumer.Dispatcher
	if !r.plan.DryRun {
		var err error
		if sink, err = d.openSink(); err != nil {
			return &ExitError{ExitConfig, err}
		}
		routes, err := d.openHandlers()
		if err != nil {
			return &ExitError{ExitConfig, err}
		}
		if d.mux, err = handlers.NewMux(routes, sink, retryPolicy(r.cfg.Retry), d.muxOptions()...); err != nil {
			return &ExitError{ExitConfig, err}
		}
		next = d.mux
	}
	var err error
	if r.sieve, err = newSieve(r.plan, perSecond, next, sink); err != nil {
		return &ExitError{ExitUsage, err}
	}
	d.leases = checkpoint.New(d.clients.dynamo, d.leaseConfig(), checkpoint.WithLogger(r.log))
	d.consumer, err = consumer.New(r.consumerConfig(), d.clients.kinesis, d.leases, r.sieve, r.sieve, consumer.WithLogger(r.log), consumer.WithGate(r.sieve),
		consumer.WithCallObserver(d.clients.calls.ofRecords()))
	if err != nil {
		return &ExitError{ExitConfig, err}
	}
	return startupFailedIf(r.start(ctx))
}

// start does what needs the network: handlers first, so that a replay that
// cannot begin leaves no table behind.
func (r *replay) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startupTimeout, fmt.Errorf("start-up took longer than %s", startupTimeout))
	defer cancel()
	for _, s := range r.daemon.starters {
		if err := s.start(ctx); err != nil {
			return fmt.Errorf("start %s: %w", s.name, err)
		}
	}
	if !r.fresh {
		return nil
	}
	r.made = true
	if err := r.daemon.leases.Init(ctx); err != nil {
		return fmt.Errorf("lease table of the replay: %w", err)
	}
	text, err := json.Marshal(r.plan)
	if err != nil {
		return err
	}
	return r.daemon.leases.SaveMemo(ctx, string(text))
}

func (r *replay) consumerConfig() consumer.Config {
	c := r.daemon.consumerConfig()
	c.Application = r.cfg.LeaseTable()
	c.Start = checkpoint.Position{SequenceNumber: checkpoint.AtTimestamp, Timestamp: r.plan.From}
	c.End = r.plan.To
	c.Source = consumer.Polling
	c.PollInterval = max(c.PollInterval, replayPoll)
	c.IdlePollInterval = c.PollInterval
	c.ShardBytes = min(c.ShardBytes, replayShardBytes)
	return c
}

// run consumes until all is done or ctx ends, and shows how it comes on.
func (r *replay) run(ctx context.Context, bar io.Writer) error {
	defer r.daemon.memory.apply(r.log)()
	shown, hide := context.WithCancel(context.WithoutCancel(ctx))
	var watching sync.WaitGroup
	watching.Go(func() { r.show(shown, bar) })
	err := r.daemon.consumer.Run(ctx)
	hide()
	watching.Wait()
	return err
}

// dropTimeout bounds the removal of the lease table, beside the failover time.
const dropTimeout = 10 * time.Second

// drop removes the replay's lease table, unless another process still works with
// it: the last one does it then.
func (r *replay) drop(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, dropTimeout+2*r.cfg.Lease.Failover)
	defer cancel()
	others, err := r.others(ctx)
	if err == nil && len(others) > 0 {
		r.log.Info("lease table of the replay is left to other workers", zap.Strings("workers", others))
		return
	}
	if err == nil {
		table := r.cfg.LeaseTable()
		_, err = r.daemon.clients.dynamo.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &table})
	}
	if err != nil && !tableMissing(err) {
		r.log.Warn("lease table of the replay not removed; remove it by hand", zap.String("table", r.cfg.LeaseTable()), zap.NamedError("error", err))
	}
}

// others returns the other workers of the replay that live. A look that was cut
// short is taken again as long as ctx lasts: a call has a third of the failover time,
// for a worker that must have its heartbeat written, and we are none any more.
func (r *replay) others(ctx context.Context) ([]string, error) {
	for {
		ids, err := r.othersNow(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
			return ids, err
		}
	}
}

func (r *replay) othersNow(ctx context.Context) ([]string, error) {
	s, err := surveyTable(ctx, r.daemon.clients, r.cfg)
	if err != nil {
		return nil, err
	}
	var ids, alive []string
	for id := range s.workers {
		ids = append(ids, id)
	}
	if err := s.watch(ctx, ids...); err != nil {
		return nil, err
	}
	for id, w := range s.workers {
		if w.moved {
			alive = append(alive, id)
		}
	}
	return alive, nil
}

func startupFailedIf(err error) error {
	if err == nil {
		return nil
	}
	return startupFailed(err)
}
