package handlers

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"korestream/consumer"
)

func within(timeout time.Duration) RetryPolicy {
	p := attempts(1)
	p.Timeout = timeout
	return p
}

func TestTimeout_CancelsTheHandlerWithACause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var cause error
		b := &memoryBurier{}
		m := newMux(t, b, within(time.Second), []Route{to(t, "slow", HandlerFunc(func(ctx context.Context, _ *consumer.Delivery) error {
			<-ctx.Done()
			cause = context.Cause(ctx)
			return ctx.Err()
		}))})
		began := time.Now()
		wantOutcome(t, m, delivery(t, "EZ1", sessionUpdated), consumer.DeadLettered)
		if took := time.Since(began); took != time.Second || !errors.Is(cause, ErrTimeout) {
			t.Errorf("got cause %v after %s; want ErrTimeout after 1s", cause, took)
		}
		if err := b.buried()[0].Err; !errors.Is(err, ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("letter: got error %v; want ErrTimeout and what the handler said", err)
		}
		if got := m.Stats().Timeouts; got != 1 {
			t.Errorf("timeouts: got %d, want 1", got)
		}
	})
}

func TestTimeout_IsForEachAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		policy := attempts(2)
		policy.Timeout = time.Second
		m := newMux(t, &memoryBurier{}, policy, []Route{to(t, "slow", HandlerFunc(func(ctx context.Context, _ *consumer.Delivery) error {
			if calls++; calls == 2 {
				return ctx.Err()
			}
			<-ctx.Done()
			return context.Cause(ctx)
		}))})
		wantOutcome(t, m, delivery(t, "EZ1", sessionUpdated), consumer.Handled)
	})
}

func TestTimeout_WaitsForAHandlerThatIgnoresItAndNamesItOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zapcore.ErrorLevel)
		running := false
		m := newMux(t, &memoryBurier{}, within(time.Second), []Route{to(t, "deaf", HandlerFunc(func(context.Context, *consumer.Delivery) error {
			running = true
			time.Sleep(time.Hour)
			running = false
			return nil
		}))}, WithLogger(zap.New(core)))
		wantOutcome(t, m, delivery(t, "EZ1", sessionUpdated), consumer.Handled)
		if running {
			t.Error("Dispatch returned while the handler runs: the key's next event would overtake this one")
		}
		if logs.Len() != 1 {
			t.Fatalf("lines: got %d, want 1", logs.Len())
		}
		line := logs.All()[0].ContextMap()
		if line[consumer.KeyHandler] != "deaf" || line[consumer.KeyEventID] != "EZ1" || line[consumer.KeyAge] != time.Second+hangGrace {
			t.Errorf("line: got %v; want handler deaf, event EZ1, age %s", line, time.Second+hangGrace)
		}
	})
}

func TestTimeout_NamesAHandlerThatIgnoresTheStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zapcore.ErrorLevel)
		m := newMux(t, &memoryBurier{}, within(time.Hour), []Route{to(t, "deaf", HandlerFunc(func(context.Context, *consumer.Delivery) error {
			time.Sleep(time.Minute)
			return nil
		}))}, WithLogger(zap.New(core)))
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(errLeaseLost) })
		if outcome, err := m.Dispatch(ctx, delivery(t, "EZ1", sessionUpdated)); outcome != consumer.Handled || err != nil {
			t.Errorf("got outcome %d, error %v; want Handled", outcome, err)
		}
		if logs.Len() != 1 || logs.All()[0].ContextMap()[consumer.KeyError] != errLeaseLost.Error() {
			t.Errorf("lines: got %v, want one with %q", logs.All(), errLeaseLost)
		}
	})
}

func TestTimeout_SaysNothingOfAHandlerThatObeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zapcore.ErrorLevel)
		m := newMux(t, &memoryBurier{}, within(time.Second), []Route{to(t, "slow", HandlerFunc(func(ctx context.Context, _ *consumer.Delivery) error {
			<-ctx.Done()
			time.Sleep(hangGrace / 2)
			return nil // it got done all the same
		}))}, WithLogger(zap.New(core)))
		wantOutcome(t, m, delivery(t, "EZ1", sessionUpdated), consumer.Handled)
		time.Sleep(time.Hour)
		if logs.Len() != 0 || m.Stats().Timeouts != 0 {
			t.Errorf("got lines %v, %d timeouts; want none", logs.All(), m.Stats().Timeouts)
		}
	})
}

func TestRecovery_APanicIsAnAttemptThatFailed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zapcore.WarnLevel)
		calls := 0
		m := newMux(t, &memoryBurier{}, attempts(3), []Route{to(t, "bad", HandlerFunc(func(context.Context, *consumer.Delivery) error {
			if calls++; calls < 3 {
				panic("boom")
			}
			return nil
		}))}, WithLogger(zap.New(core)))
		wantOutcome(t, m, delivery(t, "EZ1", sessionUpdated), consumer.Handled)
		if s := m.Stats(); s.Panics != 2 || s.Retries != 2 {
			t.Errorf("got %+v, want 2 panics and 2 retries", s)
		}
		if stack, _ := logs.All()[0].ContextMap()[keyStack].(string); !containsAll(stack, "timeout_test.go") {
			t.Errorf("stack in the log: got %q, want one through this file", stack)
		}
	})
}

func TestRecovery_APanicWithAnErrorKeepsIt(t *testing.T) {
	t.Parallel()
	b := &memoryBurier{}
	routes := []Route{
		to(t, "a", HandlerFunc(func(context.Context, *consumer.Delivery) error { panic(errSinkDown) })),
		to(t, "b", &scripted{}),
	}
	m := newMux(t, b, attempts(1), routes)
	wantOutcome(t, m, delivery(t, "EZ1", sessionUpdated), consumer.DeadLettered)
	err := b.buried()[0].Err
	chain := errorChain(err)
	if !errors.Is(err, errSinkDown) || !containsAll(chain[2], "goroutine", "timeout_test.go") || chain[len(chain)-1] != errSinkDown.Error() {
		t.Errorf("got error %v, chain %q; want the panic's error and a stack", err, chain)
	}
}
