package handlers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"korestream/consumer"
	"korestream/event"
)

func ExampleNewMux() {
	all, err := ParsePattern("*")
	if err != nil {
		fmt.Println(err)
		return
	}
	hello := HandlerFunc(func(_ context.Context, d *consumer.Delivery) error {
		fmt.Println("handling", d.Event.ID)
		return nil
	})
	letters := &memoryBurier{} // a daemon uses OpenFileSink
	mux, err := NewMux([]Route{{Name: "hello", Match: []Pattern{all}, Handler: hello}}, letters, DefaultRetryPolicy(),
		WithDeduper(NewMemoryDeduper(DefaultDedupeCount, DefaultDedupeAge)))
	if err != nil {
		fmt.Println(err)
		return
	}
	items, err := event.Decode([]byte(`{"id":"EZ1","type":"com.kore.eventstreams.test.event"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 { // the stream repeats it
		outcome, err := mux.Dispatch(context.Background(), &consumer.Delivery{Event: items[0].Event})
		fmt.Println(outcome == consumer.Handled, outcome == consumer.Duplicate, err)
	}
	// Output:
	// handling EZ1
	// true false <nil>
	// false true <nil>
}

func TestMux_HandlesByEveryMatchingRoute(t *testing.T) {
	t.Parallel()
	var all, sessions, rejections scripted
	m := newMux(t, &memoryBurier{}, attempts(1), []Route{
		to(t, "all", &all),
		{Name: "sessions", Match: []Pattern{pattern(t, "*.none.*"), pattern(t, "*.data-session.*")}, Handler: &sessions},
		{Name: "rejections", Match: []Pattern{pattern(t, "*.rejected")}, Handler: &rejections},
	})
	wantOutcome(t, m, delivery(t, "EZ1", sessionUpdated), consumer.Handled)
	if all.count() != 1 || sessions.count() != 1 || rejections.count() != 0 {
		t.Errorf("calls: got %d, %d, %d; want 1, 1, 0", all.count(), sessions.count(), rejections.count())
	}
}

func TestMux_UnroutedIsHandledAndCounted(t *testing.T) {
	t.Parallel()
	var h scripted
	m := newMux(t, &memoryBurier{}, attempts(1), []Route{{Name: "rejections", Match: []Pattern{pattern(t, "*.rejected")}, Handler: &h}})
	wantOutcome(t, m, delivery(t, "EZ1", sessionUpdated), consumer.Handled)
	if got := m.Stats().Unrouted; got != 1 || h.count() != 0 {
		t.Errorf("got %d unrouted, %d calls; want 1, 0", got, h.count())
	}
}

func TestMux_RetryNeverRerunsWhatSucceeded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		good, bad := &scripted{}, &scripted{script: repeat(errSinkDown, 3)}
		m := newMux(t, &memoryBurier{}, attempts(10), []Route{to(t, "good", good), to(t, "bad", bad)})
		wantOutcome(t, m, delivery(t, "EZ1", sessionUpdated), consumer.Handled)
		if good.count() != 1 || bad.count() != 4 {
			t.Errorf("calls: got %d, %d; want 1, 4", good.count(), bad.count())
		}
		if got := m.Stats().Retries; got != 3 {
			t.Errorf("retries: got %d, want 3", got)
		}
	})
}

// Two handlers that each wait for the other can only both return if they run
// at the same time.
func TestMux_RoutesRunInParallel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		meet := make(chan struct{})
		m := newMux(t, &memoryBurier{}, attempts(1), []Route{
			to(t, "give", HandlerFunc(func(context.Context, *consumer.Delivery) error { meet <- struct{}{}; return nil })),
			to(t, "take", HandlerFunc(func(context.Context, *consumer.Delivery) error { <-meet; return nil })),
		})
		wantOutcome(t, m, delivery(t, "EZ1", sessionUpdated), consumer.Handled)
	})
}

func TestMux_BuriesWhatIsExhausted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var good scripted
		b := &memoryBurier{}
		d := delivery(t, "EZ1", sessionUpdated)
		m := newMux(t, b, attempts(3), []Route{to(t, "good", &good), to(t, "bad", always(errSinkDown))})
		wantOutcome(t, m, d, consumer.DeadLettered)

		letters := b.buried()
		if len(letters) != 1 {
			t.Fatalf("letters: got %d, want 1", len(letters))
		}
		l := letters[0]
		if l.Handler != "bad" || l.Attempts != 3 || l.Reason != consumer.ReasonHandler || !errors.Is(l.Err, errSinkDown) ||
			l.EventID != "EZ1" || l.EventType != sessionUpdated || l.Origin != d.Origin || string(l.Payload) != string(d.Event.Raw) {
			t.Errorf("letter: got %+v", l)
		}
		if good.count() != 1 || m.Stats().Buried != 1 {
			t.Errorf("got %d calls of the good route, %d buried; want 1, 1", good.count(), m.Stats().Buried)
		}
	})
}

func TestMux_BuriesPermanentErrorsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &memoryBurier{}
		m := newMux(t, b, attempts(0), []Route{to(t, "bad", always(fmt.Errorf("post: %w", Permanent(errSinkDown))))})
		began := time.Now()
		wantOutcome(t, m, delivery(t, "EZ1", sessionUpdated), consumer.DeadLettered)
		if waited := time.Since(began); waited != 0 {
			t.Errorf("waited %s, want no wait", waited)
		}
		if l := b.buried()[0]; l.Attempts != 1 || !errors.Is(l.Err, errSinkDown) || !strings.Contains(l.Err.Error(), "permanent") {
			t.Errorf("letter: got %d attempts, error %v; want 1, a permanent one", l.Attempts, l.Err)
		}
	})
}

func TestMux_BuriesOnceForEachRouteThatGaveUp(t *testing.T) {
	t.Parallel()
	b := &memoryBurier{}
	m := newMux(t, b, attempts(1), []Route{to(t, "a", always(errSinkDown)), to(t, "b", always(errSinkDown))})
	wantOutcome(t, m, delivery(t, "EZ1", sessionUpdated), consumer.DeadLettered)
	names := map[string]bool{}
	for _, l := range b.buried() {
		names[l.Handler] = true
	}
	if len(b.buried()) != 2 || !names["a"] || !names["b"] {
		t.Errorf("letters: got handlers %v, want a and b", names)
	}
}

func TestMux_NeverDropsWhatCannotBeBuried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &memoryBurier{down: true}
		bad := &scripted{script: repeat(errSinkDown, 100)}
		m := newMux(t, b, attempts(2), []Route{to(t, "bad", bad)})
		returned := make(chan consumer.Outcome, 1)
		go func() {
			outcome, _ := m.Dispatch(context.Background(), delivery(t, "EZ1", sessionUpdated))
			returned <- outcome
		}()
		time.Sleep(24 * time.Hour)
		select {
		case got := <-returned:
			t.Fatalf("Dispatch returned %d while nothing can be buried", got)
		default:
		}
		b.setDown(false)
		time.Sleep(insistLongest)
		synctest.Wait()
		if got := <-returned; got != consumer.DeadLettered || len(b.buried()) != 1 || bad.count() != 2 {
			t.Errorf("got outcome %d, %d letters, %d attempts; want DeadLettered, 1, 2", got, len(b.buried()), bad.count())
		}
		if got := m.Stats().BuryFailures; got < 24*60*2 {
			t.Errorf("tries to bury: got %d in a day, want one each half minute at least", got)
		}
	})
}

// interruptions are the places in which a dispatch can be when its context ends.
func TestMux_InterruptionIsNotDone(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		burier  *memoryBurier
		policy  RetryPolicy
		handler Handler
	}{
		{"waiting for a retry", &memoryBurier{}, attempts(0), always(errSinkDown)},
		{"waiting to bury", &memoryBurier{down: true}, attempts(1), always(errSinkDown)},
		{"in the handler", &memoryBurier{}, attempts(1), HandlerFunc(func(ctx context.Context, _ *consumer.Delivery) error {
			<-ctx.Done()
			return ctx.Err()
		})},
		{"in the handler, which calls it permanent", &memoryBurier{}, attempts(1), HandlerFunc(func(ctx context.Context, _ *consumer.Delivery) error {
			<-ctx.Done()
			return Permanent(ctx.Err())
		})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tt.policy.Timeout = 0
				var good scripted
				window := NewMemoryDeduper(10, time.Hour)
				m := newMux(t, tt.burier, tt.policy, []Route{to(t, "good", &good), to(t, "bad", tt.handler)}, WithDeduper(window))
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(time.Minute, func() { cancel(errLeaseLost) })
				began := time.Now()
				outcome, err := m.Dispatch(ctx, delivery(t, "EZ1", sessionUpdated))
				if outcome != 0 || !errors.Is(err, errLeaseLost) {
					t.Errorf("got outcome %d, error %v; want none, %v", outcome, err, errLeaseLost)
				}
				if took := time.Since(began); took != time.Minute {
					t.Errorf("returned after %s, want at the end of the context", took)
				}
				if len(tt.burier.buried()) != 0 {
					t.Error("got a dead letter for what was interrupted, want none")
				}
				again := newMux(t, tt.burier, attempts(1), []Route{to(t, "good", &good)}, WithDeduper(window))
				wantOutcome(t, again, delivery(t, "EZ1", sessionUpdated), consumer.Handled)
			})
		})
	}
}

func TestMux_EndedContextReachesNoHandler(t *testing.T) {
	t.Parallel()
	var h scripted
	m := newMux(t, &memoryBurier{}, attempts(1), []Route{to(t, "h", &h)})
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errLeaseLost)
	_, err := m.Dispatch(ctx, delivery(t, "EZ1", sessionUpdated))
	if !errors.Is(err, errLeaseLost) || h.count() != 0 {
		t.Errorf("got error %v, %d calls; want %v, 0", err, h.count(), errLeaseLost)
	}
}

// What succeeded although the context ended is done.
func TestMux_SuccessBeatsInterruption(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	m := newMux(t, &memoryBurier{}, attempts(1), []Route{to(t, "h", HandlerFunc(func(context.Context, *consumer.Delivery) error {
		cancel(errLeaseLost)
		return nil
	}))}, WithDeduper(NewMemoryDeduper(1, time.Hour)))
	outcome, err := m.Dispatch(ctx, delivery(t, "EZ1", sessionUpdated))
	if outcome != consumer.Handled || err != nil {
		t.Errorf("got outcome %d, error %v; want Handled", outcome, err)
	}
	wantOutcome(t, m, delivery(t, "EZ1", sessionUpdated), consumer.Duplicate)
}

func TestNewMux_SaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	ok := to(t, "a", &scripted{})
	tests := []struct {
		name   string
		routes []Route
		burier consumer.Burier
		policy RetryPolicy
		want   string
	}{
		{"no burier", []Route{ok}, nil, attempts(1), "needs a burier"},
		{"no name", []Route{{Match: ok.Match, Handler: ok.Handler}}, &memoryBurier{}, attempts(1), "route 1 has no name"},
		{"same name", []Route{ok, ok}, &memoryBurier{}, attempts(1), `two routes are named "a"`},
		{"no handler", []Route{{Name: "a", Match: ok.Match}}, &memoryBurier{}, attempts(1), "no handler"},
		{"no pattern", []Route{{Name: "a", Handler: ok.Handler}}, &memoryBurier{}, attempts(1), "matches nothing"},
		{"policy", []Route{ok}, &memoryBurier{}, RetryPolicy{}, "InitialBackoff must be above 0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := NewMux(tt.routes, tt.burier, tt.policy)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func BenchmarkMux_Dispatch(b *testing.B) {
	for _, routes := range []int{1, 2} {
		b.Run(fmt.Sprintf("routes=%d", routes), func(b *testing.B) {
			rs := make([]Route, routes)
			for i := range rs {
				rs[i] = to(b, fmt.Sprint(i), HandlerFunc(func(context.Context, *consumer.Delivery) error { return nil }))
			}
			m := newMux(b, &memoryBurier{}, DefaultRetryPolicy(), rs)
			d := delivery(b, "EZ1", sessionUpdated)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Dispatch(context.Background(), d); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
