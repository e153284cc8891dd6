package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"korestream/handlers"
)

// asKorestream makes this test binary run as korestream itself, so that real
// processes are tested without building a second binary.
const asKorestream = "TEST_AS_KORESTREAM"

func TestMain(m *testing.M) {
	if os.Getenv(asKorestream) != "" {
		handlers.Register("slow", newSlow)
		main()
		return
	}
	flag.Parse()
	// These tests start processes and wait for them, for seconds on end: as
	// many at once as there are processors would leave most of those idle.
	if n := flag.Lookup("test.parallel"); n.Value.String() == n.DefValue {
		if err := flag.Set("test.parallel", strconv.Itoa(3*runtime.GOMAXPROCS(0))); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// proc is one running korestream.
type proc struct {
	t    *testing.T
	cmd  *exec.Cmd
	done chan struct{} // closed once the process has ended and its output was read
	exit int

	mu     sync.Mutex // guards stdout and stderr
	stdout []string
	stderr bytes.Buffer
}

// start runs korestream with the arguments; env adds to a clean environment.
func start(t *testing.T, env []string, args ...string) *proc {
	t.Helper()
	p := &proc{t: t, done: make(chan struct{})}
	p.cmd = exec.Command(os.Args[0], args...)
	p.cmd.Dir = t.TempDir()
	p.cmd.Env = append([]string{
		asKorestream + "=1", "HOME=" + p.cmd.Dir, "PATH=" + os.Getenv("PATH"), "AWS_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_EC2_METADATA_DISABLED=true",
	}, env...)
	if dir := os.Getenv("GOCOVERDIR"); dir != "" {
		p.cmd.Env = append(p.cmd.Env, "GOCOVERDIR="+dir)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stderr = lockedWriter{p}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go p.read(out)
	t.Cleanup(func() {
		select {
		case <-p.done:
		default:
			_ = p.cmd.Process.Kill() // it may be ending by itself
			<-p.done
		}
		if t.Failed() {
			t.Logf("korestream %s: exit code %d\n%s\n%s", strings.Join(args, " "), p.exit, p.tail(), p.errText())
		}
	})
	return p
}

type lockedWriter struct{ p *proc }

func (w lockedWriter) Write(b []byte) (int, error) {
	w.p.mu.Lock()
	defer w.p.mu.Unlock()
	return w.p.stderr.Write(b)
}

func (p *proc) read(out io.Reader) {
	defer close(p.done)
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		p.mu.Lock()
		p.stdout = append(p.stdout, lines.Text())
		p.mu.Unlock()
	}
	err := p.cmd.Wait()
	var failed *exec.ExitError
	switch {
	case err == nil:
	case errors.As(err, &failed):
		p.exit = failed.ExitCode()
	default:
		p.exit = -2
	}
}

func (p *proc) lines() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.stdout...)
}

func (p *proc) tail() string {
	l := p.lines()
	return strings.Join(l[max(0, len(l)-40):], "\n")
}

func (p *proc) errText() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stderr.String()
}

// wait returns the exit code, failing the test if it takes longer than limit.
func (p *proc) wait(limit time.Duration) int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(limit):
		p.t.Fatalf("korestream still runs after %s", limit)
	}
	return p.exit
}

// stop asks the process to end and returns its exit code.
func (p *proc) stop() int {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	return p.wait(time.Minute)
}

func (p *proc) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// logged waits for a log line with the message and returns its fields.
func (p *proc) logged(message string) map[string]any {
	p.t.Helper()
	var found map[string]any
	eventually(p.t, "log line "+message, func() bool {
		for _, l := range p.lines() {
			var m map[string]any
			if json.Unmarshal([]byte(l), &m) == nil && m["message"] == message {
				found = m
				return true
			}
		}
		select {
		case <-p.done:
			p.t.Fatalf("korestream ended with %d before it logged %q", p.exit, message)
		default:
		}
		return false
	})
	return found
}

// eventually waits a generous time until ok holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// writeConfig writes a configuration with an archive and dead letters in a
// folder of its own; more is YAML for the top level.
func writeConfig(t *testing.T, more string) (path, archive string) {
	t.Helper()
	dir := t.TempDir()
	path, archive = filepath.Join(dir, "korestream.yaml"), filepath.Join(dir, "events.ndjson")
	text := "handlers:\n  - {name: archive, type: ndjson, path: " + archive + ", match: [\"*\"]}\n" +
		"dead_letters: {type: file, path: " + filepath.Join(dir, "dead-letters.ndjson") + "}\n" +
		"admin: {listen: \"127.0.0.1:0\"}\n" + more
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, archive
}
