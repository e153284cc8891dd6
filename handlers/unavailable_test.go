package handlers

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"korestream/consumer"
)

func TestRetry_AnOutageOfTheSinkExhaustsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		down := fmt.Errorf("post: %w", Unavailable(errSinkDown))
		script := append(repeat(down, 50), errors.New("odd"), errors.New("odd"))
		h := &scripted{script: append(script, repeat(down, 50)...)}
		burier := &memoryBurier{}
		policy := RetryPolicy{MaxAttempts: 3, MaxAge: time.Minute, InitialBackoff: time.Second, MaxBackoff: 10 * time.Second}
		m := newMux(t, burier, policy, []Route{to(t, "h", h)})
		wantOutcome(t, m, delivery(t, "EZ1", sessionUpdated), consumer.Handled)
		if n := len(burier.buried()); n != 0 {
			t.Errorf("an outage of %s buried %d events", h.calls[len(h.calls)-1].Sub(h.calls[0]), n)
		}
	})
}

func TestRetry_FailuresOfTheEventStillCountBetweenOutages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		down, odd := Unavailable(errSinkDown), errors.New("odd")
		h := &scripted{script: []error{odd, down, down, odd, down, odd, nil}}
		burier := &memoryBurier{}
		policy := RetryPolicy{MaxAttempts: 3, InitialBackoff: time.Second, MaxBackoff: 10 * time.Second}
		m := newMux(t, burier, policy, []Route{to(t, "h", h)})
		wantOutcome(t, m, delivery(t, "EZ1", sessionUpdated), consumer.DeadLettered)
		if n := len(h.calls); n != 6 {
			t.Errorf("got %d calls, want 6: three failures of the event's own and three of the sink's", n)
		}
	})
}

func TestRetry_ComesBackWhenTheSinkSays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &scripted{script: []error{UnavailableFor(errSinkDown, 7*time.Second), nil}}
		policy := RetryPolicy{MaxAttempts: 1, MaxAge: time.Second, InitialBackoff: time.Millisecond, MaxBackoff: time.Second}
		m := newMux(t, &memoryBurier{}, policy, []Route{to(t, "h", h)})
		wantOutcome(t, m, delivery(t, "EZ1", sessionUpdated), consumer.Handled)
		if got := h.calls[1].Sub(h.calls[0]); got < 7*time.Second {
			t.Errorf("called again after %s, want 7 s", got)
		}
	})
}

func TestClasses_OfNilAreNil(t *testing.T) {
	t.Parallel()
	if Permanent(nil) != nil || Unavailable(nil) != nil || IsPermanent(errSinkDown) || IsUnavailable(Permanent(errSinkDown)) {
		t.Error("a class of nothing is something")
	}
}
