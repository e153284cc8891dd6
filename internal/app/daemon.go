package app

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"korestream/checkpoint"
	"korestream/consumer"
	"korestream/event/catalogue"
	"korestream/handlers"
	"korestream/internal/config"
	"korestream/internal/telemetry"
)

// Daemon is korestream, ready to run.
type Daemon struct {
	cfg *config.Config
	log *zap.Logger
	// plain is log for those whose lines do not belong on the status page.
	plain     *zap.Logger
	onPage    *onPage
	clients   clients
	memory    memory
	consumer  *consumer.Consumer
	leases    *checkpoint.Store
	mux       *handlers.Mux
	schemas   *handlers.SchemaCheck // nil where events are not compared with any
	admin     *admin
	sims      *simStores
	cpu       *cpuMeter
	took      *durations
	level     *zap.AtomicLevel // nil if it cannot be changed
	receiver  *receiver        // nil unless webhooks are taken
	telemetry *telemetry.Telemetry
	starters  []starter
	closers   []closer
}

// starter is one thing to be done over the network before the first event.
type starter struct {
	name  string
	start func(context.Context) error
}

// closer is one thing to be closed, with its name for the log.
type closer struct {
	name  string
	close func() error
}

// NewDaemon opens what the configuration names and wires it together. It calls
// nothing over the network. Close it, or Run it, which closes it.
func NewDaemon(ctx context.Context, cfg *config.Config, log *zap.Logger, opts ...DaemonOption) (*Daemon, error) {
	c, err := loadClients(ctx, cfg.Region)
	if err != nil {
		return nil, startupFailed(err)
	}
	return newDaemon(ctx, cfg, c, log, opts...)
}

// DaemonOption changes a Daemon under construction.
type DaemonOption func(*Daemon)

// WithLevel gives the level of the log, so that it can be changed at run time.
func WithLevel(level zap.AtomicLevel) DaemonOption { return func(d *Daemon) { d.level = &level } }

func newDaemon(ctx context.Context, cfg *config.Config, c clients, log *zap.Logger, opts ...DaemonOption) (_ *Daemon, err error) {
	d := &Daemon{cfg: cfg, plain: log, onPage: newOnPage(cfg.Lease.Failover), clients: c, memory: memoryOf(cfg.Limits.Memory), cpu: newCPUMeter(), took: newDurations()}
	log = d.onPage.lines.tap(log)
	d.log = log
	d.telemetry = telemetry.New(telemetry.FromEnvironment(nil), log)
	for _, o := range opts {
		o(d)
	}
	defer func() {
		if err != nil {
			d.Close()
		}
	}()
	if cfg.Worker == "" {
		cfg.Worker = workerID()
	}
	d.sims = newSIMStores(cfg.Worker, cfg.Admin.SIMs)
	if cfg.Admin.Listen != "" {
		if d.admin, err = listenAdmin(ctx, cfg.Admin.Listen); err != nil {
			return nil, &ExitError{ExitConfig, err}
		}
	}
	if cfg.Webhook.Listen != "" {
		if err := d.openReceiver(ctx); err != nil {
			return nil, &ExitError{ExitConfig, err}
		}
	}
	place, err := d.openSink()
	if err != nil {
		return nil, &ExitError{ExitConfig, err}
	}
	sink := newLetterBook(place, cfg.DeadLetters.Type)
	d.onPage.letters = sink
	routes, err := d.openHandlers()
	if err != nil {
		return nil, &ExitError{ExitConfig, err}
	}
	if err := d.openSchemas(); err != nil {
		return nil, &ExitError{ExitConfig, err}
	}
	if d.mux, err = handlers.NewMux(routes, sink, retryPolicy(cfg.Retry), d.muxOptions()...); err != nil {
		return nil, &ExitError{ExitConfig, err}
	}
	d.leases = checkpoint.New(c.dynamo, d.leaseConfig(), checkpoint.WithLogger(log), checkpoint.WithCPU(d.cpu.read), checkpoint.WithVitals(d.vitals))
	d.consumer, err = consumer.New(d.consumerConfig(), c.kinesis, d.leases, d.mux, sink, append(d.telemetry.ConsumerOptions(), consumer.WithLogger(log), consumer.WithCallObserver(c.calls.ofRecords()))...)
	if err != nil {
		return nil, &ExitError{ExitConfig, err}
	}
	return d, nil
}

// workerID names this process: the host for people, the rest for uniqueness.
func workerID() string {
	host, err := os.Hostname()
	if err != nil {
		host = "korestream"
	}
	return host + "-" + uuid.NewString()[:8]
}

