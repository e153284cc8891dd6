package handlers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"korestream/consumer"
)

// batches is a batch handler that notes what it gets and answers by a function.
type batches struct {
	answer func(ctx context.Context, ds []*consumer.Delivery) []error

	mu    sync.Mutex
	calls [][]string
}

func (b *batches) Handle(ctx context.Context, d *consumer.Delivery) error {
	return b.HandleBatch(ctx, []*consumer.Delivery{d})[0]
}

func (b *batches) HandleBatch(ctx context.Context, ds []*consumer.Delivery) []error {
	var ids []string
	for _, d := range ds {
		ids = append(ids, d.Event.ID)
	}
	b.mu.Lock()
	b.calls = append(b.calls, ids)
	b.mu.Unlock()
	return b.answer(ctx, ds)
}

func allDone(context.Context, []*consumer.Delivery) []error { return nil }

func batchMux(t *testing.T, h Handler, b consumer.Burier, p RetryPolicy, batch BatchPolicy) *Mux {
	t.Helper()
	r := to(t, "sink", h)
	r.Batch = batch
	return newMux(t, b, p, []Route{r})
}

// dispatchAll dispatches events of as many SIMs at once and returns what became
// of each.
func dispatchAll(t *testing.T, ctx context.Context, m *Mux, n int) ([]consumer.Outcome, []error) {
	t.Helper()
	outcomes, errs := make([]consumer.Outcome, n), make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		d := deliveryOf(t, fmt.Sprintf(`{"data": {"sim_sid": "HS%d"}, "id": "e%d", "type": %q}`, i, i, sessionUpdated))
		wg.Go(func() { outcomes[i], errs[i] = m.Dispatch(ctx, d) })
		synctest.Wait() // in this order
	}
	wg.Wait()
	return outcomes, errs
}

func TestBatch_FullOnesGoAtOnceAndTheRestWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &batches{answer: allDone}
		m := batchMux(t, h, &memoryBurier{}, attempts(1), BatchPolicy{MaxEvents: 4, MaxWait: time.Second})
		began := time.Now()
		_, errs := dispatchAll(t, t.Context(), m, 10)
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		if got, want := fmt.Sprint(h.calls), "[[e0 e1 e2 e3] [e4 e5 e6 e7] [e8 e9]]"; got != want {
			t.Errorf("batches: got %s, want %s", got, want)
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("the last batch went after %s, want its MaxWait, 1s", took)
		}
	})
}

func TestBatch_OnlyWhatFailedIsTriedAgainAndOnlyItIsBuried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &batches{answer: func(_ context.Context, ds []*consumer.Delivery) []error {
			errs := make([]error, len(ds))
			for i, d := range ds {
				switch d.Event.ID {
				case "e1":
					errs[i] = Permanent(errors.New("refused"))
				case "e2":
					errs[i] = errors.New("not now")
				}
			}
			return errs
		}}
		b := &memoryBurier{}
		m := batchMux(t, h, b, attempts(3), BatchPolicy{MaxEvents: 4, MaxWait: time.Second})
		outcomes, errs := dispatchAll(t, t.Context(), m, 4)
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprint([]consumer.Outcome{consumer.Handled, consumer.DeadLettered, consumer.DeadLettered, consumer.Handled})
		if got := fmt.Sprint(outcomes); got != want {
			t.Errorf("outcomes: got %s, want %s", got, want)
		}
		if got, want := fmt.Sprint(h.calls), "[[e0 e1 e2 e3] [e2] [e2]]"; got != want {
			t.Errorf("calls: got %s, want %s", got, want)
		}
		if got := len(b.buried()); got != 2 {
			t.Errorf("buried: got %d, want e1 and e2", got)
		}
	})
}

func TestBatch_AnEventThatIsCutOffWhileItWaitsIsNotHandled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &batches{answer: allDone}
		m := batchMux(t, h, &memoryBurier{}, attempts(1), BatchPolicy{MaxEvents: 4, MaxWait: time.Minute})
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(errLeaseLost) })
		_, errs := dispatchAll(t, ctx, m, 2)
		for i, err := range errs {
			if !errors.Is(err, errLeaseLost) {
				t.Errorf("event %d: got %v, want the cause", i, err)
			}
		}
		time.Sleep(2 * time.Minute)
		if len(h.calls) != 0 {
			t.Errorf("handled after it was cut off: %v", h.calls)
		}
	})
}

func TestBatch_OneThatIsCutOffUnderWayTakesTheOthersWithItUnblamed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first := true
		h := &batches{answer: func(ctx context.Context, ds []*consumer.Delivery) []error {
			if !first {
				return nil
			}
			first = false
			<-ctx.Done()
			return alike(ctx.Err(), len(ds))
		}}
		b := &memoryBurier{}
		m := batchMux(t, h, b, attempts(1), BatchPolicy{MaxEvents: 2, MaxWait: time.Second})
		lost, cancel := context.WithCancelCause(t.Context())
		var wg sync.WaitGroup
		var lostErr, keptErr error
		wg.Go(func() { _, lostErr = m.Dispatch(lost, delivery(t, "lost", sessionUpdated)) })
		wg.Go(func() { _, keptErr = m.Dispatch(t.Context(), delivery(t, "kept", sessionUpdated)) })
		time.Sleep(3 * time.Second)
		cancel(errLeaseLost)
		wg.Wait()
		if !errors.Is(lostErr, errLeaseLost) || keptErr != nil {
			t.Errorf("got %v and %v; want the cause, and the other one handled", lostErr, keptErr)
		}
		if n := len(b.buried()); n != 0 {
			t.Errorf("buried %d events that were cut off", n)
		}
	})
}

func TestBatch_APanicOrAWrongAnswerFailsEveryEventOfIt(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(context.Context, []*consumer.Delivery) []error{
		"a panic":         func(context.Context, []*consumer.Delivery) []error { panic("no such column") },
		"answered for 1 ": func(context.Context, []*consumer.Delivery) []error { return []error{nil} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := &memoryBurier{}
				m := batchMux(t, &batches{answer: answer}, b, attempts(1), BatchPolicy{MaxEvents: 3, MaxWait: time.Second})
				if _, errs := dispatchAll(t, t.Context(), m, 3); errors.Join(errs...) != nil {
					t.Fatal(errs)
				}
				if got := len(b.buried()); got != 3 {
					t.Errorf("buried: got %d, want 3", got)
				}
			})
		})
	}
}

func TestBatch_IsRefusedForAHandlerThatTakesNone(t *testing.T) {
	t.Parallel()
	r := to(t, "one", always(nil))
	r.Batch = BatchPolicy{MaxEvents: 10, MaxWait: time.Second}
	_, err := NewMux([]Route{r}, &memoryBurier{}, attempts(1))
	if err == nil || !strings.Contains(err.Error(), `"one"`) || !strings.Contains(err.Error(), "one event at a time") {
		t.Errorf("got %v", err)
	}
}
