package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"korestream/consumer"
	"korestream/event"
)

func ExampleOpenNDJSON() {
	dir, err := os.MkdirTemp("", "korestream")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	archive, err := OpenNDJSON(DefaultNDJSONConfig(filepath.Join(dir, "events.ndjson")))
	if err != nil {
		fmt.Println(err)
		return
	}
	items, err := event.Decode([]byte(`{"id": "EZ1", "type": "com.kore.eventstreams.test.event", "data": {"x": 1.50}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(archive.Handle(context.Background(), &consumer.Delivery{Event: items[0].Event}))
	fmt.Println(archive.Close())
	lines, err := os.ReadFile(filepath.Join(dir, "events.ndjson"))
	fmt.Print(string(lines), err)
	// Output:
	// <nil>
	// <nil>
	// {"id":"EZ1","type":"com.kore.eventstreams.test.event","data":{"x":1.50}}
	// <nil>
}

// archive is an NDJSON on a file with faults.
func archive(t *testing.T, sync SyncPolicy) (*NDJSON, *faultyFile) {
	t.Helper()
	l, f := faulty(t)
	n := newNDJSON(l, NDJSONConfig{Sync: sync, SyncInterval: time.Second})
	t.Cleanup(func() { _ = n.Close() })
	return n, f
}

func handleOne(t *testing.T, n *NDJSON, id string) {
	t.Helper()
	if err := n.Handle(t.Context(), delivery(t, id, sessionUpdated)); err != nil {
		t.Fatal(err)
	}
}

func TestNDJSON_WritesTheEventAsReceived(t *testing.T) {
	t.Parallel()
	n, f := archive(t, SyncNever)
	d := deliveryOf(t, "[ {\"type\":\t\"a.b\", \"id\": \"1\",\r\n \"data\": {\"n\": 1.0e2, \"s\": \"AT&T \\u00e9  <>\"}} ]")
	if err := n.Handle(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	wantFile(t, f.Name(), `{"type":"a.b","id":"1","data":{"n":1.0e2,"s":"AT&T \u00e9  <>"}}`)
}

func TestNDJSON_LinesOfConcurrentEventsAreWhole(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "events.ndjson")
	var open []*NDJSON
	for range 2 { // as two processes would
		n, err := OpenNDJSON(NDJSONConfig{Path: path, Sync: SyncNever})
		if err != nil {
			t.Fatal(err)
		}
		defer n.Close()
		open = append(open, n)
	}
	var wg sync.WaitGroup
	for lane := range 8 {
		wg.Go(func() {
			for i := range 50 {
				if err := open[lane%2].Handle(context.Background(), delivery(t, fmt.Sprintf("EZ%d-%d", lane, i), sessionUpdated)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for line := range strings.Lines(written(t, path)) {
		var e struct{ ID string }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		seen[e.ID] = true
	}
	if len(seen) != 400 {
		t.Errorf("events: got %d, want 400", len(seen))
	}
}

func TestNDJSON_AlwaysSyncsBeforeItSaysHandled(t *testing.T) {
	t.Parallel()
	n, f := archive(t, SyncAlways)
	for want := 1; want < 4; want++ {
		handleOne(t, n, "EZ1")
		if got := f.syncCount(); got != want {
			t.Errorf("fsyncs after %d events: got %d", want, got)
		}
	}
	f.set(func() { f.syncErr = syscall.EIO })
	if err := n.Handle(t.Context(), delivery(t, "EZ2", sessionUpdated)); !errors.Is(err, syscall.EIO) {
		t.Errorf("event whose sync failed: got %v, want EIO", err)
	}
}

func TestNDJSON_IntervalSyncsOnceWithinIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, f := archive(t, SyncInterval)
		for range 2 {
			before := f.syncCount()
			for range 5 {
				handleOne(t, n, "EZ1")
			}
			if got := f.syncCount() - before; got != 0 {
				t.Errorf("fsyncs at once: got %d, want 0", got)
			}
			time.Sleep(time.Second)
			synctest.Wait()
			if got := f.syncCount() - before; got != 1 {
				t.Errorf("fsyncs after the interval: got %d, want 1", got)
			}
			time.Sleep(time.Hour)
			if got := f.syncCount() - before; got != 1 {
				t.Errorf("fsyncs when nothing was written: got %d more, want none", got-1)
			}
		}
	})
}

// A sync that nobody waits for must not fail unseen.
func TestNDJSON_AFailedIntervalSyncFailsTheNextEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, f := archive(t, SyncInterval)
		handleOne(t, n, "EZ1")
		f.set(func() { f.syncErr = syscall.EIO })
		time.Sleep(time.Second)
		synctest.Wait()
		for range 3 {
			if err := n.Handle(t.Context(), delivery(t, "EZ2", sessionUpdated)); !errors.Is(err, syscall.EIO) {
				t.Errorf("while syncs fail: got %v, want EIO", err)
			}
		}
		f.set(func() { f.syncErr = nil })
		if err := n.Handle(t.Context(), delivery(t, "EZ2", sessionUpdated)); !errors.Is(err, syscall.EIO) {
			t.Errorf("first event after: got %v, want the failure reported", err)
		}
		handleOne(t, n, "EZ2")
		if got := strings.Count(written(t, f.Name()), "\n"); got != 2 {
			t.Errorf("lines: got %d, want 2", got)
		}
	})
}

func TestNDJSON_NeverSyncsBeforeClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, f := archive(t, SyncNever)
		handleOne(t, n, "EZ1")
		time.Sleep(time.Hour)
		if got := f.syncCount(); got != 0 {
			t.Errorf("fsyncs: got %d, want 0", got)
		}
	})
}

func TestNDJSON_CloseSyncsAndEndsHandling(t *testing.T) {
	t.Parallel()
	for _, policy := range []SyncPolicy{SyncAlways, SyncInterval, SyncNever} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			n, f := archive(t, policy)
			handleOne(t, n, "EZ1")
			before := f.syncCount()
			if err := n.Close(); err != nil {
				t.Fatal(err)
			}
			if got := f.syncCount() - before; got != 1 {
				t.Errorf("fsyncs of Close: got %d, want 1", got)
			}
			if err := n.Close(); err != nil {
				t.Errorf("second Close: got %v, want nil", err)
			}
			if err := n.Handle(t.Context(), delivery(t, "EZ2", sessionUpdated)); !errors.Is(err, fs.ErrClosed) {
				t.Errorf("Handle after Close: got %v, want %v", err, fs.ErrClosed)
			}
		})
	}
}

func TestNDJSON_CloseReportsAFailedSync(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, f := archive(t, SyncInterval)
		handleOne(t, n, "EZ1")
		f.set(func() { f.syncErr = syscall.EIO })
		time.Sleep(time.Second)
		synctest.Wait()
		f.set(func() { f.syncErr = nil })
		if err := n.Close(); !errors.Is(err, syscall.EIO) {
			t.Errorf("Close: got %v, want the EIO of the earlier sync", err)
		}
	})
}

func TestNDJSON_AFullDiskLosesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, f := archive(t, SyncAlways)
		m := newMux(t, &memoryBurier{}, attempts(0), []Route{to(t, "archive", n)})
		wantOutcome(t, m, delivery(t, "EZ1", sessionUpdated), consumer.Handled)
		f.set(func() { f.room = 10 })
		time.AfterFunc(time.Hour, func() { f.set(func() { f.room = -1 }) })
		wantOutcome(t, m, delivery(t, "EZ2", sessionUpdated), consumer.Handled)
		lines := strings.Split(strings.TrimSpace(written(t, f.Name())), "\n")
		if len(lines) != 2 || !json.Valid([]byte(lines[1])) || !strings.Contains(lines[1], "EZ2") {
			t.Errorf("lines: got %q, want two whole ones", lines)
		}
	})
}

func TestNDJSON_RefusesWhatCannotBeOneLine(t *testing.T) {
	t.Parallel()
	n, f := archive(t, SyncNever)
	err := n.Handle(t.Context(), &consumer.Delivery{Event: &event.Event{ID: "1", Type: "a", Raw: []byte("\"a\nb\"")}})
	if !IsPermanent(err) {
		t.Errorf("got %v, want a permanent error", err)
	}
	wantFile(t, f.Name())
}

func TestNDJSON_EndedContextWritesNothing(t *testing.T) {
	t.Parallel()
	n, f := archive(t, SyncNever)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errLeaseLost)
	if err := n.Handle(ctx, delivery(t, "EZ1", sessionUpdated)); !errors.Is(err, errLeaseLost) {
		t.Errorf("got %v, want %v", err, errLeaseLost)
	}
	wantFile(t, f.Name())
}

func TestNDJSONConfig_Validate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		cfg  NDJSONConfig
		want string
	}{
		{"no path", NDJSONConfig{Sync: SyncNever}, "Path must not be empty"},
		{"policy", NDJSONConfig{Path: "a", Sync: "sometimes"}, `Sync must be always, interval or never ("sometimes")`},
		{"interval", NDJSONConfig{Path: "a", Sync: SyncInterval}, "SyncInterval must be above 0"},
		{"stdout", NDJSONConfig{Path: Stdout, Sync: SyncAlways}, "cannot be synced"},
		{"device", NDJSONConfig{Path: "/dev/null", Sync: SyncAlways}, "not a regular file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := OpenNDJSON(tt.cfg); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestNDJSON_DevicesAndStdoutNeedNoSync(t *testing.T) {
	t.Parallel()
	n, err := OpenNDJSON(DefaultNDJSONConfig("/dev/null"))
	if err != nil {
		t.Fatal(err)
	}
	handleOne(t, n, "EZ1")
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	if n, err = OpenNDJSON(DefaultNDJSONConfig(Stdout)); err != nil {
		t.Fatal(err)
	}
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stdout.Stat(); err != nil {
		t.Errorf("standard output after Close: got %v, want it open", err)
	}
	full, err := OpenNDJSON(DefaultNDJSONConfig("/dev/full"))
	if err != nil {
		t.Skip("this system has no /dev/full")
	}
	defer full.Close()
	if err := full.Handle(t.Context(), delivery(t, "EZ1", sessionUpdated)); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("write to a full device: got %v, want ENOSPC", err)
	}
}
