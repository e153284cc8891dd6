package handlers

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// errCrashed is what a process that has died would see of its disk.
var errCrashed = errors.New("the process is dead")

// testDisk is a real folder that remembers what of it is durable. A step is a call
// that changes something; it can be refused, and the process can die at it.
type testDisk struct {
	t      *testing.T
	dir    string
	shadow string // keeps what has no name any more, by inode

	mu sync.Mutex // guards the fields below
	// crashAt is the step at which the process dies, 0 for none. Half of a write
	// is done then, and nothing of anything else.
	crashAt, steps int
	// refuse, if set, answers for a step that is named open, rename, remove,
	// syncDir, write, truncate or sync.
	refuse func(step, path string) error
	// forgetful has a removal be durable at once, before what came earlier.
	forgetful bool
	// synced is what a file held when it was last synced, by inode, and names
	// what the folder held.
	synced map[uint64][]byte
	names  map[string]uint64
}

// onDisk begins with everything in the folder durable.
func onDisk(t *testing.T, dir string, crashAt int) *testDisk {
	t.Helper()
	d := &testDisk{t: t, dir: dir, shadow: t.TempDir(), crashAt: crashAt, synced: make(map[uint64][]byte)}
	d.names = d.snapshot()
	for name, ino := range d.names {
		d.keep(filepath.Join(dir, name))
		d.synced[ino] = []byte(written(t, filepath.Join(dir, name)))
	}
	return d
}

// step tells whether a step may be done.
func (d *testDisk) step(what, path string) error {
	if d.crashAt > 0 && d.steps >= d.crashAt {
		return errCrashed
	}
	d.steps++
	if d.steps == d.crashAt {
		return errCrashed
	}
	if d.refuse != nil {
		return d.refuse(what, path)
	}
	return nil
}

func (d *testDisk) crashed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.crashAt > 0 && d.steps >= d.crashAt
}

func (d *testDisk) setRefuse(f func(step, path string) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refuse = f
}

func inode(t *testing.T, path string) uint64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Ino
}

func (d *testDisk) shadowOf(ino uint64) string {
	return filepath.Join(d.shadow, fmt.Sprint(ino))
}

// keep gives a file a second name, so that it can be brought back.
func (d *testDisk) keep(path string) {
	if err := os.Link(path, d.shadowOf(inode(d.t, path))); err != nil && !errors.Is(err, os.ErrExist) {
		d.t.Error(err)
	}
}

func (d *testDisk) snapshot() map[string]uint64 {
	names := make(map[string]uint64)
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		d.t.Error(err)
	}
	for _, e := range entries {
		names[e.Name()] = inode(d.t, filepath.Join(d.dir, e.Name()))
	}
	return names
}

// restart leaves in the folder what a crash has left: of the names, and of what
// is in the files, all, or only what was synced. A process that dies leaves all of
// both, a machine anything between.
func (d *testDisk) restart(allNames, allData bool) {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	names := d.names
	if allNames {
		names = d.snapshot()
	}
	contents := make(map[string][]byte)
	for name, ino := range names {
		contents[name] = d.synced[ino]
		if allData {
			contents[name] = []byte(written(d.t, d.shadowOf(ino)))
		}
	}
	for name := range d.snapshot() {
		if err := os.Remove(filepath.Join(d.dir, name)); err != nil {
			d.t.Fatal(err)
		}
	}
	for name, content := range contents {
		if err := os.WriteFile(filepath.Join(d.dir, name), content, 0o600); err != nil {
			d.t.Fatal(err)
		}
	}
}

func (d *testDisk) open(path string, flag int) (file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step("open", path); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, flag, 0o600)
	if err != nil {
		return nil, err
	}
	d.keep(path)
	return &testFile{f, d, inode(d.t, path)}, nil
}

func (d *testDisk) rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step("rename", to); err != nil {
		return err
	}
	if _, err := os.Stat(to); err == nil && filepath.Ext(to) == filepath.Ext(from) {
		d.t.Errorf("%s is put in the place of a file that is there", to)
	}
	return os.Rename(from, to)
}

func (d *testDisk) remove(path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step("remove", path); err != nil {
		return err
	}
	if d.forgetful {
		delete(d.names, filepath.Base(path))
	}
	return os.Remove(path)
}

func (d *testDisk) syncDir(dir string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step("syncDir", dir); err != nil {
		return err
	}
	d.names = d.snapshot()
	return nil
}

// testFile is a file of a testDisk.
type testFile struct {
	*os.File
	disk *testDisk
	ino  uint64
}

func (f *testFile) Write(p []byte) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	died := f.disk.crashAt > 0 && f.disk.steps >= f.disk.crashAt
	if err := f.disk.step("write", f.Name()); err != nil {
		if died || !errors.Is(err, errCrashed) {
			return 0, err
		}
		n, _ := f.File.Write(p[:len(p)/2]) // it dies anyway
		return n, err
	}
	return f.File.Write(p)
}

func (f *testFile) Truncate(size int64) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.disk.step("truncate", f.Name()); err != nil {
		return err
	}
	return f.File.Truncate(size)
}

func (f *testFile) Sync() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.disk.step("sync", f.Name()); err != nil {
		return err
	}
	content, err := os.ReadFile(f.disk.shadowOf(f.ino))
	f.disk.synced[f.ino] = content
	return err
}
