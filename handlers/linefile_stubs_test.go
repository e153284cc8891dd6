package handlers

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// faultyFile is a real file with faults on demand.
type faultyFile struct {
	*os.File

	mu sync.Mutex // guards the fields below
	// room is how many bytes can still be written; negative is no bound.
	room int
	// writes counts the calls of Write, syncs those of Sync.
	writes, syncs int
	// syncErr is what Sync answers.
	syncErr error
	// syncGate, when set, is received from by each Sync.
	syncGate chan struct{}
}

func (f *faultyFile) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writes++
	if f.room < 0 || len(p) <= f.room {
		f.room -= min(len(p), max(f.room, 0))
		return f.File.Write(p)
	}
	n, err := f.File.Write(p[:f.room])
	f.room = 0
	if err != nil {
		return n, err
	}
	return n, syscall.ENOSPC
}

func (f *faultyFile) Sync() error {
	f.mu.Lock()
	f.syncs++
	gate, err := f.syncGate, f.syncErr
	f.mu.Unlock()
	if gate != nil {
		<-gate
	}
	return err
}

func (f *faultyFile) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *faultyFile) syncCount() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.syncs
}

// faulty opens a lineFile on a new file without faults yet.
func faulty(t *testing.T) (*lineFile, *faultyFile) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "events.ndjson")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	ff := &faultyFile{File: f, room: -1}
	l, err := newLineFile(realDisk{}, path, ff)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.close() })
	return l, ff
}

func written(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func wantFile(t *testing.T, path string, lines ...string) {
	t.Helper()
	want := ""
	if len(lines) > 0 {
		want = strings.Join(lines, "\n") + "\n"
	}
	if got := written(t, path); got != want {
		t.Errorf("%s: got %q, want %q", filepath.Base(path), got, want)
	}
}
