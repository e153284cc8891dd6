package consumer

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"korestream/checkpoint"
	"korestream/consumer/wire"
)

// ranged starts a worker of an application of its own that consumes from one
// time to another.
func (w *world) ranged(worker string, from, to time.Time, s *sink) *process {
	return w.start(worker, s, func(c *Config, l *checkpoint.Config) {
		c.Start = checkpoint.Position{SequenceNumber: checkpoint.AtTimestamp, Timestamp: from}
		c.End = to
		l.Table = "korestream-range"
	})
}

// reached waits until a worker has ended by itself, all being done.
func (p *process) reached() {
	p.w.t.Helper()
	begun := time.Now()
	p.w.must(<-p.err)
	if st := p.c.Status(); !st.Complete || len(st.Shards) != 0 {
		p.w.t.Errorf("after the end: got complete=%t and shards %v, want all complete and none held", st.Complete, st.Shards)
	}
	if took := time.Since(begun); took > 2*time.Minute {
		p.w.t.Errorf("the end took %s", took)
	}
}

// mark lets time pass, so that what is put before and after differs in its
// arrival, and returns the middle.
func (w *world) mark() time.Time {
	time.Sleep(time.Second)
	at := time.Now()
	time.Sleep(time.Second)
	return at
}

// reshardedRange puts events before, within and after a range, with a split and
// a merge in each part, and leaves those of the range alone to be reckoned with.
func (w *world) reshardedRange() (from, to time.Time) {
	w.t.Helper()
	part := func() {
		w.putEvents(10, testSIMs...)
		w.split(0)
		w.putEvents(10, testSIMs...)
		w.merge()
		w.putEvents(10, testSIMs...)
	}
	part()
	w.put, from = nil, w.mark()
	part()
	inside := w.put
	to = w.mark()
	w.putEvents(10, testSIMs...)
	part()
	w.put = inside
	return from, to
}

func (w *world) exactly(sinks ...*sink) {
	w.t.Helper()
	w.complete(sinks...)
	for _, s := range sinks {
		for _, id := range s.ids() {
			if !slices.Contains(w.put, id) {
				w.t.Errorf("%s is outside the range and was handled", id)
			}
		}
	}
}

func TestConsumer_WithAnEndHandlesTheRangeAcrossSplitsAndMergesAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, later := range []time.Duration{0, time.Hour} {
		t.Run(later.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 3)
				from, to := w.reshardedRange()
				time.Sleep(later)
				s := &sink{}
				w.ranged("one", from, to, s).reached()
				w.exactly(s)
				if len(w.put) != 210 {
					t.Errorf("the range has %d events: the test shows nothing", len(w.put))
				}
				// All is done: the same application ends again with nothing handled.
				again := &sink{}
				w.ranged("again", from, to, again).reached()
				if ids := again.ids(); len(ids) != 0 {
					t.Errorf("handled again after the end: %v", ids)
				}
			})
		})
	}
}

func TestConsumer_WithAnEndIsResumedWhereItWasStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		from, to := w.reshardedRange()
		first := &sink{handle: func(ctx context.Context, _ *Delivery) error { return wait(ctx, 30*time.Millisecond) }}
		p := w.ranged("first", from, to, first)
		w.await("the middle", func() bool { return len(first.ids()) > 40 })
		w.must(p.stop())
		if st := p.c.Status(); st.Complete {
			t.Error("stopped in the middle and complete")
		}
		if n := len(first.ids()); n == len(w.put) {
			t.Fatal("all was handled before the stop: the test shows nothing")
		}
		second := &sink{}
		w.ranged("second", from, to, second).reached()
		w.exactly(first, second)
	})
}

func TestConsumer_WithAnEndIsSharedByTwoWorkers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 6)
		from, to := w.reshardedRange()
		slow := func(ctx context.Context, _ *Delivery) error { return wait(ctx, 200*time.Millisecond) }
		a, b := &sink{handle: slow}, &sink{handle: slow}
		p, q := w.ranged("a", from, to, a), w.ranged("b", from, to, b)
		p.reached()
		q.reached()
		w.exactly(a, b)
		if len(a.ids()) == 0 || len(b.ids()) == 0 {
			t.Errorf("shares: got %d and %d events, want some each", len(a.ids()), len(b.ids()))
		}
	})
}

