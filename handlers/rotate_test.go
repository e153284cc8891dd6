package handlers

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// The virtual clock begins at midnight.
const midnight = "20000101T000000Z"

func TestRotate_BySizeNeverSplitsALine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		n := rotated(t, realDisk{}, dir, perFile(2))
		handleSmall(t, n, "EZ1001", "EZ1002", "EZ1003")
		long := "EZ" + strings.Repeat("9", 200) // larger than a file may be
		handleSmall(t, n, long, "EZ1004")
		wantArchived(t, dir, []string{
			"events-" + midnight + "-000001.ndjson", "events-" + midnight + "-000002.ndjson",
			"events-" + midnight + "-000003.ndjson", "events.ndjson",
		}, []string{"EZ1001", "EZ1002", "EZ1003", long, "EZ1004"})
	})
}

// TestRotate_AChildThatIsBeingStartedHoldsNothingUp: it has a copy of each of our
// descriptors until it runs its program, and a lock lasts as long as any copy.
func TestRotate_AChildThatIsBeingStartedHoldsNothingUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		n := rotated(t, forkedDisk{t: t}, dir, func(c *RotateConfig) { perFile(2)(c); c.Compression = Gzip })
		handleSmall(t, n, "EZ1001", "EZ1002", "EZ1003", "EZ1004", "EZ1005")
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
		wantArchived(t, dir, []string{
			"events-" + midnight + "-000001.ndjson.gz", "events-" + midnight + "-000002.ndjson.gz", "events.ndjson",
		}, []string{"EZ1001", "EZ1002", "EZ1003", "EZ1004", "EZ1005"})
	})
}

func TestRotate_ByTheClockInUTCAlsoWhenNoEventComes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		n := rotated(t, realDisk{}, dir, func(c *RotateConfig) { c.Interval = time.Hour })
		time.Sleep(20 * time.Minute)
		handleSmall(t, n, "EZ1001")
		time.Sleep(39*time.Minute + 59*time.Second)
		handleSmall(t, n, "EZ1002")
		synctest.Wait()
		wantArchived(t, dir, []string{"events.ndjson"}, []string{"EZ1001", "EZ1002"})
		time.Sleep(2 * time.Second) // the hour is over
		synctest.Wait()
		first := "events-20000101T005959Z-000001.ndjson"
		wantArchived(t, dir, []string{first, "events.ndjson"}, []string{"EZ1001", "EZ1002"})
		time.Sleep(5 * time.Hour)
		synctest.Wait()
		wantArchived(t, dir, []string{first, "events.ndjson"}, []string{"EZ1001", "EZ1002"}) // no empty ones
		handleSmall(t, n, "EZ1003")
		time.Sleep(time.Hour)
		handleSmall(t, n, "EZ1004")
		synctest.Wait()
		wantArchived(t, dir, []string{first, "events-20000101T060001Z-000001.ndjson", "events.ndjson"}, []string{"EZ1001", "EZ1002", "EZ1003", "EZ1004"})
	})
}

func TestRotate_AFileOfAnHourThatIsOverIsFinishedAtStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		path := filepath.Join(dir, "events.ndjson")
		whole := `{"id":"EZ1001","type":"a.b"}` + "\n"
		if err := os.WriteFile(path, []byte(whole+`{"id":"EZ10`), 0o600); err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(-90 * time.Minute)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
		rotated(t, realDisk{}, dir, func(c *RotateConfig) { c.Interval, c.Compression = time.Hour, Gzip })
		synctest.Wait()
		wantArchived(t, dir, []string{"events-19991231T223000Z-000001.ndjson.gz", "events.ndjson"}, []string{"EZ1001"})
	})
}

// Names sort in the order of what is in them, whatever the clock does and
// whoever removes files.
func TestRotate_NoNameIsUsedTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		later := filepath.Join(dir, "events-20991231T235959Z-000007.ndjson.zst") // of a clock that was ahead
		foreign := []string{"events-20000101T000000Z-1.ndjson", "events-old.ndjson", "events-x-20990101T000000Z-000001.ndjson"}
		for _, name := range append(foreign, filepath.Base(later)) {
			if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		n := rotated(t, realDisk{}, dir, func(c *RotateConfig) { perFile(1)(c); c.Keep = 3 })
		handleSmall(t, n, "EZ1001", "EZ1002")
		wantThere(t, dir, "events-20991231T235959Z-000008.ndjson")
		for _, name := range []string{later, filepath.Join(dir, "events-20991231T235959Z-000008.ndjson")} { // moved elsewhere
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
		}
		handleSmall(t, n, "EZ1003")
		wantThere(t, dir, "events-20991231T235959Z-000009.ndjson")
		handleSmall(t, n, "EZ1004", "EZ1005", "EZ1006", "EZ1007")
		synctest.Wait()
		if _, err := os.Stat(filepath.Join(dir, "events-20991231T235959Z-000009.ndjson")); !os.IsNotExist(err) {
			t.Errorf("a file beyond those to keep: got %v, want it gone", err)
		}
		wantThere(t, dir, append(foreign, "events-20991231T235959Z-000013.ndjson")...)
	})
}

