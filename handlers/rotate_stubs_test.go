package handlers

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"korestream/consumer"
)

// rotated opens an archive in a folder that is synced always; tune says how it is
// rotated.
func rotated(t *testing.T, d disk, dir string, tune func(*RotateConfig), opts ...NDJSONOption) *NDJSON {
	t.Helper()
	n, err := openRotated(d, dir, tune, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	return n
}

func openRotated(d disk, dir string, tune func(*RotateConfig), opts ...NDJSONOption) (*NDJSON, error) {
	cfg := NDJSONConfig{Path: filepath.Join(dir, "events.ndjson"), Sync: SyncAlways}
	tune(&cfg.Rotate)
	return openNDJSON(d, cfg, opts...)
}

// forkedDisk is one of whose files a child that is just being started has each as
// well, to the end of the test.
type forkedDisk struct {
	realDisk
	t *testing.T
}

func (d forkedDisk) open(path string, flag int) (file, error) {
	f, err := d.realDisk.open(path, flag)
	if err != nil {
		return nil, err
	}
	fd, err := syscall.Dup(int(f.Fd()))
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	d.t.Cleanup(func() { _ = syscall.Close(fd) })
	return f, nil
}

// line is the size of the line of an event of threes.
const line = int64(len(`{"id":"EZ1000","type":"a.b"}` + "\n"))

// perFile are files of so many lines.
func perFile(lines int64) func(*RotateConfig) {
	return func(c *RotateConfig) { c.MaxBytes = lines * line }
}

// small is an event whose line has the size line.
func small(t testing.TB, id string) *consumer.Delivery {
	t.Helper()
	return deliveryOf(t, `{"id": "`+id+`", "type": "a.b"}`)
}

func handleSmall(t *testing.T, n *NDJSON, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if err := n.Handle(t.Context(), small(t, id)); err != nil {
			t.Fatalf("event %s: %v", id, err)
		}
	}
}

// archived is what a folder holds: the names of its files and, in their order
// with the active one last, the IDs of the events.
func archived(t *testing.T, dir string) (names, ids []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries { // events- comes before events.
		names = append(names, e.Name())
		f, err := os.Open(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		text := unpacked(t, e.Name(), f)
		f.Close()
		if text != "" && !strings.HasSuffix(text, "\n") {
			t.Errorf("%s ends in a part of a line: %.100q", e.Name(), text)
		}
		for l := range strings.Lines(text) {
			var event struct{ ID string }
			if err := json.Unmarshal([]byte(l), &event); err != nil {
				t.Errorf("%s: line %q: %v", e.Name(), l, err)
			}
			ids = append(ids, event.ID)
		}
	}
	return names, ids
}

func wantArchived(t *testing.T, dir string, names, ids []string) {
	t.Helper()
	gotNames, gotIDs := archived(t, dir)
	if got, want := strings.Join(gotNames, " "), strings.Join(names, " "); got != want {
		t.Errorf("files: got %s\nwant %s", got, want)
	}
	if got, want := strings.Join(gotIDs, " "), strings.Join(ids, " "); got != want {
		t.Errorf("events: got %s\nwant %s", got, want)
	}
}