func TestConsumer_WithAnEndToComeHandlesWhatIsPutUntilThenAlsoInChildren(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		from := w.mark()
		to := from.Add(time.Minute)
		s := &sink{}
		p := w.ranged("one", from, to, s)
		w.putEvents(5, testSIMs...)
		w.awaitEvents(s)
		w.split(1)
		w.putEvents(5, testSIMs...)
		w.merge()
		w.putEvents(5, testSIMs...)
		time.Sleep(time.Until(to.Add(-time.Millisecond)))
		w.putEvents(1, testSIMs[0])
		inside := w.put
		time.Sleep(time.Until(to))
		w.putEvents(1, testSIMs...)
		w.put = inside
		p.reached()
		w.exactly(s)
		if early := time.Until(to.Add(arrivalSkew)); early > 0 {
			t.Errorf("ended %s before nothing of the range could come any more", early)
		}
	})
}

func TestConsumer_WithAnEndLeavesTheLiveApplicationAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		live := &sink{}
		l := w.start("live", live)
		from := w.mark()
		w.putEvents(20, testSIMs...)
		to := w.mark()
		inside := slices.Clone(w.put)
		w.awaitEvents(live)
		owners := func() map[string]int64 {
			out := make(map[string]int64)
			for _, row := range l.leases.Snapshot().Leases {
				out[row.Shard+" "+row.Owner] = row.OwnerSwitches
			}
			return out
		}
		before := owners()
		s := &sink{handle: func(ctx context.Context, _ *Delivery) error { return wait(ctx, 100*time.Millisecond) }}
		p := w.ranged("one", from, to, s)
		w.putEvents(20, testSIMs...)
		p.reached()
		w.awaitEvents(live)
		if after := owners(); len(after) != len(before) {
			t.Errorf("leases: got %v, want them as before: %v", after, before)
		} else {
			for lease, switches := range before {
				if after[lease] != switches {
					t.Errorf("lease %s was moved: %v", lease, after)
				}
			}
		}
		w.must(l.stop())
		w.complete(live)
		w.put = inside
		w.exactly(s)
	})
}

func TestWindow_HoldsTheRangeAndIsPassedOnlyBeyondTheSkew(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	to := from.Add(time.Hour)
	w := window{from, to}
	for at, want := range map[time.Time]bool{
		from.Add(-time.Millisecond): false, from: true, to.Add(-time.Millisecond): true, to: false, {}: true,
	} {
		if got := w.holds(at); got != want {
			t.Errorf("holds %s: got %t, want %t", at, got, want)
		}
	}
	page := func(behind int64, last ...time.Time) *wire.Page {
		p := &wire.Page{MillisBehindLatest: behind}
		for _, at := range last {
			p.Records = append(p.Records, wire.Record{ArrivedAt: at})
		}
		return p
	}
	beyond := to.Add(arrivalSkew)
	for _, c := range []struct {
		name string
		page *wire.Page
		now  time.Time
		want bool
	}{
		{"the last record is of the range", page(1000, from), beyond, false},
		{"the last record is after it, within the skew", page(1000, to), beyond, false},
		{"one is beyond and a later one is not", page(1000, beyond, to), beyond, false},
		{"the last record is beyond", page(1000, from, beyond), beyond, true},
		{"at the tip before the end", page(0), to, false},
		{"at the tip within the skew", page(0), beyond.Add(-time.Second), false},
		{"at the tip beyond", page(0, from), beyond, true},
		{"a gap on the way to the tip", page(1), beyond, false},
		{"the service does not say where the tip is", page(-1), beyond, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := w.passed(c.page, c.now); got != c.want {
				t.Errorf("passed: got %t, want %t", got, c.want)
			}
			if (window{}).passed(c.page, c.now) {
				t.Error("passed without an end")
			}
		})
	}
}
