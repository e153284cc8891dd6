package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"korestream/internal/config"
	"korestream/internal/telemetry"
)

// flushTimeout bounds the sending of what is left at the end, which also ends with the
// drain time-out: a collector that is away must not keep a process from stopping.
const flushTimeout = 3 * time.Second

// startTelemetry begins to send what was asked for, nothing if nothing was. Call what it
// returns when nothing is handled any more; ctx is what ends the process.
func startTelemetry(ctx context.Context, t *telemetry.Telemetry, cfg *config.Config, log *zap.Logger, p func() probes) (stop func()) {
	version, _ := Build()
	id := telemetry.Identity{Version: version, Application: cfg.Application, Worker: cfg.Worker}
	t.Start(ctx, id, func() prometheus.Gatherer { return p().registry() })
	flush, tooLate := context.WithCancel(context.WithoutCancel(ctx))
	unhook := context.AfterFunc(ctx, func() { time.AfterFunc(cfg.Drain.Timeout, tooLate) })
	return func() {
		defer unhook()
		flush, cancel := context.WithTimeout(flush, flushTimeout)
		defer cancel()
		if err := t.Stop(flush); err != nil {
			log.Warn("not closed cleanly", zap.String("what", "telemetry"), zap.NamedError("error", err))
		}
		tooLate()
	}
}
