package handlers

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A process that dies at any step of writing, rotating, compressing and removing,
// and of mending that afterwards, loses no event that was reported as handled and
// leaves no half file; nor does a machine that forgets what was not synced.
func TestRotate_ACrashAtAnyStepLosesNothing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name        string
		compression Compression
		left        crash
		steps       int // fewest, or something was not exercised
	}{
		{"process", NoCompression, crash{names: true, contents: true}, 35},
		{"machine", NoCompression, crash{}, 35},
		{"process", Zstd, crash{names: true, contents: true}, 55},
		{"process", Gzip, crash{names: true, contents: true}, 55},
		{"machine", Gzip, crash{}, 55},
		{"machine that kept names", Gzip, crash{names: true}, 55},
		{"machine that kept contents", Gzip, crash{contents: true}, 55},
		{"machine that removed first", Gzip, crash{removals: true}, 55},
	} {
		t.Run(fmt.Sprintf("%s/%s", tt.compression, tt.name), func(t *testing.T) {
			t.Parallel()
			tune := func(c *RotateConfig) { perFile(3)(c); c.Compression = tt.compression }
			step := 1
			for done := false; !done && !t.Failed(); step++ {
				synctest.Test(t, func(t *testing.T) {
					c := &crashes{t: t, dir: t.TempDir(), tune: tune, left: tt.left, acked: make(map[string]bool)}
					done = c.live(step)
					c.live(1 + step*7%31) // again while it mends what the first has left
					if !c.live(0) {
						t.Error("the last process died too")
					}
					c.check(step, tt.compression)
				})
			}
			t.Logf("%d steps", step-2)
			if step-2 < tt.steps {
				t.Errorf("got %d steps, want at least %d", step-2, tt.steps)
			}
		})
	}
}

// crash is what is left of what was not synced: all names, all contents, and all
// removals though nothing else.
type crash struct{ names, contents, removals bool }

// crashes is an archive whose processes die.
type crashes struct {
	t     *testing.T
	dir   string
	tune  func(*RotateConfig)
	left  crash
	acked map[string]bool
}

const crashEvents = 11

// live is one process, which dies at a step. It handles what is not handled yet,
// and tells whether it came to its end.
func (c *crashes) live(step int) bool {
	d := onDisk(c.t, c.dir, step)
	d.forgetful = c.left.removals
	defer func() {
		if d.crashed() {
			d.restart(c.left.names, c.left.contents)
		}
	}()
	n, err := openRotated(d, c.dir, c.tune)
	if err != nil {
		if !d.crashed() {
			c.t.Errorf("open: %v", err)
		}
		return false
	}
	for i := range crashEvents {
		id := fmt.Sprintf("EZ%d", 1001+i)
		if c.acked[id] {
			continue
		}
		if err := n.Handle(c.t.Context(), small(c.t, id)); err != nil {
			if !d.crashed() {
				c.t.Errorf("event %s: %v", id, err)
			}
			break // later events of the SIM wait for this one
		}
		c.acked[id] = true
		synctest.Wait() // the finisher has its turn, at the same steps each time
	}
	if err := n.Close(); err != nil && !d.crashed() {
		c.t.Errorf("close: %v", err)
	}
	return !d.crashed()
}

// check looks at what is there when the last process has ended.
func (c *crashes) check(step int, compression Compression) {
	names, ids := archived(c.t, c.dir)
	times := make(map[string]int)
	last := ""
	for _, id := range ids {
		if times[id]++; times[id] == 1 && id < last {
			c.t.Errorf("step %d: %s stands after %s", step, id, last)
		}
		last = max(last, id)
	}
	for i := range crashEvents {
		id := fmt.Sprintf("EZ%d", 1001+i)
		if !c.acked[id] || times[id] == 0 {
			c.t.Errorf("step %d: event %s: handled %t, stands %d times", step, id, c.acked[id], times[id])
		}
	}
	// One event is in flight in each crash, and comes again.
	if len(ids) > crashEvents+2 {
		c.t.Errorf("step %d: %d lines of %d events in %d crashes: %v", step, len(ids), crashEvents, 2, ids)
	}
	ending := ".ndjson"
	if compression != NoCompression {
		ending += formats[compression].ending
	}
	for _, name := range names {
		if name != "events.ndjson" && !strings.HasSuffix(name, ending) {
			c.t.Errorf("step %d: %s was left over: %v", step, name, names)
		}
	}
	if c.t.Failed() {
		c.t.Logf("files: %v\nevents: %v", names, ids)
	}
}

