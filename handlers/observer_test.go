package handlers

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"korestream/consumer"
	"korestream/event"
)

// noted is an Observer that keeps what it is told.
type noted struct {
	mu   sync.Mutex // guards all below
	ages []time.Duration
	took map[string][]time.Duration
}

func (n *noted) Dispatched(age time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ages = append(n.ages, age)
}

func (n *noted) Handled(handler string, took time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.took == nil {
		n.took = make(map[string][]time.Duration)
	}
	n.took[handler] = append(n.took[handler], took)
}

func TestObserver_HearsHowLongEachAttemptTook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, tries := &noted{}, 0
		handler := HandlerFunc(func(context.Context, *consumer.Delivery) error {
			time.Sleep(3 * time.Second)
			if tries++; tries == 1 {
				return errors.New("not yet")
			}
			return nil
		})
		m := newMux(t, &memoryBurier{}, attempts(3), []Route{to(t, "slow", handler)}, WithObserver(n))
		d := delivery(t, "e1", sessionUpdated)
		d.ArrivedAt = time.Now().Add(-time.Minute)
		wantOutcome(t, m, d, consumer.Handled)
		if len(n.ages) != 1 || n.ages[0] != time.Minute {
			t.Errorf("ages: got %v, want one of 1m", n.ages)
		}
		if got := n.took["slow"]; len(got) != 2 || got[0] != 3*time.Second || got[1] != 3*time.Second {
			t.Errorf("attempts: got %v, want two of 3s", got)
		}
	})
}

func TestSampler_TakesAllOfLittleAndSomeOfMuch(t *testing.T) {
	t.Parallel()
	// What comes in step is no better or worse for it, nor is a coarse clock.
	for _, step := range []time.Duration{0, 1, 7, 16, 100, 256, 1000, 1024, 4096, 15 * time.Microsecond, 100 * time.Microsecond, 999 * time.Microsecond} {
		var s sampler
		now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		d := &consumer.Delivery{Event: &event.Event{ID: "EZ"}}
		for i := range sampleAll {
			if !s.take(d, now) {
				t.Fatalf("number %d was left out", i+1)
			}
		}
		const many, expect = 160_000, 10_000
		taken := 0
		for i := range many {
			now = now.Add(step)
			if step == 0 { // a burst
				d.Event.ID = fmt.Sprintf("EZ%016x", uint64(i)*0x9e3779b97f4a7c15)
			}
			if s.take(d, now) {
				taken++
			}
		}
		if taken < expect*8/10 || taken > expect*12/10 {
			t.Errorf("step %s: of %d more it took %d, want about %d", step, many, taken, expect)
		}
	}
}

// silent is an Observer that does nothing.
type silent struct{}

func (silent) Dispatched(time.Duration) {}

func (silent) Handled(string, time.Duration) {}

func BenchmarkObserver(b *testing.B) {
	for name, opts := range map[string][]Option{"none": nil, "sampled": {WithObserver(silent{})}} {
		b.Run(name, func(b *testing.B) {
			handler := HandlerFunc(func(context.Context, *consumer.Delivery) error { return nil })
			m := newMux(b, &memoryBurier{}, DefaultRetryPolicy(), []Route{to(b, "h", handler)}, opts...)
			d := delivery(b, "EZ1", sessionUpdated)
			d.ArrivedAt = time.Now()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Dispatch(b.Context(), d); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
