package handlers

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"korestream/consumer"
)

func TestRetryPolicy_Validate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*RetryPolicy)
		want   string
	}{
		{"default", func(*RetryPolicy) {}, ""},
		{"attempts", func(p *RetryPolicy) { p.MaxAttempts = -1 }, "MaxAttempts must not be negative"},
		{"age", func(p *RetryPolicy) { p.MaxAge = -1 }, "MaxAge must not be negative"},
		{"initial", func(p *RetryPolicy) { p.InitialBackoff = 0 }, "InitialBackoff must be above 0"},
		{"longest", func(p *RetryPolicy) { p.MaxBackoff = 1 }, "MaxBackoff (1ns) must not be below InitialBackoff (100ms)"},
		{"timeout", func(p *RetryPolicy) { p.Timeout = -1 }, "Timeout must not be negative"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := DefaultRetryPolicy()
			tt.change(&p)
			err := p.Validate()
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestRetry_WaitsGrowJitteredUpToTheLongest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &scripted{script: repeat(errSinkDown, 200)}
		policy := RetryPolicy{InitialBackoff: 100 * time.Millisecond, MaxBackoff: 3 * time.Second}
		m := newMux(t, &memoryBurier{}, policy, []Route{to(t, "h", h)})
		wantOutcome(t, m, delivery(t, "EZ1", sessionUpdated), consumer.Handled)

		nominal, different := 100*time.Millisecond, map[time.Duration]bool{}
		for i := 1; i < len(h.calls); i++ {
			wait := h.calls[i].Sub(h.calls[i-1])
			different[wait] = true
			if wait < nominal/2 || wait > nominal*3/2+1 {
				t.Errorf("wait %d: got %s, want %s give or take half", i, wait, nominal)
			}
			if wait > policy.MaxBackoff {
				t.Errorf("wait %d: got %s, want at most %s", i, wait, policy.MaxBackoff)
			}
			nominal = min(2*nominal, 2*time.Second)
		}
		if len(different) < 100 {
			t.Errorf("got %d different waits of 200, want them jittered", len(different))
		}
	})
}

func TestRetry_LastAttemptIsAtMaxAge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &scripted{script: repeat(errSinkDown, 1000)}
		policy := DefaultRetryPolicy()
		policy.MaxAttempts, policy.MaxAge = 0, 10*time.Minute
		m := newMux(t, &memoryBurier{}, policy, []Route{to(t, "h", h)})
		wantOutcome(t, m, delivery(t, "EZ1", sessionUpdated), consumer.DeadLettered)
		if age := h.calls[len(h.calls)-1].Sub(h.calls[0]); age != policy.MaxAge {
			t.Errorf("last attempt: got %s after the first, want %s", age, policy.MaxAge)
		}
	})
}

// A slow handler uses up the age, too: it is measured from the first attempt's
// start, not summed over the waits.
func TestRetry_AgeCountsTheAttemptsThemselves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		slow := HandlerFunc(func(context.Context, *consumer.Delivery) error {
			calls++
			time.Sleep(time.Minute)
			return errSinkDown
		})
		policy := DefaultRetryPolicy()
		policy.MaxAttempts, policy.MaxAge, policy.Timeout = 0, 90*time.Second, 0
		m := newMux(t, &memoryBurier{}, policy, []Route{to(t, "slow", slow)})
		wantOutcome(t, m, delivery(t, "EZ1", sessionUpdated), consumer.DeadLettered)
		if calls != 2 {
			t.Errorf("attempts: got %d, want 2", calls)
		}
	})
}

func TestRetry_LogsAFailureWhenItChanges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zapcore.WarnLevel)
		h := &scripted{script: append(repeat(errSinkDown, 5), errors.New("another"))}
		m := newMux(t, &memoryBurier{}, attempts(0), []Route{to(t, "h", h)}, WithLogger(zap.New(core)))
		wantOutcome(t, m, delivery(t, "EZ1", sessionUpdated), consumer.Handled)
		lines := logs.All()
		if len(lines) != 2 {
			t.Fatalf("lines: got %v, want one for each of the two errors", lines)
		}
		first, second := lines[0].ContextMap(), lines[1].ContextMap()
		if first[consumer.KeyError] != errSinkDown.Error() || first[consumer.KeyHandler] != "h" || first[consumer.KeyEventID] != "EZ1" ||
			first[consumer.KeyAttempt] != int64(1) {
			t.Errorf("first line: got %v", first)
		}
		if second[consumer.KeyError] != "another" || second[consumer.KeyCount] != int64(4) {
			t.Errorf("second line: got %v, want the other error and 4 unreported ones", second)
		}
	})
}

func TestRetry_RemindsOfALastingFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zapcore.WarnLevel)
		policy := attempts(0)
		policy.MaxAge = 10 * time.Minute
		m := newMux(t, &memoryBurier{}, policy, []Route{to(t, "h", always(errSinkDown))}, WithLogger(zap.New(core)))
		wantOutcome(t, m, delivery(t, "EZ1", sessionUpdated), consumer.DeadLettered)
		if got := logs.FilterMessage("handle event, trying again").Len(); got < 6 || got > 11 {
			t.Errorf("lines in ten minutes: got %d, want about one a minute", got)
		}
	})
}

func TestPermanent(t *testing.T) {
	t.Parallel()
	if Permanent(nil) != nil {
		t.Error("Permanent(nil): got an error, want nil")
	}
	if IsPermanent(errSinkDown) || !IsPermanent(errors.Join(errSinkDown, Permanent(errLeaseLost))) {
		t.Error("IsPermanent: got the wrong answer")
	}
}
