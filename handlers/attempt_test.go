package handlers

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"korestream/consumer"
	"korestream/event"
)

func attemptOf(ctx context.Context, after time.Duration) *attempt {
	t := newTimeout(nil, "h", after, &counters{}, zap.NewNop())
	t.cause = ErrTimeout
	return t.begin(ctx, &consumer.Delivery{Event: &event.Event{}}, time.Now())
}

// TestAttempt_IsAContextLikeAnyOther holds it against the one that it stands for,
// asked in every order.
func TestAttempt_IsAContextLikeAnyOther(t *testing.T) {
	t.Parallel()
	type key struct{}
	ends := map[string]func(cancel context.CancelCauseFunc){
		"nothing":         func(context.CancelCauseFunc) {},
		"the deadline":    func(context.CancelCauseFunc) { time.Sleep(2 * time.Second) },
		"the lease":       func(cancel context.CancelCauseFunc) { cancel(errLeaseLost) },
		"both, it first":  func(cancel context.CancelCauseFunc) { time.Sleep(2 * time.Second); cancel(errLeaseLost) },
		"both, it second": func(cancel context.CancelCauseFunc) { cancel(errLeaseLost); time.Sleep(2 * time.Second) },
	}
	for name, end := range ends {
		for _, asked := range []string{"never", "before", "for a child"} {
			t.Run(name+"/"+asked, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					parent, cancel := context.WithCancelCause(context.WithValue(t.Context(), key{}, "v"))
					defer cancel(nil)
					a := attemptOf(parent, time.Second)
					defer a.end()
					want, stop := context.WithDeadlineCause(parent, a.deadline(), ErrTimeout)
					defer stop()
					var child context.Context = a
					switch asked {
					case "before":
						a.Done()
					case "for a child":
						var stop context.CancelFunc
						child, stop = context.WithCancel(a)
						defer stop()
					}
					if asked == "never" && name == "both, it first" {
						want = parent // who asks when both have ended hears of the parent
					}
					end(cancel)
					synctest.Wait()
					for _, got := range []context.Context{a, child} {
						if got.Err() != want.Err() || context.Cause(got) != context.Cause(want) || isClosed(got.Done()) != isClosed(want.Done()) {
							t.Errorf("got %v, cause %v, done %t; want %v, %v, %t", got.Err(), context.Cause(got), isClosed(got.Done()),
								want.Err(), context.Cause(want), isClosed(want.Done()))
						}
					}
					at, _ := a.Deadline()
					if wantAt := a.deadline(); !at.Equal(wantAt) || a.Value(key{}) != "v" {
						t.Errorf("got deadline %s and value %v, want %s and v", at, a.Value(key{}), wantAt)
					}
				})
			})
		}
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestAttempt_TakesTheEarlierDeadline(t *testing.T) {
	t.Parallel()
	parent, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	want, _ := parent.Deadline()
	a := attemptOf(parent, time.Hour)
	defer a.end()
	if at, ok := a.Deadline(); !ok || !at.Equal(want) {
		t.Errorf("got %s, want the parent's, %s", at, want)
	}
}

func TestAttempt_EndsForThoseWhoLookTooLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := attemptOf(t.Context(), time.Hour)
		a.end()
		if !errors.Is(a.Err(), context.Canceled) || !isClosed(a.Done()) {
			t.Errorf("got %v after the call, want a context that has ended and a timer that is not left behind", a.Err())
		}
	})
}

func TestAttempt_HasNoTimerUnlessSomebodyLooks(t *testing.T) {
	t.Parallel()
	a := attemptOf(t.Context(), time.Hour)
	defer a.end()
	if a.Err() != nil || a.armed.Load() != nil {
		t.Errorf("got %v, armed %t; want neither before somebody asks for more", a.Err(), a.armed.Load() != nil)
	}
	if a.Done(); a.armed.Load() == nil {
		t.Error("not armed though somebody waits for its end")
	}
}
