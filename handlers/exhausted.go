package handlers

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"korestream/consumer"
)

// run is one route's part: handled, given up on, or interrupted. Unfinished counts
// the routes that are not done with the event.
func (m *Mux) run(ctx context.Context, r *route, d *consumer.Delivery, now time.Time, unfinished func() int) (consumer.Outcome, error) {
	seen := d // by the handler; whoever buries has all of it
	if r.shape != nil {
		var err error
		if seen, err = r.shape.apply(d); err != nil {
			r, seen = r.refusing(consumer.ReasonShape, err), d
		}
	}
	for {
		err := r.handler.handle(ctx, seen, now)
		if err == nil {
			return consumer.Handled, nil
		}
		var gaveUp *gaveUpError
		if !errors.As(err, &gaveUp) {
			return 0, err
		}
		switch r.exhausted {
		case Park:
			// Here and not by an error of the dispatch, which would call the other
			// handlers of the event again.
			if err := m.park(ctx, r, d, gaveUp, unfinished); err != nil {
				return 0, err
			}
			now = time.Now()
			continue
		case Drop:
			m.drop(r, d, gaveUp)
			return consumer.Dropped, nil
		}
		if err := m.bury(ctx, r, d, gaveUp); err != nil {
			return 0, err
		}
		return consumer.DeadLettered, nil
	}
}

// park says so and waits for the next round of tries.
func (m *Mux) park(ctx context.Context, r *route, d *consumer.Delivery, gaveUp *gaveUpError, unfinished func() int) error {
	m.stats.parked.Add(1)
	defer m.stats.parked.Add(-1)
	defer d.Park(r.name, gaveUp.attempts, gaveUp.err, unfinished)()
	m.parkLog.failed(gaveUp, append(eventFields(d), zap.String(consumer.KeyHandler, r.name))...)
	if sleep(ctx, r.pause) != nil {
		return interruption(ctx, gaveUp)
	}
	return nil
}

// drop counts and logs an event that nobody keeps.
func (m *Mux) drop(r *route, d *consumer.Delivery, gaveUp *gaveUpError) {
	m.stats.dropped.Add(1)
	m.logger.Error("event dropped", append(eventFields(d), zap.String(consumer.KeyHandler, r.name),
		zap.Int(consumer.KeyAttempt, gaveUp.attempts), zap.Error(gaveUp.err))...)
}