func wantThere(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestSerial_OrderOfNamesIsOrderOfFiles(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 12, 31, 23, 59, 59, 0, time.FixedZone("", 3600))
	for _, tt := range []struct {
		name string
		last serial
		want serial
	}{
		{"the first", serial{}, serial{"20261231T225959Z", 1}},
		{"a second later", serial{"20261231T225958Z", 17}, serial{"20261231T225959Z", 1}},
		{"the same second", serial{"20261231T225959Z", 17}, serial{"20261231T225959Z", 18}},
		{"a clock set back", serial{"20270101T000000Z", 1}, serial{"20270101T000000Z", 2}},
		{"no count left", serial{"20261231T235959Z", maxSerial}, serial{"20270101T000000Z", 1}},
	} {
		if got := tt.last.next(at); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

// dlq redrive opens the file of a process that runs.
func TestRotate_NotWhileAnotherProcessHasTheFile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		first := rotated(t, realDisk{}, dir, perFile(2))
		handleSmall(t, first, "EZ1001", "EZ1002")
		second := rotated(t, realDisk{}, dir, perFile(2))
		handleSmall(t, first, "EZ1003")
		handleSmall(t, second, "EZ1004")
		wantArchived(t, dir, []string{"events.ndjson"}, []string{"EZ1001", "EZ1002", "EZ1003", "EZ1004"})
		if err := second.Close(); err != nil {
			t.Fatal(err)
		}
		handleSmall(t, first, "EZ1005") // not tried again so soon
		time.Sleep(tryTurnAgain)
		handleSmall(t, first, "EZ1006")
		wantArchived(t, dir, []string{"events-" + midnight + "-000001.ndjson", "events.ndjson"},
			[]string{"EZ1001", "EZ1002", "EZ1003", "EZ1004", "EZ1005", "EZ1006"})
	})
}

// Somebody else's rotation must not take the file from under us.
func TestRotate_GoesOnInAFileOfItsOwnWhenTheNameIsGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		n := rotated(t, realDisk{}, dir, perFile(2))
		handleSmall(t, n, "EZ1001", "EZ1002")
		if err := os.Rename(filepath.Join(dir, "events.ndjson"), filepath.Join(dir, "events-aside.ndjson")); err != nil {
			t.Fatal(err)
		}
		handleSmall(t, n, "EZ1003")
		wantArchived(t, dir, []string{"events-aside.ndjson", "events.ndjson"}, []string{"EZ1001", "EZ1002", "EZ1003"})
	})
}

func TestRotate_ALinkStaysALink(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir, there := t.TempDir(), t.TempDir()
		if err := os.Symlink(filepath.Join(there, "kore.ndjson"), filepath.Join(dir, "events.ndjson")); err != nil {
			t.Fatal(err)
		}
		n := rotated(t, realDisk{}, dir, perFile(1))
		handleSmall(t, n, "EZ1001", "EZ1002")
		wantArchived(t, there, []string{"kore-" + midnight + "-000001.ndjson", "kore.ndjson"}, []string{"EZ1001", "EZ1002"})
		wantArchived(t, dir, []string{"events.ndjson"}, []string{"EZ1002"})
	})
}

// That a name cannot be given harms no event; that there is no file does, and is
// nobody's fault.
func TestRotate_FailuresAreWaitedOut(t *testing.T) {
	t.Parallel()
	for step, refused := range map[string]bool{"rename": false, "open": true, "syncDir": true, "sync": true} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				dir := t.TempDir()
				d := onDisk(t, dir, 0)
				n := rotated(t, d, dir, perFile(2))
				handleSmall(t, n, "EZ1001", "EZ1002")
				d.setRefuse(func(s, _ string) error {
					if s == step {
						return syscall.ENOSPC
					}
					return nil
				})
				err := n.Handle(t.Context(), small(t, "EZ1003"))
				if refused && (!errors.Is(err, syscall.ENOSPC) || !IsUnavailable(err)) || !refused && err != nil {
					t.Errorf("event while %s fails: got %v, want an outage: %t", step, err, refused)
				}
				d.setRefuse(nil)
				time.Sleep(tryTurnAgain)
				handleSmall(t, n, "EZ1004")
				_, ids := archived(t, dir)
				got := strings.Join(ids, " ")
				// A line whose sync failed stands there, and its event comes again.
				if want := "EZ1001 EZ1002 EZ1003 EZ1004"; got != want && got != strings.Replace(want, " EZ1003", "", 1) {
					t.Errorf("events: got %s, want %s", got, want)
				}
				if finished, err := n.lines.rotation.names.list(); err != nil || len(finished) != 1 {
					t.Errorf("finished files: got %d, %v, want 1", len(finished), err)
				}
			})
		})
	}
}

func TestRotate_RefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		path string
		cfg  RotateConfig
		want string
	}{
		{"standard output", Stdout, RotateConfig{MaxBytes: 1}, "standard output, which cannot be rotated"},
		{"a device", "/dev/null", RotateConfig{Interval: time.Hour}, "/dev/null is not a regular file and cannot be rotated"},
		{"negative size", "x", RotateConfig{MaxBytes: -1}, "MaxBytes"},
		{"negative keep", "x", RotateConfig{MaxBytes: 1, Keep: -1}, "Keep"},
		{"short interval", "x", RotateConfig{Interval: time.Millisecond}, "Interval must be at least 1s"},
		{"interval that drifts", "x", RotateConfig{Interval: 7 * time.Hour}, "Interval must divide a day"},
		{"compression alone", "x", RotateConfig{Compression: Gzip}, "Compression goes with"},
		{"keep alone", "x", RotateConfig{Keep: 1}, "Keep goes with"},
		{"unknown compression", "x", RotateConfig{MaxBytes: 1, Compression: "zip"}, `Compression must be gzip, zstd or none ("zip")`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := OpenNDJSON(NDJSONConfig{Path: tt.path, Sync: SyncNever, Rotate: tt.cfg})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}
