//go:build unix

package handlers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"korestream/consumer"
)

func TestExec_LosesAndBuriesNothingWhenTheProgramIsKilled(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "handled")
	x, logs := openExec(t, childOf("record", "RECORD="+path))
	burier := &memoryBurier{}
	policy := attempts(1) // an attempt of the event's own would bury it
	policy.InitialBackoff, policy.MaxBackoff = 5*time.Millisecond, 20*time.Millisecond
	m := newMux(t, burier, policy, []Route{to(t, "exec", x)})
	const lanes, each = 16, 200
	var handled atomic.Int64
	var all sync.WaitGroup
	for lane := range lanes {
		all.Go(func() {
			for i := range each {
				d := telling(t, fmt.Sprintf("EZ%d-%d", lane, i), "{}")
				if outcome, err := m.Dispatch(context.Background(), d); err != nil || outcome != consumer.Handled {
					t.Errorf("got outcome %d, error %v; want handled", outcome, err)
				}
				handled.Add(1)
			}
		})
	}
	for _, after := range []int64{300, 1500} {
		waitHandled(t, &handled, after)
		if err := syscall.Kill(pidOf(t, x), syscall.SIGKILL); err != nil {
			t.Error(err)
		}
	}
	all.Wait()
	if n := len(burier.buried()); n > 0 {
		t.Errorf("got %d dead letters, want none", n)
	}
	wantRecorded(t, path, lanes, each)
	if n := logs.FilterMessage("program started").Len(); n != 3 {
		t.Errorf("got %d starts, want 3", n)
	}
	if !endedWith(logs, "signal: killed") {
		t.Errorf("got no exit status in the log: %v", logs.All())
	}
}

// wantRecorded wants every event in the file, those of a lane in their order but
// for repeats.
func wantRecorded(t *testing.T, path string, lanes, each int) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	next := make([]int, lanes)
	for _, id := range strings.Fields(string(text)) {
		var lane, i int
		if _, err := fmt.Sscanf(id, "EZ%d-%d", &lane, &i); err != nil {
			t.Fatal(err)
		}
		if i > next[lane] {
			t.Errorf("lane %d: got event %d, want %d", lane, i, next[lane])
		}
		next[lane] = max(next[lane], i+1)
	}
	for lane, n := range next {
		if n != each {
			t.Errorf("lane %d: got %d events, want %d", lane, n, each)
		}
	}
}

func TestExec_AProgramThatKeepsEndingIsStartedSeldom(t *testing.T) {
	t.Parallel()
	x, logs := openExec(t, childOf("exit"))
	var longest time.Duration
	deadline := time.Now().Add(30 * time.Second)
	for longest < 2*execFirstDelay && time.Now().Before(deadline) {
		err := x.Handle(t.Context(), telling(t, "EZ1", "{}"))
		if !IsUnavailable(err) {
			t.Fatalf("got %v, want an unavailable error", err)
		}
		longest = max(longest, classOf(err).after)
		time.Sleep(5 * time.Millisecond)
	}
	if n := logs.FilterMessage("program started").Len(); n < 2 || n > 8 {
		t.Errorf("got %d starts, want a few: 100 ms apart and doubling", n)
	}
	if longest < 2*execFirstDelay {
		t.Errorf("got waits of up to %s, want them to grow", longest)
	}
	for range 20 {
		x.wait(time.Now(), errSinkDown)
	}
	if wait := time.Until(x.notBefore); wait > execLongestDelay || wait < execLongestDelay/4 {
		t.Errorf("got a wait of %s after many ends, want up to %s", wait, execLongestDelay)
	}
	x.ranUntil(&execChild{began: time.Now().Add(-execLongestDelay), goneAt: time.Now()})
	if wait := time.Until(x.notBefore); wait > 2*execFirstDelay {
		t.Errorf("got a wait of %s after a long life, want about %s", wait, execFirstDelay)
	}
	if !endedWith(logs, "exit status 7") {
		t.Errorf("got no exit status in the log: %v", logs.All())
	}
}

func TestExec_TheEventThatTheProgramDiesOfIsFoundAndBuried(t *testing.T) {
	t.Parallel()
	for role, wantErr := range map[string]error{"fragile": errExecEnded, "stuck": errExecSilent} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			cfg := childOf(role)
			cfg.StopTimeout = 50 * time.Millisecond
			x, _ := openExec(t, cfg)
			burier := &memoryBurier{}
			policy := attempts(2)
			policy.InitialBackoff, policy.MaxBackoff = 5*time.Millisecond, 50*time.Millisecond
			if role == "stuck" {
				policy.Timeout = time.Second
			}
			m := newMux(t, burier, policy, []Route{to(t, "exec", x)})
			var all sync.WaitGroup
			var done atomic.Bool
			for lane := range 8 {
				all.Go(func() { // they go on for as long as the poison is there
					for i := 0; !done.Load(); i++ {
						wantOutcome(t, m, telling(t, fmt.Sprintf("EZ%d-%d", lane, i), "{}"), consumer.Handled)
						time.Sleep(time.Millisecond)
					}
				})
			}
			wantOutcome(t, m, telling(t, "poison", "{}"), consumer.DeadLettered)
			done.Store(true)
			all.Wait()
			if letters := burier.buried(); len(letters) != 1 || letters[0].EventID != "poison" || !errors.Is(letters[0].Err, wantErr) {
				t.Errorf("got letters %v, want one of the poison because %v", letters, wantErr)
			}
		})
	}
}

