package consumer

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// follower is a BatchObserver that keeps all it is told.
type follower struct {
	// ignore, if set, says whom nobody follows.
	ignore func(f Fetched) bool

	mu      sync.Mutex // guards batches and what is in them
	batches []*entry
}

// entry is one batch of a follower.
type entry struct {
	of       *follower
	fetched  Fetched
	accepted []string // IDs
	results  []BatchResult
}

type entryKey struct{}

func (l *follower) Begin(f Fetched) Batch {
	if l.ignore != nil && l.ignore(f) {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	e := &entry{of: l, fetched: f}
	l.batches = append(l.batches, e)
	return e
}

func (e *entry) Accepted(d *Delivery) {
	e.of.mu.Lock()
	defer e.of.mu.Unlock()
	e.accepted = append(e.accepted, strings.Clone(d.Event.ID))
}

func (e *entry) Context(ctx context.Context) context.Context {
	return context.WithValue(ctx, entryKey{}, e)
}

func (e *entry) End(r BatchResult) {
	e.of.mu.Lock()
	defer e.of.mu.Unlock()
	e.results = append(e.results, r)
}

// total fails the test unless each batch has ended once, with the events that it
// had, and returns the sum.
func (l *follower) total(t *testing.T) (sum BatchResult) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.batches {
		if len(e.results) != 1 {
			t.Errorf("batch %s to %s ended %d times, want once", e.fetched.First, e.fetched.Last, len(e.results))
			continue
		}
		r := e.results[0]
		if r.Events < len(e.accepted) || e.fetched.Records < 1 || e.fetched.First > e.fetched.Last || e.fetched.Bytes == 0 {
			t.Errorf("batch %+v ended as %+v with %d events accepted", e.fetched, r, len(e.accepted))
		}
		sum.Events += r.Events
		sum.Handled += r.Handled
		sum.Duplicates += r.Duplicates
		sum.DeadLettered += r.DeadLettered
		sum.Dropped += r.Dropped
		sum.Parked += r.Parked
		sum.Unfinished += r.Unfinished
	}
	return sum
}

// ids are those accepted, batch by batch.
func (l *follower) ids() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []string
	for _, e := range l.batches {
		all = append(all, e.accepted...)
	}
	return all
}

func TestBatches_HaveEachEventInOneAndEndWhenAllOfItIsSettled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, l := newWorld(t, 1), &follower{}
		w.batches = l
		s := &sink{handle: func(ctx context.Context, d *Delivery) error {
			e, ok := ctx.Value(entryKey{}).(*entry)
			if !ok {
				t.Errorf("the context of %s holds nothing of its batch", d.Event.ID)
				return nil
			}
			l.mu.Lock()
			defer l.mu.Unlock()
			if !slices.Contains(e.accepted, d.Event.ID) || len(e.results) > 0 {
				t.Errorf("%s was handled under a batch with %v that ended %d times", d.Event.ID, e.accepted, len(e.results))
			}
			return nil
		}}
		w.putEvents(20, testSIMs...)
		w.putRaw("HS1", "this is no event")
		p := w.start("one", s)
		w.awaitEvents(s)
		w.await("the letter", func() bool { return len(s.reasons()) == 1 })
		w.putEvents(5, testSIMs...)
		w.awaitEvents(s)
		w.must(p.stop())
		if got := l.ids(); !slices.Equal(got, w.put) {
			t.Errorf("accepted %d events, want the %d that were put, in their order", len(got), len(w.put))
		}
		want := BatchResult{Events: len(w.put) + 1, Handled: len(w.put), DeadLettered: 1}
		if got := l.total(t); got != want {
			t.Errorf("batches: got %+v, want %+v", got, want)
		}
	})
}

func TestBatches_AParkedKeyDoesNotHoldTheEndUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, l := newWorld(t, 1), &follower{}
		w.batches, w.quiet = l, true
		w.putEvents(3, "HS1", "HS2")
		poison := w.put[0]
		var lift sync.Once
		lifted := make(chan struct{})
		s := &sink{handle: func(ctx context.Context, d *Delivery) error {
			select {
			case <-lifted:
				if d.Event.ID == poison && ctx.Value(entryKey{}) != nil {
					t.Error("the context of an event that was parked still holds its batch")
				}
				return nil
			default:
			}
			if d.Event.ID == poison {
				return errTest
			}
			return nil
		}}
		p := w.start("one", s)
		w.await("the park", func() bool { st := p.c.Status().Shards; return len(st) == 1 && len(st[0].Parked) == 1 })
		w.await("the others' end", func() bool { return len(s.ids()) == 3 })
		w.putEvents(1, "HS2")
		w.await("the next batch", func() bool { return len(s.ids()) == 4 })
		lift.Do(func() { close(lifted) })
		w.awaitEvents(s)
		w.must(p.stop())
		want := BatchResult{Events: 7, Handled: 6, Parked: 1}
		if got := l.total(t); got != want {
			t.Errorf("batches: got %+v, want %+v", got, want)
		}
	})
}

func TestBatches_EndWithTheShardWhateverIsUnfinished(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, l := newWorld(t, 1), &follower{}
		w.batches = l
		w.putEvents(50, "HS1")
		s := &sink{handle: func(context.Context, *Delivery) error { time.Sleep(time.Second); return nil }}
		p := w.start("one", s)
		w.await("some", func() bool { return len(s.ids()) >= 5 })
		w.must(p.stop())
		got, done := l.total(t), len(s.ids())
		if want := (BatchResult{Events: 50, Handled: done, Unfinished: 50 - done}); got != want || done == 50 {
			t.Errorf("batches: got %+v, want %+v", got, want)
		}
	})
}

func TestBatches_NobodyFollowsWhatTheObserverLeavesOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		n := 0
		l := &follower{ignore: func(Fetched) bool { n++; return n == 1 }}
		w.batches = l
		var bare sync.Map
		s := &sink{handle: func(ctx context.Context, d *Delivery) error {
			bare.Store(d.Event.ID, ctx.Value(entryKey{}) == nil)
			return nil
		}}
		w.putEvents(10, "HS1")
		p := w.start("one", s)
		w.awaitEvents(s)
		w.putEvents(10, "HS1")
		w.awaitEvents(s)
		w.must(p.stop())
		for i, id := range w.put {
			if got, _ := bare.Load(id); got != (i < 10) {
				t.Errorf("%s has no batch: got %v, want %v", id, got, i < 10)
			}
		}
		if got := l.total(t); got.Events != 10 {
			t.Errorf("followed %d events, want the 10 of the second batch", got.Events)
		}
	})
}

// unmoved follows batches and does nothing with them.
type unmoved struct{}

func (unmoved) Begin(Fetched) Batch                         { return unmoved{} }
func (unmoved) Accepted(*Delivery)                          {}
func (unmoved) Context(ctx context.Context) context.Context { return ctx }
func (unmoved) End(BatchResult)                             {}
