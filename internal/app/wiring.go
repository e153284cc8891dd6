package app

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"go.uber.org/zap"

	"korestream/checkpoint"
	"korestream/consumer"
	"korestream/event"
	"korestream/handlers"
	"korestream/internal/config"
)

// openSink opens the dead-letter sink.
func (d *Daemon) openSink() (consumer.Burier, error) {
	if d.cfg.DeadLetters.Type == "file" {
		sink, err := handlers.OpenFileSink(d.cfg.DeadLetters.Path)
		if err != nil {
			return nil, fmt.Errorf("dead_letters.path: %w", err)
		}
		d.closers = append(d.closers, closer{"dead letters", sink.Close})
		return sink, nil
	}
	letters, err := awsLetters(d.clients, &d.cfg.DeadLetters)
	if err != nil {
		return nil, fmt.Errorf("dead_letters: %w", err)
	}
	d.closers = append(d.closers, closer{"dead letters", letters.Close})
	return letters, nil
}

// letterBox is a place for dead letters that can also be looked at.
type letterBox interface {
	consumer.Burier
	handlers.LetterStore
}

// awsLetters opens the place for dead letters at AWS that is configured.
func awsLetters(c clients, cfg *config.DeadLetters) (letterBox, error) {
	switch cfg.Type {
	case "s3":
		return handlers.OpenS3Letters(c.s3, cfg.S3())
	case "kinesis":
		return handlers.OpenKinesisLetters(c.kinesis, cfg.Kinesis())
	}
	var overflow handlers.LetterOverflow
	if cfg.Bucket != "" {
		bucket, err := handlers.OpenS3Letters(c.s3, cfg.S3())
		if err != nil {
			return nil, err
		}
		overflow = bucket
	}
	return handlers.OpenSQSLetters(c.sqs, cfg.SQS(), overflow)
}

// openHandlers opens every handler and routes its events to it.
func (d *Daemon) openHandlers() ([]handlers.Route, error) {
	var routes []handlers.Route
	for i, h := range d.cfg.Handlers {
		handler, err := d.openHandler(h)
		if err != nil {
			return nil, fmt.Errorf("handlers[%d] %s: %w", i, h.Name, err)
		}
		policy := retryPolicy(h.Retry)
		r := handlers.Route{
			Name: h.Name, Handler: handler, Policy: &policy,
			Batch: handlers.BatchPolicy{MaxEvents: h.Batch.MaxEvents, MaxWait: h.Batch.MaxWait},
		}
		for _, m := range h.Match {
			p, err := handlers.ParsePattern(m)
			if err != nil {
				return nil, fmt.Errorf("handlers[%d].match: %w", i, err)
			}
			r.Match = append(r.Match, p)
		}
		if err := shapeRoute(&r, &d.cfg.Handlers[i]); err != nil {
			return nil, fmt.Errorf("handlers[%d] %s: %w", i, h.Name, err)
		}
		routes = append(routes, r)
	}
	return routes, nil
}

// openHandler opens one handler. What it holds is closed with the daemon.
func (d *Daemon) openHandler(h config.Handler) (handlers.Handler, error) {
	handler, err := d.makeHandler(h)
	if err != nil {
		return nil, err
	}
	if c, ok := handler.(io.Closer); ok {
		d.closers = append(d.closers, closer{"handler " + h.Name, c.Close})
	}
	return handler, nil
}

func (d *Daemon) makeHandler(h config.Handler) (handlers.Handler, error) {
	log := d.log.Named("handlers." + h.Name)
	switch h.Type {
	case "log":
		return handlers.NewLog(log), nil
	case "ndjson":
		return handlers.OpenNDJSON(h.NDJSON(), handlers.WithNDJSONLogger(log))
	case "postgres":
		return d.openPostgres(h)
	case "simstate":
		return d.openSIMs(h)
	case "sqs":
		return handlers.OpenSQS(d.clients.sqs, h.SQS(), handlers.WithSQSPropagator(d.telemetry.Propagator()))
	case "s3":
		return handlers.OpenS3(d.clients.s3, h.S3())
	case "http":
		return handlers.OpenHTTP(h.HTTP(), handlers.WithHTTPPropagator(d.telemetry.Propagator()))
	case "exec":
		x, err := handlers.OpenExec(h.Exec(), handlers.WithExecLogger(log))
		if err == nil {
			d.starters = append(d.starters, starter{"handler " + h.Name, x.Start})
		}
		return x, err
	}
	if factory, ok := handlers.Registered(h.Type); ok {
		// Its messages may be no constants.
		return factory(handlers.Options{Name: h.Name, Settings: h.Settings, Logger: cmp.Or(d.plain, d.log).Named("handlers." + h.Name)})
	}
	return nil, fmt.Errorf("unknown type %q", h.Type)
}

// openSchemas makes the comparison with schemas, if anything is to be compared.
func (d *Daemon) openSchemas() error {
	cfg, err := d.cfg.Schema.Check()
	if err == nil && !cfg.Idle() {
		d.schemas, err = handlers.NewSchemaCheck(cfg, d.log)
	}
	if err != nil {
		return fmt.Errorf("schema: %w", err)
	}
	return nil
}

