package handlers

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"korestream/consumer"
)

func TestMux_DuplicatesReachNoHandler(t *testing.T) {
	t.Parallel()
	var h scripted
	m := newMux(t, &memoryBurier{}, attempts(1), []Route{to(t, "h", &h)}, WithDeduper(NewMemoryDeduper(10, time.Hour)))
	d := delivery(t, "EZ1", sessionUpdated)
	wantOutcome(t, m, d, consumer.Handled)
	wantOutcome(t, m, d, consumer.Duplicate)
	if h.count() != 1 || m.Stats().Duplicates != 1 {
		t.Errorf("got %d calls, %d duplicates; want 1, 1", h.count(), m.Stats().Duplicates)
	}
}

func TestMux_DuplicateOfADeadLetterIsADuplicate(t *testing.T) {
	t.Parallel()
	b := &memoryBurier{}
	m := newMux(t, b, attempts(1), []Route{to(t, "h", always(errSinkDown))}, WithDeduper(NewMemoryDeduper(10, time.Hour)))
	wantOutcome(t, m, delivery(t, "EZ1", sessionUpdated), consumer.DeadLettered)
	wantOutcome(t, m, delivery(t, "EZ1", sessionUpdated), consumer.Duplicate)
	if len(b.buried()) != 1 {
		t.Errorf("letters: got %d, want 1", len(b.buried()))
	}
}

func TestMux_DuplicateOfWhatWasInterruptedTakesOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &scripted{script: repeat(errSinkDown, 1)}
		m := newMux(t, &memoryBurier{}, attempts(0), []Route{to(t, "h", h)}, WithDeduper(NewMemoryDeduper(10, time.Hour)))
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() {
			if _, err := m.Dispatch(ctx, delivery(t, "EZ1", sessionUpdated)); !errors.Is(err, errLeaseLost) {
				t.Errorf("first delivery: got %v, want %v", err, errLeaseLost)
			}
		}()
		synctest.Wait()
		cancel(errLeaseLost)
		wantOutcome(t, m, delivery(t, "EZ1", sessionUpdated), consumer.Handled)
	})
}

// The legacy producer's test events share one id.
func TestMux_EventsWithoutADedupeIDAreAlwaysHandled(t *testing.T) {
	t.Parallel()
	var h scripted
	m := newMux(t, &memoryBurier{}, attempts(1), []Route{to(t, "h", &h)}, WithDeduper(NewMemoryDeduper(10, time.Hour)))
	d := deliveryOf(t, `{"id":"AC00000000000000000000000000000001","type":"com.twilio.eventstreams.test-event","data":{}}`)
	wantOutcome(t, m, d, consumer.Handled)
	wantOutcome(t, m, d, consumer.Handled)
	if h.count() != 2 {
		t.Errorf("calls: got %d, want 2", h.count())
	}
}

// flakyDeduper stands for one with a store that can be out of reach.
type flakyDeduper struct {
	*MemoryDeduper
	failures int
}

func (f *flakyDeduper) Claim(ctx context.Context, id string) (Claim, error) {
	if f.failures > 0 {
		f.failures--
		return nil, errSinkDown
	}
	return f.MemoryDeduper.Claim(ctx, id)
}

func TestMux_AnErrorOfTheDeduperIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var h scripted
		f := &flakyDeduper{MemoryDeduper: NewMemoryDeduper(10, time.Hour), failures: 5}
		m := newMux(t, &memoryBurier{}, attempts(1), []Route{to(t, "h", &h)}, WithDeduper(f))
		wantOutcome(t, m, delivery(t, "EZ1", sessionUpdated), consumer.Handled)
		if h.count() != 1 || f.failures != 0 {
			t.Errorf("got %d calls, %d failures left; want 1, 0", h.count(), f.failures)
		}
		f.failures = 1 << 30
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, errLeaseLost)
		defer cancel()
		if _, err := m.Dispatch(ctx, delivery(t, "EZ2", sessionUpdated)); !errors.Is(err, errLeaseLost) || !errors.Is(err, errSinkDown) {
			t.Errorf("got error %v; want %v and %v", err, errLeaseLost, errSinkDown)
		}
		if h.count() != 1 {
			t.Errorf("calls: got %d, want an event that cannot be claimed not to be handled", h.count())
		}
	})
}
