package handlers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap/zapcore"
)

func TestExec_AnswersInAnyOrderFindTheirEvents(t *testing.T) {
	t.Parallel()
	x, logs := openExec(t, childOf("shuffle"))
	const lanes, events = 64, 1000
	next := make(chan int)
	var all sync.WaitGroup
	for range lanes {
		all.Go(func() {
			for i := range next {
				id, say := fmt.Sprint("EZ", i), "{}"
				if i%3 == 0 {
					say = fmt.Sprintf(`{"error":"no %s"}`, id)
				}
				err := x.Handle(t.Context(), telling(t, id, say))
				if i%3 != 0 && err != nil || i%3 == 0 && (err == nil || !strings.HasSuffix(err.Error(), "no "+id)) {
					t.Errorf("event %d: got %v, want the answer to it", i, err)
				}
			}
		})
	}
	for i := range events {
		next <- i
	}
	close(next)
	all.Wait()
	if n := logs.FilterLevelExact(zapcore.WarnLevel).Len(); n > 0 {
		t.Errorf("got %d warnings, want none: %v", n, logs.All())
	}
	if n := logs.FilterMessage("program started").Len(); n != 1 {
		t.Errorf("got %d starts, want one", n)
	}
}

func TestExec_TellsWhatTheProgramSays(t *testing.T) {
	t.Parallel()
	x, _ := openExec(t, childOf("say"))
	for _, c := range []struct {
		say                            string
		failed, permanent, unavailable bool
		after                          time.Duration
	}{
		{say: `{}`},
		{say: `{"ok":true}`},
		{say: `{"ok":true,"error":"","permanent":false}`},
		{say: `{"error":null}`},
		{say: `{"other":1}`},
		{say: `{"ok":false}`, failed: true},
		{say: `{"error":""}`, failed: true},
		{say: `{"error":"no"}`, failed: true},
		{say: `{"ok":true,"error":"no"}`, failed: true},
		{say: `{"error":"no","permanent":true}`, failed: true, permanent: true},
		{say: `{"permanent":true}`, failed: true, permanent: true},
		{say: `{"error":"no","unavailable":true}`, failed: true, unavailable: true},
		{say: `{"unavailable":true,"retry_after_ms":1500.5}`, failed: true, unavailable: true, after: 1500500 * time.Microsecond},
		{say: `{"unavailable":true,"retry_after_ms":-1}`, failed: true, unavailable: true},
		{say: `{"unavailable":true,"retry_after_ms":1e300}`, failed: true, unavailable: true, after: maxRetryAfter},
		{say: `{"unavailable":true,"permanent":true}`, failed: true, unavailable: true},
	} {
		err := x.Handle(t.Context(), telling(t, "EZ1", c.say))
		got := classOf(err)
		if (err != nil) != c.failed || got.permanent != c.permanent || got.unavailable != c.unavailable || got.after != c.after {
			t.Errorf("%s: got %v (permanent %t, unavailable %t, after %s), want %+v", c.say, err, got.permanent, got.unavailable, got.after, c)
		}
	}
}

func TestExec_ErrorsAreBounded(t *testing.T) {
	t.Parallel()
	x, _ := openExec(t, childOf("say"))
	err := x.Handle(t.Context(), telling(t, "EZ1", fmt.Sprintf(`{"error":%q}`, strings.Repeat("z", 20000))))
	if err == nil || len(err.Error()) > maxExecText+100 {
		t.Errorf("got an error of %d bytes, want at most about %d", len(fmt.Sprint(err)), maxExecText)
	}
}

func TestExec_IgnoresWhatIsNoAnswer(t *testing.T) {
	t.Parallel()
	x, logs := openExec(t, childOf("garbage"))
	if err := x.Handle(t.Context(), telling(t, "EZ1", `{"error":"the answer"}`)); err == nil || !strings.Contains(err.Error(), "the answer") {
		t.Errorf("got %v, want the answer among the garbage", err)
	}
	if err := x.Handle(t.Context(), telling(t, "EZ2", `{}`)); err != nil {
		t.Errorf("got %v, want nil", err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	ignored := logs.FilterMessage("ignored a line of the program").FilterLevelExact(zapcore.WarnLevel)
	for _, why := range []error{errNoAnswer, errAnswerLong, errUnknownID} {
		if ignored.FilterField(zapError(why)).Len() == 0 {
			t.Errorf("got no line in the log for %q", why)
		}
	}
	for _, entry := range logs.All() {
		text, _ := entry.ContextMap()[keyText].(string)
		if len(text) > maxExecText || strings.Contains(text, "logged") {
			t.Errorf("%s: got a text of %d bytes, want at most %d and no event: %.100s", entry.Message, len(text), maxExecText, text)
		}
	}
	if said := logs.FilterMessage("program says").All(); len(said) == 0 || said[0].Level != zapcore.InfoLevel {
		t.Errorf("got %v, want stderr at info", said)
	}
}

func TestExec_ACancelledCallIsNotWritten(t *testing.T) {
	t.Parallel()
	x, _ := openExec(t, childOf("say"))
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errLeaseLost)
	if err := x.Handle(ctx, telling(t, "EZ1", `{}`)); !IsUnavailable(err) || !errors.Is(err, errLeaseLost) {
		t.Errorf("got %v, want the context's cause", err)
	}
	if x.child != nil {
		t.Error("the program was started for it")
	}
}

func TestExec_ValidateNamesTheField(t *testing.T) {
	t.Parallel()
	if err := childOf("say").Validate(); err != nil {
		t.Errorf("got %v for a good one", err)
	}
	for field, spoil := range map[string]func(*ExecConfig){
		"Command":     func(c *ExecConfig) { c.Command = nil },
		"StopTimeout": func(c *ExecConfig) { c.StopTimeout = 0 },
		"MaxLine":     func(c *ExecConfig) { c.MaxLine = 1 },
		"Env":         func(c *ExecConfig) { c.Env = []string{"secret"} },
	} {
		cfg := childOf("say")
		spoil(&cfg)
		if _, err := OpenExec(cfg); err == nil || !strings.Contains(err.Error(), "field "+field) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v, want an error that names it", field, err)
		}
	}
}
