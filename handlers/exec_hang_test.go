//go:build unix

package handlers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"korestream/consumer"
)

func TestExec_AHangEndsWithTheContext(t *testing.T) {
	t.Parallel()
	cfg := childOf("hang")
	cfg.StopTimeout = 50 * time.Millisecond
	x, logs := openExec(t, cfg)
	big := fmt.Sprintf(`{"padding": %q}`, strings.Repeat("p", 50<<10)) // ten of them are more than a pipe holds
	if err := x.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for logs.FilterMessage("program says").Len() == 0 {
		time.Sleep(10 * time.Millisecond) // until it ignores SIGTERM
	}
	var all sync.WaitGroup
	for i := range 10 {
		all.Go(func() {
			ctx, cancel := context.WithTimeoutCause(t.Context(), 300*time.Millisecond, errLeaseLost)
			defer cancel()
			begun := time.Now()
			err := x.Handle(ctx, telling(t, fmt.Sprint("EZ", i), big))
			if !IsUnavailable(err) || !errors.Is(err, errLeaseLost) {
				t.Errorf("got %v, want an unavailable error with the context's cause", err)
			}
			if took := time.Since(begun); took > 5*time.Second {
				t.Errorf("got the error after %s, want it after 300 ms", took)
			}
		})
	}
	all.Wait()
	x.child.mu.Lock()
	n := len(x.child.calls)
	x.child.mu.Unlock()
	if n != 0 {
		t.Errorf("got %d calls that wait for an answer still, want none", n)
	}
	pid, begun := pidOf(t, x), time.Now()
	if err := x.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(begun); took < execTermGrace || took > execTermGrace+5*time.Second {
		t.Errorf("got a close of %s, want one of a little over %s: it ignores SIGTERM", took, execTermGrace)
	}
	if !groupIsEmpty(pid) {
		t.Error("the program lives on")
	}
	if ended := logs.FilterMessage("program ended").All(); len(ended) != 1 || ended[0].ContextMap()[consumer.KeyReason] != "signal: killed" {
		t.Errorf("got %v, want one line with the exit status", ended)
	}
}

func TestExec_AProgramThatAnswersNobodyInTimeIsEnded(t *testing.T) {
	t.Parallel()
	cfg := childOf("hang")
	cfg.StopTimeout = 50 * time.Millisecond
	x, _ := openExec(t, cfg)
	if err := x.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	pid := pidOf(t, x)
	for range 3 { // also an event that is tried alone is not to blame for it
		ctx, cancel := context.WithTimeoutCause(t.Context(), 300*time.Millisecond, ErrTimeout)
		err := x.Handle(ctx, telling(t, "EZ1", "{}"))
		cancel()
		if !IsUnavailable(err) {
			t.Errorf("got %v, want an unavailable error", err)
		}
	}
	if !groupIsEmpty(pid) {
		t.Error("the program lives on")
	}
}
