package handlers

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// rotation finishes the file of a lineFile and begins a new one. A crash may come
// between any two of its steps:
//
//  1. The end of the file is made whole and all of it synced. No line is written
//     meanwhile, for the lineFile's mu is held. A crash leaves the file active.
//  2. It is renamed. A crash leaves no active file, or the old one if the
//     directory was not written: both hold all lines under one name.
//  3. A new file is created, and the directory synced. Only then a line is
//     written to it: a synced line in a file whose name is not durable is lost.
//  4. The finisher compresses what is finished (see there).
//
// Only who has the file for himself renames it. Every lineFile holds a shared lock
// on its file, and rotation needs the exclusive one (see alone); whoever opens
// the file meanwhile finds out that its name has gone, and opens the new one. So
// no process ever appends to a finished file. While another process has the file
// open it goes on growing.
type rotation struct {
	cfg   RotateConfig
	names finishedNames
	log   *failureLog
	// finished wakes the finisher; it has room for one.
	finished chan struct{}

	// The lineFile's mu guards the fields below.

	// last is the latest serial given. The directory alone does not tell: others
	// may have moved finished files away.
	last serial
	// again is when to try again after a failure.
	again time.Time
}

// tryTurnAgain is how long after a failed rotation the next is tried: the file is
// larger than it should be until then, and nothing else.
const tryTurnAgain = time.Second

// errFileShared says why a file cannot be finished now.
var errFileShared = errors.New("another process has the file open, and could lose lines")

// startRotation has a file rotated that we can have for ourselves.
func startRotation(l *lineFile, cfg RotateConfig, logger *zap.Logger) error {
	if !l.regular {
		return fmt.Errorf("%s is not a regular file and cannot be rotated; choose another path", l.path)
	}
	if !lockable(l.f) {
		return fmt.Errorf("%s is on a file system without locks, so nothing would show whether another process writes to it; do not rotate it, or choose another path", l.path)
	}
	// A link stays where it is: what it leads to is renamed.
	path, err := filepath.EvalSymlinks(l.path)
	if err != nil {
		return fmt.Errorf("find %s: %w", l.path, err)
	}
	l.path = path
	if now := time.Now(); l.written.After(now) {
		l.written = now // of a clock that was ahead
	}
	l.rotation = &rotation{
		cfg: cfg, names: newFinishedNames(path), finished: make(chan struct{}, 1),
		log: newFailureLog(logger, zapcore.WarnLevel, "file not rotated; it goes on growing"),
	}
	return nil
}

// makeRoom finishes the file if a line of n bytes may not go there any more. It
// fails only if there is no file to write to. l.mu is held.
func (r *rotation) makeRoom(l *lineFile, n int64) error {
	now := time.Now()
	lost := l.f == nil || l.unsure && !stillAt(l.f, l.path)
	l.unsure = false
	if lost || r.due(l, n, now) {
		if err := r.turn(l); l.f == nil {
			return fmt.Errorf("begin %s: %w", l.path, err)
		}
	}
	l.written = now
	return nil
}

// turnIfDue is makeRoom when no line comes.
func (r *rotation) turnIfDue(l *lineFile) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed && r.due(l, 0, time.Now()) {
		_ = r.turn(l) // it is in the log, and tried again
	}
}

// due tells whether the file is to be finished before n bytes are written.
func (r *rotation) due(l *lineFile, n int64, now time.Time) bool {
	if l.size == 0 || now.Before(r.again) {
		return false
	}
	return r.cfg.MaxBytes > 0 && l.size+n > r.cfg.MaxBytes ||
		r.cfg.Interval > 0 && now.Truncate(r.cfg.Interval).After(l.written.Truncate(r.cfg.Interval))
}

// untilDue is how long it takes until the clock makes a file due, as it goes now.
func (r *rotation) untilDue() time.Duration {
	if r.cfg.Interval == 0 {
		return day
	}
	now := time.Now()
	return now.Truncate(r.cfg.Interval).Add(r.cfg.Interval).Sub(now)
}

// turn finishes the file and begins the next. After an error lines go on into
// the old one, unless l.f is nil. l.mu is held.
func (r *rotation) turn(l *lineFile) error {
	err := l.syncs.between(func() error {
		if l.f != nil {
			if err := r.finish(l); err != nil {
				return err
			}
			// All is synced, so its error would not matter to any line.
			_ = unlockAndClose(l.f)
			l.f, l.size, l.torn = nil, 0, false
		}
		return r.begin(l)
	})
	if err != nil {
		r.again = time.Now().Add(tryTurnAgain)
		r.log.failed(err)
	}
	select {
	case r.finished <- struct{}{}:
	default:
	}
	return err
}

// finish gives the file its last name. syncs are held.
func (r *rotation) finish(l *lineFile) error {
	err := errFileShared
	if stillAt(l.f, l.path) {
		renamed, renameErr := r.rename(l)
		if renamed {
			return nil
		}
		if renameErr != nil {
			err = renameErr
		}
	}
	if stillAt(l.f, l.path) {
		return err
	}
	// Another process has finished it while our lock was let go, or somebody has
	// renamed it by hand.
	if err := l.syncs.flush(); err != nil {
		return fmt.Errorf("sync %s: %w", l.path, err)
	}
	return nil
}

func (r *rotation) rename(l *lineFile) (renamed bool, err error) {
	_, err = alone(l.f, func() error {
		if err := cutTail(l.f); err != nil {
			return fmt.Errorf("mend the end of %s: %w", l.path, err)
		}
		if err := l.syncs.flush(); err != nil {
			return fmt.Errorf("sync %s: %w", l.path, err)
		}
		next, err := r.next(l.written)
		if err != nil {
			return err
		}
		if err := l.disk.rename(l.path, r.names.of(next)); err != nil {
			return fmt.Errorf("finish file: %w", err)
		}
		r.last, renamed = next, true
		return nil
	})
	return renamed, err
}

// next returns the serial of the file that is finished now. Nobody else can be
// giving one: we have the file alone.
func (r *rotation) next(written time.Time) (serial, error) {
	files, err := r.names.list()
	if err != nil {
		return serial{}, err
	}
	last := r.last
	if n := len(files); n > 0 {
		if s := files[n-1].serial; s.at > last.at || s.at == last.at && s.count > last.count {
			last = s
		}
	}
	return last.next(written), nil
}

// begin opens a new file, or the one that another process has begun.
func (r *rotation) begin(l *lineFile) error {
	next, err := openLines(l.disk, l.path)
	if err != nil {
		return err
	}
	if !next.regular {
		return errors.Join(fmt.Errorf("%s is not a regular file any more", l.path), next.close())
	}
	l.f, l.size, l.written = next.f, next.size, next.written
	return nil
}
