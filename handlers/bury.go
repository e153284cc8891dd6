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

// bury returns nil once the letter of an event that a route gave up on is durable,
// and an error only when ctx ended first.
func (m *Mux) bury(ctx context.Context, r *route, d *consumer.Delivery, gaveUp *gaveUpError) error {
	letter := deadLetterOf(d, gaveUp.reason, gaveUp)
	letter.Attempts, letter.Handler = gaveUp.attempts, r.name
	if err := m.keep(ctx, d, letter, zap.String(consumer.KeyHandler, r.name)); err != nil {
		return fmt.Errorf("bury event %s that handler %s gave up on: %w", d.Event.ID, r.name, err)
	}
	m.logger.Warn("event buried", append(eventFields(d), zap.String(consumer.KeyHandler, r.name),
		zap.String(consumer.KeyReason, letter.Reason), zap.Int(consumer.KeyAttempt, letter.Attempts), zap.Error(gaveUp.err))...)
	return nil
}

// buryMismatch does so for an event that no handler is to get.
func (m *Mux) buryMismatch(ctx context.Context, d *consumer.Delivery, mismatch error) error {
	letter := deadLetterOf(d, consumer.ReasonSchema, mismatch)
	if err := m.keep(ctx, d, letter); err != nil {
		return fmt.Errorf("bury event %s that does not match its schema: %w", d.Event.ID, err)
	}
	m.logger.Warn("event buried", append(eventFields(d), zap.String(consumer.KeyReason, letter.Reason), zap.Error(mismatch))...)
	return nil
}

func deadLetterOf(d *consumer.Delivery, reason consumer.Reason, why error) *consumer.DeadLetter {
	return &consumer.DeadLetter{
		Origin: d.Origin, Reason: reason, Err: why,
		EventID: d.Event.ID, EventType: d.Event.Type, Payload: d.Event.Raw,
	}
}

// keep tries until the letter is durable or ctx ends. The fields are for the log
// of tries that failed.
func (m *Mux) keep(ctx context.Context, d *consumer.Delivery, letter *consumer.DeadLetter, fields ...zap.Field) error {
	err := insist(ctx, func() error { return m.burier.Bury(ctx, letter) }, func(err error) {
		m.stats.buryFailures.Add(1)
		m.buryLog.failed(err, append(eventFields(d), fields...)...)
	})
	if err == nil {
		m.stats.buried.Add(1)
	}
	return err
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