func TestRotate_ACrashWhileOldFilesAreRemovedKeepsTheLatest(t *testing.T) {
	t.Parallel()
	tune := func(c *RotateConfig) { perFile(2)(c); c.Compression, c.Keep = Zstd, 2 }
	for step, done := 1, false; !done && !t.Failed(); step++ {
		synctest.Test(t, func(t *testing.T) {
			c := &crashes{t: t, dir: t.TempDir(), tune: tune, left: crash{contents: true}, acked: make(map[string]bool)}
			done = c.live(step)
			c.live(0)
			names, ids := archived(t, c.dir)
			// Two finished ones of two events or three, and one event or two.
			if len(names) != 3 || len(ids) < 5 || ids[0] < "EZ1006" || ids[len(ids)-1] != "EZ1011" {
				t.Errorf("step %d: got %v with %v, want the last events in two finished files", step, names, ids)
			}
		})
	}
}

// Also where lines are not synced one by one: what has its last name is whole, and
// a compressed file may take its place.
func TestRotate_AFinishedFileIsDurableWhateverThePolicy(t *testing.T) {
	t.Parallel()
	for _, policy := range []SyncPolicy{SyncInterval, SyncNever} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				dir := t.TempDir()
				d := onDisk(t, dir, 0)
				n, err := openNDJSON(d, NDJSONConfig{
					Path: filepath.Join(dir, "events.ndjson"), Sync: policy, SyncInterval: time.Minute, Rotate: RotateConfig{MaxBytes: 2 * line},
				})
				if err != nil {
					t.Fatal(err)
				}
				defer n.Close()
				handleSmall(t, n, "EZ1001", "EZ1002", "EZ1003")
				d.restart(true, false) // the machine dies; Close comes too late
				first := "events-" + midnight + "-000001.ndjson"
				wantArchived(t, dir, []string{first, "events.ndjson"}, []string{"EZ1001", "EZ1002"})
			})
		})
	}
}

// An interval's sync that is due when the file is finished is for both files.
func TestRotate_AnIntervalsSyncCoversTheNewFile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		d := onDisk(t, dir, 0)
		n, err := openNDJSON(d, NDJSONConfig{
			Path: filepath.Join(dir, "events.ndjson"), Sync: SyncInterval, SyncInterval: time.Second, Rotate: RotateConfig{MaxBytes: 2 * line},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer n.Close()
		handleSmall(t, n, "EZ1001", "EZ1002", "EZ1003")
		time.Sleep(time.Second)
		synctest.Wait()
		handleSmall(t, n, "EZ1004")
		d.restart(true, false)
		_, ids := archived(t, dir)
		if got := strings.Join(ids, " "); got != "EZ1001 EZ1002 EZ1003" {
			t.Errorf("durable after the interval: got %s, want all but the last", got)
		}
	})
}

// What compressing has left behind of a process that was told to end is done by
// the next.
func TestRotate_CloseWaitsForTheFinisherWithinReason(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		d := onDisk(t, dir, 0)
		stuck := make(chan struct{})
		slow := &slowDisk{testDisk: d, gate: stuck}
		tune := func(c *RotateConfig) { perFile(1)(c); c.Compression = Gzip }
		n := rotated(t, slow, dir, tune)
		handleSmall(t, n, "EZ1001", "EZ1002", "EZ1003", "EZ1004")
		synctest.Wait()
		time.AfterFunc(finisherGrace+time.Second, func() { close(stuck) })
		begun := time.Now()
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took != finisherGrace+time.Second {
			t.Errorf("Close took %s, want the step that ran and none after", took)
		}
		names, _ := archived(t, dir)
		if got := strings.Join(names, " "); strings.Contains(got, ".gz") || len(names) != 4 {
			t.Errorf("files: got %s, want 4 plain ones", got)
		}
		n = rotated(t, d, dir, tune)
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
		names, ids := archived(t, dir)
		if got := strings.Join(names, " "); strings.Count(got, ".gz") != 3 || len(ids) != 4 {
			t.Errorf("files of the next process: got %s with %v, want 3 compressed ones", got, ids)
		}
	})
}

// slowDisk keeps whoever opens a temporary file waiting.
type slowDisk struct {
	*testDisk
	gate chan struct{}
}

func (d *slowDisk) open(path string, flag int) (file, error) {
	if strings.HasSuffix(path, temporary) {
		<-d.gate
	}
	return d.testDisk.open(path, flag)
}