// Run checks the stream, consumes until ctx ends, drains, and closes everything.
func (d *Daemon) Run(ctx context.Context) error {
	defer d.Close()
	defer d.memory.apply(d.log)()
	defer d.onPage.keep(d.moment)()
	if d.admin != nil {
		d.admin.serve(d.probes())
		d.log.Info("admin server listens", zap.String("address", d.admin.addr()))
	}
	defer startTelemetry(ctx, d.telemetry, d.cfg, d.log, d.probes)()
	if err := d.startup(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // told to stop before it began
		}
		return startupFailed(err)
	}
	return d.work(ctx)
}

// work consumes and, if that is wanted, takes webhooks until ctx ends or one of both
// cannot go on.
func (d *Daemon) work(ctx context.Context) error {
	if d.receiver == nil {
		return d.consumer.Run(ctx)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return d.consumer.Run(ctx) })
	g.Go(func() error { return d.receiver.run(ctx) })
	return g.Wait()
}

// openReceiver opens the receiver of webhooks, for it is wanted.
func (d *Daemon) openReceiver(ctx context.Context) (err error) {
	if d.receiver, err = openReceiver(ctx, d.cfg, d.clients, d.log); err != nil {
		return err
	}
	d.closers = append(d.closers, closer{"webhook listener", d.receiver.server.Close})
	return nil
}

func (d *Daemon) collectors() []prometheus.Collector {
	out := []prometheus.Collector{d.collector(), d.took.age, d.took.handler, d.clients.calls.total, d.clients.calls.seconds}
	if d.receiver != nil {
		out = append(out, receiverCollector{d.receiver.handler.Stats})
	}
	return out
}

func (d *Daemon) probes() probes {
	p := probes{
		status: d.status, schema: d.schema, traced: d.traced, stuck: d.stuck, ready: d.ready, started: d.started, scale: d.scale,
		tableRead:  func() time.Time { return d.leases.Snapshot().At },
		collectors: d.collectors(), sims: d.sims, consumes: true, page: d.onPage.page,
	}
	if d.level != nil {
		p.logLevel = serveLogLevel(*d.level, d.cfg.Admin.LogLevel, d.log)
	}
	return p
}

func (d *Daemon) collector() collector {
	return collector{
		stream: d.cfg.StreamName(), status: d.consumer.Status, scale: d.scale, stats: d.mux.Stats, breakers: d.mux.BreakersOpen, found: d.found(),
		lag: func(st consumer.Status) streamLag { return lagOf(st, d.leases.Standings(), time.Now()) },
	}
}

func (d *Daemon) stuck() []string { return d.consumer.Stuck(time.Now()) }

func (d *Daemon) status() statusView {
	return viewOf(d.consumer.Status(), d.leases, d.stuck(), time.Now())
}

// schema is what the comparison with schemas has found, nothing where there is none.
func (d *Daemon) schema() schemaView {
	v := schemaView{Worker: d.cfg.Worker, Drift: d.cfg.Schema.Drift, Report: catalogue.Merge()}
	if found := d.found(); found != nil {
		v.Report = found.Report()
	}
	return v
}

func (d *Daemon) found() *catalogue.Collector {
	if d.schemas == nil {
		return nil
	}
	return d.schemas.Found()
}

func (d *Daemon) traced() tracesView { return tracesOf(d.cfg.Worker, d.consumer.Traced(), time.Now()) }

// scale says how many workers there should be.
func (d *Daemon) scale() scaleView {
	return loadOf(d.leases.Standings(), d.leases.Snapshot().Workers, d.cfg, time.Now()).decide(d.cfg.Scale)
}

// started says why consuming has not begun.
func (d *Daemon) started() error {
	if !d.consumer.Status().Began {
		return errors.New("starting")
	}
	return nil
}

// ready says why this process is not consuming.
func (d *Daemon) ready() error {
	switch st := d.consumer.Status(); {
	case st.Draining:
		return errors.New("draining")
	case d.leases.Snapshot().At.IsZero():
		return errors.New("the lease table was not read yet")
	case d.receiver != nil:
		return d.receiver.server.Ready()
	}
	return nil
}

// Close closes what was opened, the last first. It may be called twice.
func (d *Daemon) Close() {
	if d.admin != nil {
		closeAdmin(d.admin, d.log)
		d.admin = nil
	}
	for len(d.closers) > 0 {
		last := d.closers[len(d.closers)-1]
		d.closers = d.closers[:len(d.closers)-1]
		if err := last.close(); err != nil {
			d.log.Error("not closed cleanly", zap.String("what", last.name), zap.NamedError("error", err))
		}
	}
}

func closeAdmin(a *admin, log *zap.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := a.close(ctx); err != nil {
		log.Warn("not closed cleanly", zap.String("what", "admin server"), zap.NamedError("error", err))
	}
}