func (d *Daemon) muxOptions() []handlers.Option {
	opts := append(d.telemetry.MuxOptions(), handlers.WithLogger(d.log))
	if d.took != nil { // a redrive and a replay are not measured
		opts = append(opts, handlers.WithObserver(d.took))
	}
	if d.schemas != nil {
		opts = append(opts, handlers.WithSchemaCheck(d.schemas))
	}
	c := d.cfg.Dedupe
	if c.Key == "id" {
		opts = append(opts, handlers.WithIdentity((*event.Event).EnvelopeID))
	}
	memory := handlers.NewMemoryDeduper(c.MaxCount, c.MaxAge)
	switch c.Store {
	case "memory":
		opts = append(opts, handlers.WithDeduper(memory))
	case "dynamodb":
		table := dedupeTable(d.cfg, d.clients, d.log)
		d.starters = append(d.starters, starter{"dedupe", table.Init})
		opts = append(opts, handlers.WithDeduper(handlers.Layered(memory, table)))
	}
	return opts
}

// dedupeTable is a deduper in the table that all workers share.
func dedupeTable(cfg *config.Config, c clients, log *zap.Logger) *handlers.DynamoDeduper {
	return handlers.NewDynamoDeduper(c.dynamo, handlers.DynamoDedupeConfig{
		Table: cfg.DedupeTable(), MaxAge: cfg.Dedupe.MaxAge, ClaimTimeout: cfg.Dedupe.ClaimTimeout,
	}, log)
}

func retryPolicy(r config.Retry) handlers.RetryPolicy {
	return handlers.RetryPolicy{
		MaxAttempts: r.MaxAttempts, MaxAge: r.MaxAge, InitialBackoff: r.InitialBackoff, MaxBackoff: r.MaxBackoff, Timeout: r.Timeout,
		OnExhausted: handlers.Exhausted(r.OnExhausted),
		Breaker:     handlers.BreakerPolicy{Failures: r.Breaker.Failures, Open: r.Breaker.Open},
	}
}

func leaseConfig(cfg *config.Config, admin string) checkpoint.Config {
	return checkpoint.Config{
		Table: cfg.LeaseTable(), Worker: cfg.Worker, AdminAddress: admin,
		Failover: cfg.Lease.Failover, MaxLeases: cfg.Lease.MaxPerWorker, CreateTable: cfg.Lease.CreateTable,
	}
}

func (d *Daemon) leaseConfig() checkpoint.Config {
	address := ""
	if d.admin != nil {
		address = advertised(d.cfg.Admin.Advertise, d.admin.addr())
	}
	return leaseConfig(d.cfg, address)
}

// advertised returns where the admin server is to be asked from elsewhere: what
// the configuration says, else where it listens, with an address of this host in
// place of all addresses.
func advertised(configured, listens string) string {
	if configured != "" {
		return configured
	}
	at, err := netip.ParseAddrPort(listens)
	if err != nil || !at.Addr().IsUnspecified() {
		return listens
	}
	hosts, err := net.InterfaceAddrs()
	if err != nil {
		return listens // nobody needs it but explain
	}
	for _, h := range hosts {
		if p, err := netip.ParsePrefix(h.String()); err == nil && p.Addr().IsGlobalUnicast() {
			return netip.AddrPortFrom(p.Addr(), at.Port()).String()
		}
	}
	return listens
}

func (d *Daemon) consumerConfig() consumer.Config {
	c := consumer.DefaultConfig()
	c.Stream, c.StreamARN = d.cfg.StreamName(), d.cfg.StreamARN()
	c.Application, c.Worker = d.cfg.Application, d.cfg.Worker
	c.Start = startPosition(d.cfg.Start)
	c.LaneKey, c.Lanes = consumer.LaneKey(d.cfg.Lanes.Key), d.cfg.Lanes.Concurrency
	c.CheckpointInterval, c.DrainTimeout = d.cfg.Checkpoint.Interval, d.cfg.Drain.Timeout
	c.Source, c.StreamConsumer = consumer.SourceKind(d.cfg.Source.Type), d.cfg.Source.Consumer
	c.Protocol = consumer.Protocol(d.cfg.Source.Protocol)
	c.Calls = consumer.Calls(d.cfg.Source.Calls)
	c.PollInterval, c.IdlePollInterval = d.cfg.Source.PollInterval, max(d.cfg.Source.IdlePollInterval, d.cfg.Source.PollInterval)
	d.memory.share(&c)
	return c
}

func startPosition(s config.Start) checkpoint.Position {
	switch s.Name {
	case config.TrimHorizon:
		return checkpoint.Position{SequenceNumber: checkpoint.TrimHorizon}
	case config.Latest:
		return checkpoint.Position{SequenceNumber: checkpoint.Latest}
	}
	return checkpoint.Position{SequenceNumber: checkpoint.AtTimestamp, Timestamp: s.Time}
}

// tableMissing tells whether a lease table cannot be read because it is not
// there: a new application.
func tableMissing(err error) bool {
	var missing *types.ResourceNotFoundException
	return errors.As(err, &missing)
}
