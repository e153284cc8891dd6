package handlers

import (
	"context"
	"time"

	"go.uber.org/zap/zapcore"

	"korestream/consumer"
)

// stage is a part of the way to a handler. Its time is when the call begins, or a
// few milliseconds before it, for whoever needs one: to ask for it costs more than
// all stages do.
type stage interface {
	handle(ctx context.Context, d *consumer.Delivery, now time.Time) error
}

// untimed is the last stage where a handler may take as long as it wants.
type untimed struct{ Handler }

func (u untimed) handle(ctx context.Context, d *consumer.Delivery, _ time.Time) error {
	return u.Handle(ctx, d)
}

// wrap puts the stages before a route's handler: retry, breaker, who is told, time-out
// and recovery.
func (m *Mux) wrap(r Route, policy RetryPolicy) stage {
	h := r.Handler
	if b, ok := r.Handler.(BatchHandler); ok && r.Batch.MaxEvents > 1 {
		h = newCollector(b, r.Batch, &m.stats)
	}
	var s stage
	if policy.Timeout > 0 {
		s = newTimeout(h, r.Name, policy.Timeout, &m.stats, m.logger)
	} else {
		s = untimed{&recovery{next: h, stats: &m.stats}}
	}
	if m.observer != nil {
		s = &measured{next: s, name: r.Name, observer: m.observer}
	}
	if m.attempts != nil {
		s = &followed{next: s, name: r.Name, observer: m.attempts}
	}
	if policy.Breaker.Failures > 0 {
		b := newBreaker(s, r.Name, policy.Breaker, m.logger)
		m.breakers[r.Name] = b
		s = b
	}
	log := newFailureLog(m.logger, zapcore.WarnLevel, "handle event, trying again")
	return &retry{next: s, name: r.Name, policy: policy, stats: &m.stats, log: log}
}
