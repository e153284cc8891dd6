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
)

// file is what a lineFile needs of an *os.File. Tests put one with faults in
// its place.
type file interface {
	io.Writer
	io.ReaderAt
	io.Seeker
	Stat() (fs.FileInfo, error)
	Truncate(size int64) error
	Sync() error
	Close() error
	Fd() uintptr
}

// lineFile is a file to which whole lines are appended. A line is one write
// call, in append mode, so that several goroutines, and several processes on a
// local file system, do not mix theirs. It is safe for concurrent use.
type lineFile struct {
	path string
	f    file
	// regular is false for terminals, pipes and devices: those are not
	// repaired, and there is nothing to sync.
	regular bool

	mu sync.Mutex // guards the fields below, and writing
	// torn says that the file ends in a part of a line, which could not be cut
	// off. The next line then begins with a line break of its own.
	torn   bool
	closed bool

	syncs group
}

// linePermissions keep what identifies SIMs from users that have no business
// with it.
const linePermissions = 0o640

// openLines opens or creates the file and mends what a crash left at its end.
func openLines(path string) (*lineFile, error) {
	for {
		l, err := openLinesOnce(path)
		if err != nil || !l.regular || l.stillAt(path) {
			return l, err
		}
		// Another process has put a file without removed letters in its place
		// between our opening and our locking it.
		if err := l.close(); err != nil {
			return nil, err
		}
	}
}

// stillAt tells whether the file is the one that the path names.
func (l *lineFile) stillAt(path string) bool {
	open, err := l.f.Stat()
	if err != nil {
		return true // it shows when it is written
	}
	named, err := os.Stat(path)
	return err == nil && os.SameFile(open, named)
}

func openLinesOnce(path string) (*lineFile, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, linePermissions)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, mendOpen(path, err))
	}
	l, err := newLineFile(path, f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return l, nil
}

func newLineFile(path string, f file) (*lineFile, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("inspect %s: %w", path, err)
	}
	l := &lineFile{path: path, f: f, regular: info.Mode().IsRegular()}
	l.syncs.fsync = f.Sync
	if !l.regular {
		return l, nil
	}
	if err := mendTail(f); err != nil {
		return nil, fmt.Errorf("mend the end of %s: %w", path, err)
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("make the name of %s durable: %w", path, err)
	}
	return l, nil
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

// syncDir makes the names in a directory durable: a synced file whose name is
// lost in a crash is lost.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil // a file system whose directories need no sync
	}
	return errors.Join(err, d.Close())
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
	if l.torn {
		line = append([]byte{'\n'}, line...)
	}
	// The stamp is taken first: a sync that fails while we write may have
	// been ours.
	stamp = l.syncs.stamp()
	n, err := l.f.Write(line)
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
	return errors.Join(l.sync(l.syncs.stamp()), l.f.Close())
}
