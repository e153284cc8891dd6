package handlers

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// lineFile is a file to which whole lines are appended. A line is one write
// call, in append mode, so that several goroutines, and several processes on a
// local file system, do not mix theirs. It is safe for concurrent use.
type lineFile struct {
	path string
	disk disk
	// regular is false for terminals, pipes and devices: those are not
	// repaired, and there is nothing to sync.
	regular bool
	// rotation finishes the file from time to time; nil is never.
	rotation *rotation

	mu sync.Mutex // guards the fields below, and writing
	// f is changed with syncs held as well, so that either is enough to read
	// it. It is nil while no file could be begun after one that was finished.
	f file
	// size is what f holds; lines of other processes are not counted.
	size int64
	// written is when the last line was, by the wall clock.
	written time.Time
	// unsure says that our lock on f was let go for a moment, in which another
	// process may have finished it.
	unsure bool
	// torn says that the file ends in a part of a line, which could not be cut
	// off. The next line then begins with a line break of its own.
	torn   bool
	closed bool

	syncs group
}

// openLines opens or creates the file and mends what a crash left at its end.
func openLines(d disk, path string) (*lineFile, error) {
	for {
		l, err := openLinesOnce(d, path)
		if err != nil || !l.regular || stillAt(l.f, path) {
			return l, err
		}
		// Another process has put a file without removed letters in its place,
		// or finished it, between our opening and our locking it.
		if err := l.close(); err != nil {
			return nil, err
		}
	}
}

// stillAt tells whether the file is the one that the path names.
func stillAt(f file, path string) bool {
	open, err := f.Stat()
	if err != nil {
		return true // it shows when it is written
	}
	named, err := os.Stat(path)
	return err == nil && os.SameFile(open, named)
}

func openLinesOnce(d disk, path string) (*lineFile, error) {
	f, err := d.open(path, os.O_RDWR|os.O_APPEND|os.O_CREATE)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, mendOpen(path, err))
	}
	l, err := newLineFile(d, path, f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return l, nil
}

func newLineFile(d disk, path string, f file) (*lineFile, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("inspect %s: %w", path, err)
	}
	l := &lineFile{path: path, disk: d, f: f, regular: info.Mode().IsRegular(), written: info.ModTime()}
	l.syncs.fsync = l.fsync
	if !l.regular {
		return l, nil
	}
	if err := mendTail(f); err != nil {
		return nil, fmt.Errorf("mend the end of %s: %w", path, err)
	}
	if info, err = f.Stat(); err != nil {
		return nil, fmt.Errorf("inspect %s: %w", path, err)
	}
	l.size = info.Size()
	if err := d.syncDir(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("make the name of %s durable: %w", path, err)
	}
	return l, nil
}

// fsync is called with syncs held.
func (l *lineFile) fsync() error {
	if l.f == nil { // what was finished is synced, and nothing was begun
		return nil
	}
	return l.f.Sync()
}

// mendOpen says what to do about an error of open.
func mendOpen(path string, err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return fmt.Sprintf("create the directory %s, or choose another path", filepath.Dir(path))
	case errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf("let the user that this process runs as (uid %d) write to it, or choose another path", os.Getuid())
	case errors.Is(err, syscall.EISDIR):
		return "it is a directory; name a file in it"
	case errors.Is(err, syscall.EROFS):
		return "the file system is read-only; mount one that is not, or choose another path"
	}
	return "choose a path that can be written to"
}

// append writes one line, which ends in a line break. After an error the line
// is not in the file, or is a torn one that the next append ends. The stamp is
// for sync.
func (l *lineFile) append(line []byte) (stamp int64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return 0, fmt.Errorf("append to %s: %w", l.path, fs.ErrClosed)
	}
	if l.rotation != nil {
		if err := l.rotation.makeRoom(l, int64(len(line))); err != nil {
			return 0, err
		}
	}
	if l.torn {
		line = append([]byte{'\n'}, line...)
	}
	// The stamp is taken first: a sync that fails while we write may have
	// been ours.
	stamp = l.syncs.stamp()
	n, err := l.f.Write(line)
	l.size += int64(n)
	if err == nil {
		l.torn = false
		return stamp, nil
	}
	if n > 0 && !l.cutBack(int64(n)) {
		l.torn = line[n-1] != '\n'
	}
	return 0, fmt.Errorf("append to %s: %w", l.path, err)
}

// cutBack takes the last n bytes, which we wrote, off the file. It does
// so only if nobody else can have appended after them.
func (l *lineFile) cutBack(n int64) bool {
	if !l.regular {
		return false
	}
	cut := false
	l.unsure = true
	_, err := alone(l.f, func() error {
		end, err := l.f.Seek(0, io.SeekCurrent)
		if err != nil {
			return err
		}
		info, err := l.f.Stat()
		if err != nil || info.Size() != end {
			return err
		}
		err = l.f.Truncate(end - n)
		cut = err == nil
		return err
	})
	if cut {
		l.size -= n
	}
	return err == nil && cut
}

// sync returns nil once everything that was written before the call, under the
// stamp or earlier, is on the disk. Concurrent calls share one fsync.
func (l *lineFile) sync(stamp int64) error {
	if !l.regular {
		return nil
	}
	if err := l.syncs.wait(stamp); err != nil {
		return fmt.Errorf("sync %s: %w", l.path, err)
	}
	return nil
}

// close makes everything durable and closes the file. A second call does
// nothing.
func (l *lineFile) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	err := l.sync(l.syncs.stamp())
	if l.f == nil {
		return err
	}
	return errors.Join(err, unlockAndClose(l.f))
}
