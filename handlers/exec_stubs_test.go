package handlers

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"korestream/consumer"
)

// execRole is the variable that makes this test binary a child, and says which.
const execRole = "KORESTREAM_TEST_EXEC_ROLE"

// execQuestion is a line that the child reads.
type execQuestion struct {
	ID    string `json:"id"`
	Event struct {
		ID   string `json:"id"`
		Type string `json:"type"`
		// Say is what the child answers with, beside the id.
		Data struct {
			Say json.RawMessage `json:"say"`
		} `json:"data"`
	} `json:"event"`
}

// TestExecChild is not a test: it is what a child does.
func TestExecChild(t *testing.T) {
	role, isChild := os.LookupEnv(execRole)
	if !isChild {
		return
	}
	code := 0
	switch role {
	case "shuffle":
		shuffle()
	case "say":
		eachQuestion(func(q execQuestion) { fmt.Println(answerAs(q)) })
	case "record":
		record(os.Getenv("RECORD"))
	case "exit":
		code = 7
	case "hang":
		signal.Ignore(syscall.SIGTERM)
		fmt.Fprintln(os.Stderr, "deaf to SIGTERM")
		select {}
	case "deaf": // ends by SIGTERM, not with its stdin
		time.Sleep(time.Hour)
	case "fragile":
		eachQuestion(func(q execQuestion) { dieOf(q, func() { os.Exit(11) }) })
	case "stuck":
		eachQuestion(func(q execQuestion) { dieOf(q, func() { time.Sleep(time.Hour) }) })
	case "garbage":
		eachQuestion(garbage)
	case "mute":
		fmt.Fprintln(os.Stderr, "closing stdout")
		_ = os.Stdout.Close()
		time.Sleep(time.Hour)
	}
	os.Exit(code)
}

func eachQuestion(do func(execQuestion)) {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var q execQuestion
		if err := json.Unmarshal(in.Bytes(), &q); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(9)
		}
		do(q)
	}
}

// shuffle answers after up to 5 ms each, so in another order than it was asked.
func shuffle() {
	var mu sync.Mutex
	var all sync.WaitGroup
	eachQuestion(func(q execQuestion) {
		all.Go(func() {
			time.Sleep(rand.N(5 * time.Millisecond))
			mu.Lock()
			defer mu.Unlock()
			fmt.Println(answerAs(q))
		})
	})
	all.Wait()
}

// record appends the event's id to a file before it answers.
func record(path string) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		os.Exit(8)
	}
	eachQuestion(func(q execQuestion) {
		fmt.Fprintln(f, q.Event.ID)
		fmt.Println(answerAs(q))
	})
}

// dieOf answers all events but one.
func dieOf(q execQuestion, die func()) {
	if q.Event.ID == "poison" {
		die()
	}
	fmt.Println(answerAs(q))
}

// garbage surrounds an answer with what is none.
func garbage(q execQuestion) {
	fmt.Println("Traceback: no such thing")
	fmt.Println(strings.Repeat("x", 70<<10))
	fmt.Println(`{"id":"x1"}`)
	fmt.Println(`{"id":` + q.ID + `}`) // a number
	fmt.Println(`[]`)
	fmt.Printf(`{"id":%q,"event":{"id":"not to be logged"}}`+"\n", q.ID)
	fmt.Fprintln(os.Stderr, "warning: "+strings.Repeat("y", 5000))
	fmt.Printf("\n  %s\r\n", answerAs(q))
	fmt.Println(answerAs(q))
}

func answerAs(q execQuestion) string {
	say := strings.TrimSpace(string(q.Event.Data.Say))
	if say == "{}" {
		return fmt.Sprintf(`{"id":%q}`, q.ID)
	}
	return fmt.Sprintf(`{"id":%q,%s`, q.ID, strings.TrimPrefix(say, "{"))
}

// childOf runs this binary in a role.
func childOf(role string, env ...string) ExecConfig {
	cfg := DefaultExecConfig()
	cfg.Command = []string{os.Args[0], "-test.run=^TestExecChild$"}
	cfg.Env = append(env, execRole+"="+role)
	return cfg
}

// openExec opens a handler that is closed with the test, and whose log lines are
// kept.
func openExec(t *testing.T, cfg ExecConfig) (*Exec, *observer.ObservedLogs) {
	t.Helper()
	core, logs := observer.New(zapcore.DebugLevel)
	x, err := OpenExec(cfg, WithExecLogger(zap.New(core)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	return x, logs
}

// telling is an event to which a child of this binary answers so: JSON without
// the id.
func telling(t testing.TB, id, say string) *consumer.Delivery {
	t.Helper()
	return deliveryOf(t, fmt.Sprintf(`{ "id": %q, "type": "t",
		"data": {"sim_sid": %q, "say": %s} }`, id, aSIM, say))
}

func zapError(err error) zapcore.Field { return zap.Error(err) }

// endedWith tells whether an end of the program was logged with this status.
func endedWith(logs *observer.ObservedLogs, status string) bool {
	for _, entry := range logs.FilterMessageSnippet("program ended").All() {
		if text, _ := entry.ContextMap()["error"].(string); strings.HasSuffix(text, status) {
			return true
		}
	}
	return false
}

// pidOf is the running program's.
func pidOf(t testing.TB, x *Exec) int {
	t.Helper()
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.child == nil {
		t.Fatal("got no program, want one that runs")
	}
	return x.child.cmd.Process.Pid
}
