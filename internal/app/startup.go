package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"korestream/checkpoint"
	"korestream/consumer"
	"korestream/internal/config"
)

// startupTimeout bounds everything before consuming begins: whoever started the
// process should hear within 15 s that it cannot work.
const startupTimeout = 13 * time.Second

// loadTimeout bounds the reading of the lease table within that.
const loadTimeout = 2 * time.Second

// startup compares the stream with the configuration and opens the lease table.
func (d *Daemon) startup(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startupTimeout, fmt.Errorf("start-up took longer than %s", startupTimeout))
	defer cancel()
	report, err := check(ctx, d.cfg, d.clients, d.leases)
	if err != nil {
		return err
	}
	if err := judge(report, d.cfg, d.log); err != nil {
		return err
	}
	if err := d.leases.Init(ctx); err != nil {
		return fmt.Errorf("lease table: %w", err)
	}
	if src := d.cfg.Source; src.Type != string(consumer.Polling) {
		if _, err := consumer.EnsureStreamConsumer(ctx, d.clients.kinesis, d.cfg.StreamName(), report.ARN, cmp.Or(src.Consumer, d.cfg.Application)); err != nil {
			return fmt.Errorf("source.consumer: %w", err)
		}
	}
	for _, s := range d.starters {
		if err := s.start(ctx); err != nil {
			return fmt.Errorf("start %s: %w", s.name, err)
		}
	}
	return nil
}

// judge decides by a report whether to go on.
func judge(report *consumer.Report, cfg *config.Config, log *zap.Logger) error {
	if err := report.Err(); err != nil {
		if cfg.Startup.OnMismatch == "fail" {
			return err
		}
		log.Warn("stream is not as required", zap.NamedError("error", err))
	}
	log.Info("stream checked", zap.String("stream", report.Stream), zap.Int("open_shards", report.OpenShards),
		zap.Duration("retention", report.Retention), zap.String("mode", report.Mode))
	return nil
}

func requirements(cfg *config.Config) consumer.Requirements {
	return consumer.Requirements{
		MinShards: cfg.Startup.Shards.Min, MaxShards: cfg.Startup.Shards.Max, MinRetention: cfg.Startup.Retention.Min,
	}
}

// check is the start-up check, with the application's checkpoints if it has any.
func check(ctx context.Context, cfg *config.Config, c clients, leases *checkpoint.Store) (*consumer.Report, error) {
	// Bounded by itself, so that a silent endpoint leaves time for the check of
	// the stream, which says it better.
	load, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	snap, loadErr := leases.Load(load)
	report, err := consumer.CheckStartup(ctx, c.kinesis, cfg.StreamName(), cfg.StreamARN(), requirements(cfg), snap.Positions())
	if err != nil {
		return nil, err
	}
	if errors.Is(loadErr, context.DeadlineExceeded) && ctx.Err() == nil {
		return checkSlowly(ctx, cfg, c, leases)
	}
	if loadErr != nil && !tableMissing(loadErr) {
		return nil, loadErr
	}
	return report, nil
}

// checkSlowly is check where the stream has answered and the lease table has not yet:
// it has all the time that is left.
func checkSlowly(ctx context.Context, cfg *config.Config, c clients, leases *checkpoint.Store) (*consumer.Report, error) {
	for {
		snap, err := leases.Load(ctx)
		switch {
		case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil: // a call's own, by the failover time
		case err != nil && !tableMissing(err):
			return nil, err
		default:
			return consumer.CheckStartup(ctx, c.kinesis, cfg.StreamName(), cfg.StreamARN(), requirements(cfg), snap.Positions())
		}
	}
}
