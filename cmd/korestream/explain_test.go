package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// explained is what the tests look at of `explain --output json`.
type explained struct {
	State, Moves, Owner string
	Behind              *float64 `json:"behind_seconds"`
	Parents             []string
	Reasons             []struct {
		Reason, Detail string
		For            float64 `json:"for_seconds"`
	}
}

// because tells whether a reason was given whose detail holds a text.
func (e explained) because(reason, detail string) bool {
	for _, r := range e.Reasons {
		if r.Reason == reason && strings.Contains(r.Detail, detail) {
			return true
		}
	}
	return false
}

// ask runs a command to its end and returns what it wrote.
func ask(t *testing.T, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	p := start(t, env, args...)
	code = p.wait(time.Minute)
	return code, strings.Join(p.lines(), "\n"), p.errText()
}

func explainShard(t *testing.T, env []string, shard string) explained {
	t.Helper()
	code, out, errText := ask(t, env, "explain", shard, "--output", "json")
	var e explained
	if err := json.Unmarshal([]byte(out), &e); code != 0 || err != nil {
		t.Fatalf("explain %s: exit code %d, %v\n%s\n%s", shard, code, err, out, errText)
	}
	return e
}

// fifo is a file that takes a little and then blocks who writes to it until it
// is read.
func fifo(t *testing.T) (path string, drain func()) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return path, func() {
		buf := make([]byte, 1<<16)
		for {
			if _, err := f.Read(buf); err != nil {
				return // closed
			}
		}
	}
}

func TestLeases_ShowsWhoOwnsWhatAndHowFar(t *testing.T) {
	t.Parallel()
	url := emulate(t)
	env := []string{"AWS_ENDPOINT_URL=" + url, "KORESTREAM_STREAM=" + testStream}
	kc := testKinesis(url)
	createStream(t, kc, 2)
	if code, _, errText := ask(t, env, "leases"); code != 1 || !strings.Contains(errText, "no lease table korestream") {
		t.Errorf("before anything ran: got exit code %d and %q, want 1 and that there is no table", code, errText)
	}
	cfg, archive := writeConfig(t, "worker: w-one\n")
	p := start(t, env, "run", "--config", cfg)
	putEvents(t, kc, 0, 200)
	eventually(t, "all events", func() bool { return totalArchived(t, archive) == 200 })
	var v struct {
		Leases []struct {
			Shard, State, Owner, Checkpoint string
			Unread                          *bool
		}
		Workers []struct {
			ID     string
			Leases int
		}
	}
	eventually(t, "everything to be checkpointed", func() bool {
		code, out, errText := ask(t, env, "leases", "--output", "json")
		if err := json.Unmarshal([]byte(out), &v); code != 0 || err != nil {
			t.Fatalf("exit code %d, %v\n%s\n%s", code, err, out, errText)
		}
		for _, l := range v.Leases {
			if l.Unread == nil || *l.Unread {
				return false
			}
		}
		return len(v.Leases) == 2
	})
	for _, l := range v.Leases {
		if l.State != "owned" || l.Owner != "w-one" || len(l.Checkpoint) < 20 {
			t.Errorf("%s: got %+v, want it owned by w-one with a checkpoint", l.Shard, l)
		}
	}
	if len(v.Workers) != 1 || v.Workers[0].ID != "w-one" || v.Workers[0].Leases != 2 {
		t.Errorf("workers: got %+v, want w-one with 2", v.Workers)
	}
	if code, out, _ := ask(t, env, "leases"); code != 0 || strings.Count(out, "w-one") != 3 {
		t.Errorf("table: exit code %d\n%s\nwant w-one three times", code, out)
	}
	if e := explainShard(t, env, "1"); e.Moves != "idle" || !e.because("nothing to read", "") {
		t.Errorf("explain at the tip: got %+v, want idle", e)
	}
	if code, _, errText := ask(t, env, "explain", "shardId-00000000001"); code != 2 || !strings.Contains(errText, "nearest is shardId-000000000001") {
		t.Errorf("explain of no shard: got exit code %d and %q, want 2 and the nearest", code, errText)
	}
	if code := p.stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	if e := explainShard(t, env, "1"); e.Moves != "held" || !e.because("no worker", "start one") {
		t.Errorf("explain with no worker: got %+v, want that none is alive", e)
	}
	if code, out, errText := ask(t, env, "leases", "export", "--to", "java-app"); code != 0 || !strings.Contains(out, "2 leases of table korestream stand in table java-app") {
		t.Errorf("export: got exit code %d, %q, %q", code, out, errText)
	}
	if code, _, errText := ask(t, env, "leases", "export", "--to", "korestream"); code != 3 || !strings.Contains(errText, "own table") {
		t.Errorf("export onto itself: got exit code %d and %q, want 3", code, errText)
	}
	q := start(t, append(env, "KORESTREAM_WORKER=hidden", "KORESTREAM_ADMIN_LISTEN=",
		"KORESTREAM_HANDLERS=[{name: out, type: ndjson, path: \"-\", sync: never}]"), "run")
	q.logged("shard taken")
	eventually(t, "an answer from outside", func() bool {
		e := explainShard(t, env, "1")
		return e.Moves == "idle" && e.Owner == "hidden" && e.because("not asked", "admin.listen")
	})
	if code := q.stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
}