func TestExec_AProgramThatIsNotThereIsUnavailable(t *testing.T) {
	t.Parallel()
	cfg := DefaultExecConfig()
	cfg.Command = []string{filepath.Join(t.TempDir(), "none")}
	x, _ := openExec(t, cfg)
	if err := x.Start(t.Context()); err == nil {
		t.Error("Start: got nil, want an error")
	}
	if err := x.Handle(t.Context(), telling(t, "EZ1", "{}")); !IsUnavailable(err) || classOf(err).after <= 0 {
		t.Errorf("got %v, want an unavailable error that says when to come back", err)
	}
}

func TestExec_AProgramThatClosesItsStdoutIsEnded(t *testing.T) {
	t.Parallel()
	x, logs := openExec(t, childOf("mute"))
	if err := x.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	pid := pidOf(t, x)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := x.Handle(ctx, telling(t, "EZ1", "{}")); !IsUnavailable(err) || ctx.Err() != nil {
		t.Errorf("got %v, want an unavailable error without waiting for the context", err)
	}
	if !groupIsEmpty(pid) {
		t.Error("the program lives on")
	}
	if logs.FilterMessage("program says").Len() != 1 {
		t.Errorf("got %v, want its stderr", logs.All())
	}
}

func TestExec_CloseAwaitsTheAnswersAndThenLeavesNothing(t *testing.T) {
	t.Parallel()
	x, _ := openExec(t, childOf("shuffle"))
	if err := x.Handle(t.Context(), telling(t, "EZ0", "{}")); err != nil {
		t.Fatal(err)
	}
	pid := pidOf(t, x)
	begun := time.Now()
	for range 2 {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("got a close of %s, want one as soon as the program ends", took)
	}
	if !groupIsEmpty(pid) {
		t.Error("the program lives on")
	}
	if err := x.Handle(t.Context(), telling(t, "EZ1", "{}")); !IsUnavailable(err) {
		t.Errorf("after Close: got %v, want an unavailable error", err)
	}
	if err := x.Start(t.Context()); err == nil {
		t.Error("after Close: Start made a program")
	}
}

func TestExec_CloseTerminatesWhatDoesNotEndByItself(t *testing.T) {
	t.Parallel()
	cfg := childOf("deaf")
	cfg.StopTimeout = 300 * time.Millisecond
	x, logs := openExec(t, cfg)
	if err := x.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	_ = x.Close()
	if took := time.Since(begun); took < cfg.StopTimeout {
		t.Errorf("got a close of %s, want StopTimeout", took)
	}
	if ended := logs.FilterMessage("program ended").All(); len(ended) != 1 || ended[0].ContextMap()[consumer.KeyReason] != "signal: terminated" {
		t.Errorf("got %v, want an end by SIGTERM", ended)
	}
}

// The program is of sed, and none of ours.
func TestExec_WorksWithAShellScript(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"sh", "sed"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs %s: %v", tool, err)
		}
	}
	cfg := DefaultExecConfig()
	cfg.Dir = t.TempDir()
	// Its grandchild sleeps on in the group.
	cfg.Command = []string{"sh", "-c", `sleep 1000 & echo "$HELLO" > hello
		while IFS= read -r line; do
			printf '%s\n' "$line" | sed -n \
				-e '/"bad":true/s/^{"id":"\([0-9]*\)".*/{"id":"\1","error":"bad","permanent":true}/p;t' \
				-e 's/^{"id":"\([0-9]*\)","event":{"id":"EZ.*/{"id":"\1"}/p'
		done`}
	cfg.Env = []string{"HELLO=world"}
	x, _ := openExec(t, cfg)
	if err := x.Handle(t.Context(), deliveryOf(t, "{\n\"id\": \"EZ1\",\n \"type\": \"t\"}")); err != nil {
		t.Errorf("got %v, want nil", err)
	}
	if err := x.Handle(t.Context(), deliveryOf(t, `{"id": "EZ2", "type": "t", "data": {"bad": true}}`)); !IsPermanent(err) {
		t.Errorf("got %v, want a permanent error", err)
	}
	if text, err := os.ReadFile(filepath.Join(cfg.Dir, "hello")); err != nil || string(text) != "world\n" {
		t.Errorf("Dir and Env: got %q, %v; want world", text, err)
	}
	pid := pidOf(t, x)
	if err := x.Close(); err != nil {
		t.Error(err)
	}
	if !groupIsEmpty(pid) {
		t.Error("what the program has started lives on")
	}
}

// groupIsEmpty tells whether nobody is left of a process group, waiting a little
// for whoever is about to be buried by init.
func groupIsEmpty(group int) bool {
	for range 500 {
		if errors.Is(syscall.Kill(-group, 0), syscall.ESRCH) {
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}
