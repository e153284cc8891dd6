package handlers

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"korestream/consumer"
)

func exhaustedPolicy(e Exhausted) RetryPolicy {
	return RetryPolicy{MaxAttempts: 2, InitialBackoff: time.Millisecond, MaxBackoff: time.Second, OnExhausted: e}
}

func TestMux_DropCountsAndGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		burier := &memoryBurier{}
		m := newMux(t, burier, exhaustedPolicy(Drop), []Route{to(t, "h", &scripted{script: repeat(errSinkDown, 5)})})
		wantOutcome(t, m, delivery(t, "EZ1", sessionUpdated), consumer.Dropped)
		if st := m.Stats(); st.Dropped != 1 || st.Buried != 0 || len(burier.buried()) != 0 {
			t.Errorf("got %+v and %d letters, want one dropped and none buried", st, len(burier.buried()))
		}
	})
}

func TestMux_ParkTriesUntilItIsHandledAndCallsNoOtherHandlerAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		burier := &memoryBurier{}
		failing, fine := &scripted{script: append(repeat(errSinkDown, 40), Permanent(errors.New("odd")), nil)}, &scripted{script: []error{nil}}
		m := newMux(t, burier, exhaustedPolicy(Park), []Route{to(t, "failing", failing), to(t, "fine", fine)})
		done := make(chan struct{})
		go func() {
			defer close(done)
			wantOutcome(t, m, delivery(t, "EZ1", sessionUpdated), consumer.Handled)
		}()
		time.Sleep(5500 * time.Millisecond)
		if n := m.Stats().Parked; n != 1 {
			t.Errorf("parked: got %d, want 1", n)
		}
		<-done
		if len(burier.buried()) != 0 || len(failing.calls) != 42 || len(fine.calls) != 1 || m.Stats().Parked != 0 {
			t.Errorf("got %d letters, %d and %d calls, %d parked; want none, 42, 1, none",
				len(burier.buried()), len(failing.calls), len(fine.calls), m.Stats().Parked)
		}
	})
}

func TestMux_ParkEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMux(t, &memoryBurier{}, exhaustedPolicy(Park), []Route{to(t, "h", &scripted{script: repeat(errSinkDown, 1000)})})
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(10*time.Second, func() { cancel(errLeaseLost) })
		if _, err := m.Dispatch(ctx, delivery(t, "EZ1", sessionUpdated)); !errors.Is(err, errLeaseLost) {
			t.Errorf("got %v, want the context's cause", err)
		}
	})
}
