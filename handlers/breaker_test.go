package handlers

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"korestream/consumer"
)

// breakerPolicy gives an event three attempts within a second and opens after
// five failures.
func breakerPolicy() RetryPolicy {
	p := attempts(3)
	p.InitialBackoff, p.MaxBackoff = 100*time.Millisecond, 500*time.Millisecond
	p.Breaker = BreakerPolicy{Failures: 5, Open: 10 * time.Second}
	return p
}

func TestBreaker_AnOutageThatNobodyNamesStopsConsumptionAndBuriesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var down atomic.Bool
		var calls, handled atomic.Int64
		down.Store(true)
		h := HandlerFunc(func(context.Context, *consumer.Delivery) error {
			calls.Add(1)
			if down.Load() {
				return errSinkDown // a plain error, as of a handler that knows no better
			}
			handled.Add(1)
			return nil
		})
		b := &memoryBurier{}
		m := newMux(t, b, breakerPolicy(), []Route{to(t, "sink", h)})
		const sims = 40
		var wg sync.WaitGroup
		for i := range sims {
			d := deliveryOf(t, fmt.Sprintf(`{"data": {"sim_sid": "HS%d"}, "id": "e%d", "type": %q}`, i, i, sessionUpdated))
			wg.Go(func() {
				if _, err := m.Dispatch(t.Context(), d); err != nil {
					t.Error(err)
				}
			})
		}
		time.Sleep(10 * time.Minute)
		if open := m.BreakersOpen(); !open["sink"] {
			t.Errorf("in the outage: got %v, want the breaker open", open)
		}
		// What was under way when it opened, and one every 10 s.
		if n := calls.Load(); n > sims+10*6+5 {
			t.Errorf("%d calls in 10 minutes of outage; want it left alone", n)
		}
		down.Store(false)
		wg.Wait()
		if open := m.BreakersOpen(); open["sink"] {
			t.Errorf("after the outage: got %v, want the breaker closed", open)
		}
		if n := len(b.buried()); n != 0 {
			t.Errorf("the outage has buried %d events", n)
		}
		if handled.Load() != sims {
			t.Errorf("handled: got %d, want %d", handled.Load(), sims)
		}
	})
}

func TestBreaker_StaysClosedForOneBadSIM(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &memoryBurier{}
		m := newMux(t, b, breakerPolicy(), []Route{to(t, "sink", always(errors.New("bad event")))})
		for i := range 20 { // one after another, nothing else comes
			wantOutcome(t, m, delivery(t, fmt.Sprint("e", i), sessionUpdated), consumer.DeadLettered)
		}
		if n := len(b.buried()); n != 20 {
			t.Errorf("buried: got %d, want 20", n)
		}
	})
}

func TestBreaker_APermanentErrorIsAnAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &memoryBurier{}
		m := newMux(t, b, breakerPolicy(), []Route{to(t, "sink", always(Permanent(errors.New("refused"))))})
		for i := range 30 {
			wantOutcome(t, m, deliveryOf(t, fmt.Sprintf(`{"data": {"sim_sid": "HS%d"}, "id": "e%d", "type": "t"}`, i, i)), consumer.DeadLettered)
		}
	})
}

func TestBreaker_WhatIsCutOffSaysNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		waits := HandlerFunc(func(ctx context.Context, _ *consumer.Delivery) error { <-ctx.Done(); return ctx.Err() })
		m := newMux(t, &memoryBurier{}, breakerPolicy(), []Route{to(t, "sink", waits)})
		for i := range 30 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			_, err := m.Dispatch(ctx, deliveryOf(t, fmt.Sprintf(`{"data": {"sim_sid": "HS%d"}, "id": "e%d", "type": "t"}`, i, i)))
			cancel()
			if errors.Is(err, errBreakerOpen) {
				t.Fatalf("opened by events that were cut off, at event %d", i)
			}
		}
	})
}
