package handlers

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
)

func TestLineFile_MendsWhatACrashLeft(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 200<<10)
	tests := []struct{ name, before, want string }{
		{"empty", "", ""},
		{"whole", "{\"a\":1}\n", "{\"a\":1}\n"},
		{"torn", "{\"a\":1}\n{\"a\":", "{\"a\":1}\n"},
		{"torn only line", "{\"a\":", ""},
		{"complete but for the line break", "{\"a\":1}\n{\"a\":2}", "{\"a\":1}\n{\"a\":2}\n"},
		{"torn over several chunks", "{\"a\":1}\n{\"a\":\"" + long, "{\"a\":1}\n"},
		{"complete over several chunks", "{\"a\":1}\n\"" + long + "\"", "{\"a\":1}\n\"" + long + "\"\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "events.ndjson")
			if err := os.WriteFile(path, []byte(tt.before), 0o600); err != nil {
				t.Fatal(err)
			}
			l, err := openLines(realDisk{}, path)
			if err != nil {
				t.Fatal(err)
			}
			if got := written(t, path); got != tt.want {
				t.Errorf("after open: got %.80q, want %.80q", got, tt.want)
			}
			if _, err := l.append([]byte("{}\n")); err != nil {
				t.Fatal(err)
			}
			if got := written(t, path); got != tt.want+"{}\n" {
				t.Errorf("after append: got %.80q, want %.80q", got, tt.want+"{}\n")
			}
			if err := l.close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// To the second opener the tail may be the first one's line in the making.
func TestLineFile_TakesNothingOffAFileThatOthersHaveOpen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "events.ndjson")
	first, err := openLines(realDisk{}, path)
	if err != nil {
		t.Fatal(err)
	}
	defer first.close()
	if _, err := first.f.Write([]byte(`{"torn":`)); err != nil {
		t.Fatal(err)
	}
	second, err := openLines(realDisk{}, path)
	if err != nil {
		t.Fatal(err)
	}
	wantFile(t, path, `{"torn":`)
	if err := second.close(); err != nil {
		t.Error(err)
	}
}

func TestLineFile_CutsBackALineThatDidNotFit(t *testing.T) {
	t.Parallel()
	l, f := faulty(t)
	if _, err := l.append([]byte("{\"a\":1}\n")); err != nil {
		t.Fatal(err)
	}
	f.set(func() { f.room = 4 })
	if _, err := l.append([]byte("{\"a\":2}\n")); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("append to a full disk: got %v, want ENOSPC", err)
	}
	wantFile(t, l.path, `{"a":1}`)
	f.set(func() { f.room = -1 })
	if _, err := l.append([]byte("{\"a\":2}\n")); err != nil {
		t.Fatal(err)
	}
	wantFile(t, l.path, `{"a":1}`, `{"a":2}`)
}

func TestLineFile_EndsATornLineThatItMayNotCutBack(t *testing.T) {
	t.Parallel()
	l, f := faulty(t)
	other, err := openLines(realDisk{}, l.path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.close()
	f.set(func() { f.room = 4 })
	if _, err := l.append([]byte("{\"a\":2}\n")); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("append to a full disk: got %v, want ENOSPC", err)
	}
	if _, err := l.append([]byte("{\"a\":3}\n")); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("append to a full disk: got %v, want ENOSPC", err)
	}
	f.set(func() { f.room = -1 })
	for range 2 {
		if _, err := l.append([]byte("{\"a\":2}\n")); err != nil {
			t.Fatal(err)
		}
	}
	wantFile(t, l.path, `{"a"`, `{"a":2}`, `{"a":2}`)
}

func TestLineFile_OneWritePerLine(t *testing.T) {
	t.Parallel()
	l, f := faulty(t)
	for range 3 {
		if _, err := l.append([]byte("{}\n")); err != nil {
			t.Fatal(err)
		}
	}
	if f.writes != 3 {
		t.Errorf("writes: got %d for 3 lines, want 3", f.writes)
	}
}