func TestExplain_NamesTheHandlerTheParentAndTheDeadOwner(t *testing.T) {
	t.Parallel()
	url := emulate(t)
	kc := testKinesis(url)
	createStream(t, kc, 1)
	pipe, drain := fifo(t)
	env := []string{
		"AWS_ENDPOINT_URL=" + url, "KORESTREAM_STREAM=" + testStream, "KORESTREAM_ADMIN_LISTEN=127.0.0.1:0", "KORESTREAM_WORKER=w-one",
		"KORESTREAM_RETRY_TIMEOUT=0s", "KORESTREAM_LEASE_FAILOVER=4s", "KORESTREAM_HANDLERS=[{name: pipe, type: ndjson, sync: never, path: " + pipe + "}]",
	}
	p := start(t, env, "run")
	p.logged("shard taken")
	putEvents(t, kc, 0, 2000)
	var e explained
	eventually(t, "a slow handler", func() bool {
		e = explainShard(t, env, "0")
		return e.because("slow handler", "HS")
	})
	if e.Moves != "held" || e.State != "owned" || e.Reasons[0].For < 5 {
		t.Errorf("behind a handler that hangs: got %+v, want held for 5 s and more", e)
	}
	splitFirst(t, kc)
	child := explainShard(t, env, "1")
	if child.Moves != "waiting" || !child.because("parent", "shardId-000000000000") || !child.because("slow handler", "shardId-000000000000: event HS") {
		t.Errorf("child of a shard that hangs: got %+v, want that it waits for its parent, and what that waits for", child)
	}
	addr, _ := p.logged("admin server listens")["address"].(string)
	if status, body := get(t, "http://"+addr+"/livez"); status != 200 {
		t.Errorf("/livez behind a handler that hangs: got %d %q, want 200: a restart mends no handler", status, body)
	}
	_ = p.cmd.Process.Kill()
	p.wait(time.Minute)
	if e = explainShard(t, env, "0"); e.Moves != "waiting" || !e.because("owner dead", "w-one") {
		t.Errorf("after kill -9: got %+v, want that the owner is dead", e)
	}
	go drain()
	q := start(t, append(env, "KORESTREAM_WORKER=w-two"), "run")
	eventually(t, "the children to be read", func() bool { return explainShard(t, env, "2").Moves == "idle" })
	if e = explainShard(t, env, "0"); e.Moves != "finished" || !e.because("finished", "shardId-000000000001 and shardId-000000000002") {
		t.Errorf("the parent at the end: got %+v, want it finished, with its children", e)
	}
	if code := q.stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
}
