package handlers

import (
	"errors"
	"io"
	"io/fs"
	"os"
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

// disk is what files need of the operating system that changes names. Tests put
// one in its place on which the process dies at any of these steps.
type disk interface {
	// open is os.OpenFile.
	open(path string, flag int) (file, error)
	// rename puts a file in the place of whatever has the other name.
	rename(from, to string) error
	// remove is that of a name.
	remove(path string) error
	// syncDir makes the names in a directory durable: a synced file whose name
	// is lost in a crash is lost.
	syncDir(dir string) error
}

// realDisk is the operating system itself.
type realDisk struct{}

// linePermissions keep what identifies SIMs from users that have no business
// with it.
const linePermissions = 0o640

func (realDisk) open(path string, flag int) (file, error) {
	f, err := os.OpenFile(path, flag, linePermissions)
	if err != nil {
		return nil, err // not a nil *os.File in an interface that is not nil
	}
	return f, nil
}

func (realDisk) rename(from, to string) error { return os.Rename(from, to) }

func (realDisk) remove(path string) error { return os.Remove(path) }

func (realDisk) syncDir(dir string) error {
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
