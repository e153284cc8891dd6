package consumer

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"korestream/checkpoint"
)

// TestConsumer_ShowsWhatFailsAndStopsWithoutWhatIsParked has two events that a
// handler fails on: one is tried again, the other was given up on.
func TestConsumer_ShowsWhatFailsAndStopsWithoutWhatIsParked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.putEvents(3, testSIMs...)
		const tried, parked = "HS01/0000", "HS02/0001"
		var healed atomic.Bool
		s := &sink{handle: func(ctx context.Context, d *Delivery) error {
			switch d.Event.ID {
			case tried:
				for attempt := 1; !healed.Load(); attempt++ {
					d.Failed("billing", attempt, errTest)
					time.Sleep(time.Second)
				}
			case parked:
				d.Failed("billing", 1, errTest)
				defer d.Park("billing", 2, errTest, one)()
				<-ctx.Done()
				return context.Cause(ctx)
			}
			return nil
		}}
		p := w.start("one", s, func(c *Config, _ *checkpoint.Config) { c.DrainTimeout = 20 * time.Second })
		w.await("every other key's events", func() bool { return len(s.ids()) >= len(w.put)-6 })
		time.Sleep(10 * time.Second)
		st := p.c.Status().Shards[0]
		if len(st.Parked) != 0 || len(st.Waiting) != 1 || len(st.Failing) != 1 || st.Waiting[0].EventID != parked || st.Failing[0].EventID != tried || st.Failing[0].Attempts < 10 {
			t.Errorf("got waiting %+v and failing %+v, want %s and %s", st.Waiting, st.Failing, parked, tried)
		}
		if reasons := reasonsOf(st.Holds(time.Now())); !slices.Equal(reasons, []string{HoldParked, HoldFails}) {
			t.Errorf("holds: got %v", reasons)
		}
		healed.Store(true)
		w.await("the one that was tried again", func() bool { return slices.Contains(s.ids(), tried) })
		if st := p.c.Status().Shards[0]; len(st.Failing) != 0 || len(st.Waiting) != 1 {
			t.Errorf("after it was handled: got failing %+v and waiting %+v, want the parked one alone", st.Failing, st.Waiting)
		}
		begun := time.Now()
		w.must(p.stop())
		if took := time.Since(begun); took > time.Second {
			t.Errorf("the stop took %s, want it not to wait for what is parked", took)
		}
		rest := &sink{}
		q := w.start("two", rest)
		w.await("what was parked, and what came behind it", func() bool { return len(rest.ids()) == 3 })
		if ids := rest.ids(); ids[0] != parked {
			t.Errorf("the next worker handled %v, want %s first", ids, parked)
		}
		w.must(q.stop())
	})
}

// TestConsumer_AStopWaitsForAHandlerBesideOneThatIsParked would otherwise cut it off
// and have its event handled twice.
func TestConsumer_AStopWaitsForAHandlerBesideOneThatIsParked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.putRaw("HS01", eventJSON("e1", "HS01"))
		const handling = 12 * time.Second
		cutOff := false
		s := &sink{handle: func(ctx context.Context, d *Delivery) error {
			var unfinished atomic.Int64
			unfinished.Store(2)
			defer d.Park("billing", 2, errTest, func() int { return int(unfinished.Load()) })()
			slow := time.NewTimer(handling)
			defer slow.Stop()
			select {
			case <-slow.C:
			case <-ctx.Done():
				cutOff = true
			}
			unfinished.Store(1) // now all that is left is parked
			<-ctx.Done()
			return context.Cause(ctx)
		}}
		p := w.start("one", s, func(c *Config, _ *checkpoint.Config) { c.DrainTimeout = 20 * time.Second })
		w.await("the parked handler", func() bool { return len(p.c.Status().Shards) == 1 && len(p.c.Status().Shards[0].Waiting) == 1 })
		begun := time.Now()
		w.must(p.stop())
		if took := time.Since(begun); cutOff || took < handling-2*time.Second || took > handling+2*time.Second {
			t.Errorf("cut off: %t, stopped after %s; want the other handler to end by itself, after about %s", cutOff, took, handling)
		}
	})
}

func reasonsOf(holds []Hold) (reasons []string) {
	for _, h := range holds {
		reasons = append(reasons, h.Reason)
	}
	return reasons
}
