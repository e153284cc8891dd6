package handlers

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"korestream/consumer"
)

// The waits between tries at what must not be given up: burying an event, and
// claiming it.
const (
	insistFirst   = 100 * time.Millisecond
	insistLongest = 30 * time.Second
)

// bury returns nil once the letter is durable, and an error only when ctx ended
// first.
func (m *Mux) bury(ctx context.Context, r *route, d *consumer.Delivery, gaveUp *gaveUpError) error {
	letter := &consumer.DeadLetter{
		Origin:    d.Origin,
		Reason:    consumer.ReasonHandler,
		Err:       gaveUp,
		Attempts:  gaveUp.attempts,
		Handler:   r.name,
		EventID:   d.Event.ID,
		EventType: d.Event.Type,
		Payload:   d.Event.Raw,
	}
	err := insist(ctx, func() error { return m.burier.Bury(ctx, letter) }, func(err error) {
		m.stats.buryFailures.Add(1)
		m.buryLog.failed(err, append(eventFields(d), zap.String(consumer.KeyHandler, r.name))...)
	})
	if err != nil {
		return fmt.Errorf("bury event %s that handler %s gave up on: %w", d.Event.ID, r.name, err)
	}
	m.stats.buried.Add(1)
	m.logger.Warn("event buried", append(eventFields(d), zap.String(consumer.KeyHandler, r.name),
		zap.String(consumer.KeyReason, letter.Reason), zap.Int(consumer.KeyAttempt, letter.Attempts), zap.Error(gaveUp.err))...)
	return nil
}

// insist calls try until it succeeds or ctx ends, with growing jittered waits.
func insist(ctx context.Context, try func() error, failed func(error)) error {
	err := try()
	if err == nil {
		return nil
	}
	delays := newDelays(insistFirst, insistLongest)
	for {
		if ctx.Err() != nil {
			return interruption(ctx, err)
		}
		failed(err)
		if sleep(ctx, delays.NextBackOff()) != nil {
			return interruption(ctx, err)
		}
		if err = try(); err == nil {
			return nil
		}
	}
}
