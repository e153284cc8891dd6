//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package handlers

import (
	"errors"
	"syscall"
)

// alone runs fn if no other lineFile, of any process, has the file open, and
// says whether it did. Each holds a shared lock for as long as it is open, which
// alone takes, and makes it exclusive while fn runs. Bytes may be taken off a
// file only like this: what is torn to us may be the middle of another's write.
func alone(f file, fn func() error) (bool, error) {
	switch err := flock(f, syscall.LOCK_EX|syscall.LOCK_NB); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		// A conversion that fails may have dropped the shared lock. The
		// other's exclusive one, if it is that, lasts for one fn only.
		return false, flock(f, syscall.LOCK_SH)
	case err != nil:
		return false, nil // a file system without locks: we cannot know
	}
	return true, errors.Join(fn(), flock(f, syscall.LOCK_SH))
}

func flock(f file, how int) error {
	for {
		if err := syscall.Flock(int(f.Fd()), how); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// unlockAndClose ends our hold of the lock together with the file. Closing alone may
// not: a child that another handler is just starting has all our files until it runs
// its program, and our lock with them.
func unlockAndClose(f file) error {
	_ = flock(f, syscall.LOCK_UN) // where there are no locks, there is none
	return f.Close()
}

// lockable tells whether the file system knows locks.
func lockable(f file) bool { return flock(f, syscall.LOCK_SH) == nil }
