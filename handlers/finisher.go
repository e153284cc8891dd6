package handlers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// finisher looks after finished files in the background: it removes what is too
// old and compresses the rest. A plain file is whole from the moment that it has
// its name, and counts as long as it is there, so that a crash may come between
// any two steps:
//
//  1. It is compressed to a temporary name and that synced. What a crash leaves
//     of it is written anew.
//  2. The compressed file is renamed, and the directory synced.
//  3. The plain one is removed. Where a crash has left both, it begins again.
//
// Each file is done under an exclusive lock, so that two processes do not do it
// both.
type finisher struct {
	lines      *lineFile
	rotation   *rotation
	compressor *compressor // nil for none
	log        *failureLog

	stop     chan struct{}
	stopOnce sync.Once
	cancel   context.CancelCauseFunc
	done     chan struct{}
}

// The times of a finisher.
const (
	// finisherLooks is how often it looks by itself: another process may have had
	// a file, and the clock may have been set.
	finisherLooks = time.Minute
	// finisherGrace is how long Close waits for files to be compressed.
	finisherGrace = 3 * time.Second
)

// errFinisherClosed is the cause with which compressing ends; the next process
// begins it again.
var errFinisherClosed = errors.New("closed before the file was compressed")

func startFinisher(l *lineFile, logger *zap.Logger) *finisher {
	ctx, cancel := context.WithCancelCause(context.Background())
	f := &finisher{
		lines: l, rotation: l.rotation, compressor: newCompressor(l.rotation.cfg.Compression),
		log:  newFailureLog(logger, zapcore.WarnLevel, "finished file neither compressed nor removed yet"),
		stop: make(chan struct{}), cancel: cancel, done: make(chan struct{}),
	}
	go f.run(ctx)
	return f
}

// close lets what is finished be compressed, within bounds, and ends.
func (f *finisher) close() {
	f.stopOnce.Do(func() { close(f.stop) })
	t := time.AfterFunc(finisherGrace, func() { f.cancel(errFinisherClosed) })
	<-f.done
	t.Stop()
	f.cancel(errFinisherClosed)
}

func (f *finisher) run(ctx context.Context) {
	defer close(f.done)
	delays := newDelays(time.Second, finisherLooks)
	for {
		f.rotation.turnIfDue(f.lines)
		wait := min(f.rotation.untilDue(), finisherLooks)
		if err := f.pass(ctx); err != nil {
			f.log.failed(err)
			wait = min(wait, delays.NextBackOff())
		} else {
			delays.Reset()
		}
		t := time.NewTimer(wait)
		select {
		case <-f.stop:
			t.Stop()
			f.last(ctx)
			return
		case <-f.rotation.finished:
		case <-t.C:
		}
		t.Stop()
	}
}

// last does what was finished since the last pass.
func (f *finisher) last(ctx context.Context) {
	select {
	case <-f.rotation.finished:
		if err := f.pass(ctx); err != nil {
			f.log.failed(err)
		}
	default:
	}
}

// pass looks at all finished files once. One that fails does not keep the others
// waiting; the first error is returned.
func (f *finisher) pass(ctx context.Context) error {
	files, err := f.rotation.names.list()
	if err != nil {
		return err
	}
	// First, for it makes room on a disk that is full.
	files, first := f.prune(files)
	for _, file := range files {
		if ctx.Err() != nil {
			return errors.Join(first, context.Cause(ctx))
		}
		if err := f.finish(ctx, file); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// prune removes the oldest files but for those to be kept, which it returns.
func (f *finisher) prune(files []*finishedFile) ([]*finishedFile, error) {
	keep := f.rotation.cfg.Keep
	if keep == 0 || len(files) <= keep {
		return files, nil
	}
	var first error
	for _, file := range files[:len(files)-keep] {
		if err := errors.Join(f.removeCompressed(file, ""), f.remove(file.path)); err != nil && first == nil {
			first = err
		}
	}
	return files[len(files)-keep:], first
}

// remove is that of a name which may be gone.
func (f *finisher) remove(path string) error {
	if err := f.lines.disk.remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("finished file: %w", err)
	}
	return nil
}

// removeCompressed removes all compressed forms of a file but the one with the
// ending, complete or not.
func (f *finisher) removeCompressed(file *finishedFile, but string) error {
	var errs []error
	for _, e := range file.unfinished {
		errs = append(errs, f.remove(unfinished(file.path, e)))
	}
	for _, e := range file.packed {
		if e != but {
			errs = append(errs, f.remove(packed(file.path, e)))
		}
	}
	return errors.Join(errs...)
}

// finish brings one file into the form that it should have.
func (f *finisher) finish(ctx context.Context, file *finishedFile) error {
	if !file.plain {
		for _, e := range file.unfinished { // the plain one was removed by hand
			if err := f.remove(unfinished(file.path, e)); err != nil {
				return err
			}
		}
		return nil
	}
	if f.compressor == nil && len(file.packed)+len(file.unfinished) == 0 {
		return nil
	}
	plain, err := f.lines.disk.open(file.path, os.O_RDWR|os.O_APPEND)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // another process was faster
	}
	if err != nil {
		return fmt.Errorf("finished file: %w", err)
	}
	// If another process has the lock it does the same.
	_, err = alone(plain, func() error {
		if !stillAt(plain, file.path) {
			return nil
		}
		if f.compressor == nil { // what was compressed is there twice
			return f.removeCompressed(file, "")
		}
		return f.compress(ctx, plain, file)
	})
	return errors.Join(err, unlockAndClose(plain))
}

// compress puts a compressed file in the place of a plain one.
func (f *finisher) compress(ctx context.Context, plain file, file *finishedFile) error {
	ending := f.compressor.ending
	tmp, disk := unfinished(file.path, ending), f.lines.disk
	if err := f.pack(ctx, plain, tmp); err != nil {
		// The disk may be full: what there is of it makes room.
		return errors.Join(fmt.Errorf("compress %s: %w", file.path, err), f.remove(tmp))
	}
	if err := disk.rename(tmp, packed(file.path, ending)); err != nil {
		return fmt.Errorf("compressed file: %w", err)
	}
	if err := disk.syncDir(f.rotation.names.dir); err != nil {
		return fmt.Errorf("make the name of %s durable: %w", packed(file.path, ending), err)
	}
	if err := f.removeCompressed(file, ending); err != nil {
		return err
	}
	return f.remove(file.path)
}

// pack writes the compressed file, durably.
func (f *finisher) pack(ctx context.Context, plain file, to string) error {
	if err := cutTail(plain); err != nil {
		return err
	}
	info, err := plain.Stat()
	if err != nil {
		return err
	}
	out, err := f.lines.disk.open(to, os.O_RDWR|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	err = f.compressor.compress(out, until(ctx, io.NewSectionReader(plain, 0, info.Size())))
	if err == nil {
		err = out.Sync()
	}
	return errors.Join(err, out.Close())
}

// until makes a reader fail once ctx has ended.
func until(ctx context.Context, r io.Reader) io.Reader {
	return readerFunc(func(p []byte) (int, error) {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		return r.Read(p)
	})
}

// readerFunc is a function as an [io.Reader].
type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
