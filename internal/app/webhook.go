package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"korestream/consumer"
	"korestream/event"
	"korestream/handlers"
	"korestream/internal/config"
	"korestream/internal/page"
	"korestream/internal/telemetry"
	"korestream/webhook"
)

// receiver is what takes webhooks, in a process of its own or beside a consumer.
type receiver struct {
	cfg     *config.Config
	log     *zap.Logger
	handler *webhook.Handler
	server  *webhook.Server
	address string
	// table is where tokens are remembered, nil if only in memory.
	table *handlers.DynamoDeduper
}

// openReceiver reads secrets and certificates and binds the address.
func openReceiver(ctx context.Context, cfg *config.Config, c clients, log *zap.Logger) (*receiver, error) {
	w, r := cfg.Webhook, &receiver{cfg: cfg, log: log}
	secrets, err := webhook.OpenSecrets(w.SecretFile, os.Getenv(w.SecretVariable), log)
	if err != nil {
		return nil, fmt.Errorf("webhook.secret_file: %w", err)
	}
	var certs *webhook.Certificates
	if w.CertFile != "" {
		if certs, err = webhook.OpenCertificates(w.CertFile, w.KeyFile, log); err != nil {
			return nil, fmt.Errorf("webhook.tls_cert_file: %w", err)
		}
	}
	if r.handler, err = webhook.NewHandler(cfg.ReceiverConfig(), c.kinesis, secrets, r.options(c)...); err != nil {
		return nil, fmt.Errorf("%w (webhook.secret_file, %s, or webhook.allow_unsigned)", err, w.SecretVariable)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", w.Listen)
	if err != nil {
		return nil, fmt.Errorf("webhook.listen: %w", err)
	}
	r.address = l.Addr().String()
	r.server = webhook.NewServer(r.handler, l, certs)
	return r, nil
}

// options are as the consumer's, so that both know an event by the same.
func (r *receiver) options(c clients) []webhook.Option {
	opts := []webhook.Option{webhook.WithLogger(r.log)}
	if r.cfg.Dedupe.Key == "id" {
		opts = append(opts, webhook.WithIdentity((*event.Event).EnvelopeID))
	}
	if r.cfg.Dedupe.Store == "dynamodb" {
		r.table = dedupeTable(r.cfg, c, r.log)
		opts = append(opts, webhook.WithTokens(handlers.Layered(handlers.NewMemoryDeduper(0, 0), r.table)))
	}
	return opts
}

// run serves until ctx ends and the drain is over.
func (r *receiver) run(ctx context.Context) error {
	r.log.Info("webhook listens", zap.String("address", r.address), zap.Bool("tls", r.cfg.Webhook.CertFile != ""))
	return r.server.Run(ctx, r.cfg.Drain.Timeout)
}

// Receiver is the daemon that only takes webhooks.
type Receiver struct {
	cfg       *config.Config
	log       *zap.Logger
	clients   clients
	admin     *admin
	receiver  *receiver
	level     zap.AtomicLevel
	started   atomic.Bool
	onPage    *onPage
	telemetry *telemetry.Telemetry
}

// NewReceiver opens what the configuration names. It calls nothing over the network.
// Run it, which closes it. Level is the log's, which can be changed at run time.
func NewReceiver(ctx context.Context, cfg *config.Config, log *zap.Logger, level zap.AtomicLevel) (*Receiver, error) {
	if cfg.Webhook.Listen == "" {
		return nil, &ExitError{ExitConfig, fmt.Errorf("webhook.listen is not set: say where webhooks are taken, such as --set webhook.listen=0.0.0.0:8443")}
	}
	c, err := loadClients(ctx, cfg.Region)
	if err != nil {
		return nil, startupFailed(err)
	}
	if cfg.Worker == "" {
		cfg.Worker = workerID()
	}
	r := &Receiver{cfg: cfg, clients: c, level: level, onPage: newOnPage(0)}
	log = r.onPage.lines.tap(log)
	r.log = log
	r.telemetry = telemetry.New(telemetry.FromEnvironment(nil), log)
	if r.receiver, err = openReceiver(ctx, cfg, c, log); err != nil {
		return nil, &ExitError{ExitConfig, err}
	}
	if cfg.Admin.Listen != "" {
		if r.admin, err = listenAdmin(ctx, cfg.Admin.Listen); err != nil {
			return nil, &ExitError{ExitConfig, errors.Join(err, r.receiver.server.Close())}
		}
	}
	return r, nil
}

// Run checks the stream and takes webhooks until ctx ends.
func (r *Receiver) Run(ctx context.Context) error {
	defer memoryOf(r.cfg.Limits.Memory).apply(r.log)()
	defer r.receiver.server.Close()
	defer r.onPage.keep(r.moment)()
	if r.admin != nil {
		r.admin.serve(r.probes())
		defer closeAdmin(r.admin, r.log)
		r.log.Info("admin server listens", zap.String("address", r.admin.addr()))
	}
	defer startTelemetry(ctx, r.telemetry, r.cfg, r.log, r.probes)()
	if err := r.startup(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // told to stop before it began
		}
		return startupFailed(err)
	}
	r.started.Store(true)
	return r.receiver.run(ctx)
}

func (r *Receiver) probes() probes {
	return probes{
		status:     func() statusView { return statusView{Worker: r.cfg.Worker, Draining: r.receiver.server.Ready() != nil} },
		stuck:      func() []string { return nil }, // a request ends by itself
		ready:      r.ready,
		started:    r.hasStarted,
		tableRead:  func() time.Time { return time.Time{} },
		logLevel:   serveLogLevel(r.level, r.cfg.Admin.LogLevel, r.log),
		collectors: []prometheus.Collector{receiverCollector{r.receiver.handler.Stats}, r.clients.calls.total, r.clients.calls.seconds},
		sims:       newSIMStores(r.cfg.Worker, false),
		page:       r.onPage.page,
	}
}

// startup compares the stream with the configuration and opens the table of tokens.
func (r *Receiver) startup(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startupTimeout, fmt.Errorf("start-up took longer than %s", startupTimeout))
	defer cancel()
	report, err := consumer.CheckStartup(ctx, r.clients.kinesis, r.cfg.StreamName(), r.cfg.StreamARN(), requirements(r.cfg), nil)
	if err != nil {
		return err
	}
	if err := judge(report, r.cfg, r.log); err != nil {
		return err
	}
	if r.receiver.table != nil {
		if err := r.receiver.table.Init(ctx); err != nil {
			return fmt.Errorf("start dedupe: %w", err)
		}
	}
	return nil
}

// moment is what the status page shows now.
func (r *Receiver) moment() page.Moment {
	m := page.Moment{
		At: time.Now(), Stream: r.cfg.StreamName(), Application: r.cfg.Application, Worker: r.cfg.Worker, Version: versionText(),
		StartedAt: r.onPage.started, Phase: page.Working, Lines: r.onPage.lines.all(),
	}
	if r.hasStarted() != nil {
		m.Phase = page.Starting
	} else if r.receiver.server.Ready() != nil {
		m.Phase = page.Draining
	}
	return m
}

func (r *Receiver) ready() error {
	if err := r.hasStarted(); err != nil {
		return err
	}
	return r.receiver.server.Ready()
}

func (r *Receiver) hasStarted() error {
	if !r.started.Load() {
		return errors.New("the stream was not checked yet")
	}
	return nil
}