func TestLineFile_ConcurrentSyncsShareOne(t *testing.T) {
	t.Parallel()
	l, f := faulty(t)
	f.set(func() { f.syncGate = make(chan struct{}) })
	var finished atomic.Int32
	const writers = 20
	results := make(chan error, writers)
	for range writers {
		go func() {
			stamp, err := l.append([]byte("{}\n"))
			if err == nil {
				err = l.sync(stamp)
			}
			finished.Add(1)
			results <- err
		}()
	}
	// Each opening of the gate ends one fsync. Who comes while one runs shares
	// the next, so there can be no more than two rounds once all have written.
	for f.fileLines(t) < writers {
		select {
		case f.syncGate <- struct{}{}:
		default:
		}
	}
	close(f.syncGate)
	for range writers {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	if got := f.syncCount(); got > writers/2 {
		t.Errorf("fsyncs: got %d for %d concurrent lines, want few", got, writers)
	}
}

func (f *faultyFile) fileLines(t *testing.T) int { return strings.Count(written(t, f.Name()), "\n") }

// The line is written while a sync runs that may not cover it.
func TestGroup_ASyncThatHadBegunDoesNotCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begun, gate := make(chan struct{}, 10), make(chan struct{})
		var syncs atomic.Int32
		g := &group{fsync: func() error { syncs.Add(1); begun <- struct{}{}; <-gate; return nil }}
		answers := make(chan error, 2)
		go func() { answers <- g.wait(0) }()
		<-begun
		go func() { answers <- g.wait(0) }()
		gate <- struct{}{} // ends the first
		<-answers
		<-begun
		if got := syncs.Load(); got != 2 || len(answers) != 0 {
			t.Errorf("got %d fsyncs, %d early answers; want the second caller to wait for an fsync of its own", got, len(answers))
		}
		gate <- struct{}{}
		if err := <-answers; err != nil {
			t.Error(err)
		}
	})
}

// After a failed fsync the next may succeed without having written anything.
func TestGroup_AFailureIsToldToAllThatWroteBefore(t *testing.T) {
	t.Parallel()
	failing := true
	g := &group{fsync: func() error {
		if failing {
			return syscall.EIO
		}
		return nil
	}}
	first, second := g.stamp(), g.stamp()
	if err := g.wait(first); !errors.Is(err, syscall.EIO) {
		t.Errorf("first: got %v, want EIO", err)
	}
	failing = false
	if err := g.wait(second); !errors.Is(err, errSyncFailed) {
		t.Errorf("written before the failure: got %v, want %v", err, errSyncFailed)
	}
	if err := g.wait(g.stamp()); err != nil {
		t.Errorf("written after the failure: got %v, want nil", err)
	}
}

func TestOpenLines_SaysHowToMend(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tests := []struct {
		name, path string
		want       []string
	}{
		{"no directory", filepath.Join(dir, "no", "events.ndjson"), []string{"no/events.ndjson", "create the directory " + filepath.Join(dir, "no")}},
		{"a directory", dir, []string{dir, "it is a directory; name a file in it"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := OpenNDJSON(DefaultNDJSONConfig(tt.path)); err == nil || !containsAll(err.Error(), tt.want...) {
				t.Errorf("OpenNDJSON: got %v, want an error with %q", err, tt.want)
			}
			if _, err := OpenFileSink(tt.path); err == nil || !containsAll(err.Error(), tt.want...) {
				t.Errorf("OpenFileSink: got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestMendOpen(t *testing.T) {
	t.Parallel()
	tests := []struct {
		err  error
		want string
	}{
		{syscall.EACCES, "let the user that this process runs as"},
		{syscall.EROFS, "read-only"},
		{syscall.ENOTDIR, "create the directory"},
		{syscall.EIO, "choose a path that can be written to"},
	}
	for _, tt := range tests {
		if got := mendOpen("a/b", tt.err); !containsAll(got, tt.want) {
			t.Errorf("%v: got %q, want %q in it", tt.err, got, tt.want)
		}
	}
}
