package consumer

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"
)

// gateFunc is a gate.
type gateFunc func(ctx context.Context, d *Delivery) error

func (f gateFunc) Admit(ctx context.Context, d *Delivery) error { return f(ctx, d) }

func TestConsumer_GateHoldsReadingBackAndWhatItTurnsAwayIsReadAgain(t *testing.T) {
	t.Parallel()
	for _, stopAfter := range []time.Duration{0, 800 * time.Millisecond, 7 * time.Second} {
		t.Run(stopAfter.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 1)
				w.putEvents(30, testSIMs...)
				// The last page of a closed shard is turned away in its middle: that
				// must not count as the shard's end.
				w.split(0)
				w.putEvents(10, testSIMs...)
				const perSecond = 20
				limit := rate.NewLimiter(perSecond, 1)
				s := &sink{}
				w.gate = gateFunc(func(ctx context.Context, _ *Delivery) error { return limit.Wait(ctx) })
				p := w.start("one", s)
				w.await("the first event", func() bool { return len(s.ids()) > 0 })
				begun, before := time.Now(), len(s.ids())
				time.Sleep(stopAfter)
				synctest.Wait()
				took := time.Since(begun)
				if got, most := len(s.ids())-before, int(took.Seconds()*perSecond)+1; got > most {
					t.Errorf("handled %d events in %s, want at most %d", got, took, most)
				}
				if st := p.c.Status().Shards; len(st) != 1 || st[0].InFlight > 1 {
					t.Errorf("in flight: got %+v, want what the gate has let through", st)
				}
				stopping := time.Now()
				w.must(p.stop())
				if took := time.Since(stopping); took > 2*time.Second {
					t.Errorf("the stop took %s", took)
				}
				if got := len(s.ids()) - before; got > int(took.Seconds()*perSecond)+2 {
					t.Errorf("the stop let %d events in all through", got)
				}
				w.gate = nil
				rest := &sink{}
				q := w.start("two", rest)
				w.await("the rest", func() bool { return len(s.ids())+len(rest.ids()) >= len(w.put) })
				w.must(q.stop())
				w.complete(s, rest)
			})
		})
	}
}

func TestConsumer_ShardIsNotEndedOverAnEventThatTheGateTurnedAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.putEvents(30, testSIMs...)
		w.split(0)
		w.putEvents(5, testSIMs...)
		var once atomic.Bool
		w.gate = gateFunc(func(_ context.Context, d *Delivery) error {
			if d.Event.ID == w.put[100] && once.CompareAndSwap(false, true) {
				return errTest // and the pages behind it arrive, up to the shard's end
			}
			return nil
		})
		s := &sink{}
		p := w.start("one", s)
		w.awaitEvents(s)
		w.must(p.stop())
		w.complete(s)
		if !once.Load() {
			t.Error("nothing was turned away: the test shows nothing")
		}
	})
}
