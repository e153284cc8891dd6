package handlers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"

	"korestream/consumer"
)

// NDJSON is the handler that writes each event as one line of JSON: the bytes
// as received but for the blanks between their tokens, which are removed.
// Nothing is decoded and encoded again, so numbers, escapes and the order of
// members stay as KORE wrote them.
//
// Handle returns nil when the line is written and as durable as the
// [SyncPolicy] says. A line is one write in append mode. One that a full disk
// cut short is removed again; one that a crash cut short is removed when the
// file is next opened, and its event comes again. So events may repeat, but
// every line is whole. When several processes append to one file nothing is
// removed: a fragment then stays on a line of its own.
//
// The file keeps its name while it is written to. What [RotateConfig] says is
// finished is renamed, synced whatever the policy is, and holds whole lines only.
// Who reads along goes by the name (tail -F): the file that he has open is
// complete once another one has the name, and stays readable to him when it is
// compressed or removed. A line that is read may be one that a crash takes back
// and whose event comes again.
//
// That a file cannot be written is no event's fault: until it can be again,
// events are Unavailable.
type NDJSON struct {
	lines    *lineFile
	policy   SyncPolicy
	interval time.Duration
	buffers  sync.Pool
	logger   *zap.Logger
	// finisher looks after finished files; nil if none is ever finished.
	finisher *finisher

	mu sync.Mutex // guards the fields below
	// due is the sync that is to come, nil when no line waits for one.
	due *time.Timer
	// unsynced is the oldest stamp of the lines that wait for it.
	unsynced int64
	// failed is why lines that were reported as handled may not be durable. It
	// fails the next event, so that it cannot be overlooked.
	failed error
	closed bool
	// syncing counts the syncs that are due or running.
	syncing sync.WaitGroup
}

var _ Handler = (*NDJSON)(nil)

// NDJSONOption sets something optional of an [NDJSON].
type NDJSONOption func(*NDJSON)

// WithNDJSONLogger has what goes wrong with finished files, which no event waits
// for, logged there; by default nobody hears of it.
func WithNDJSONLogger(logger *zap.Logger) NDJSONOption { return func(n *NDJSON) { n.logger = logger } }

// OpenNDJSON opens the file, mends what a crash left at its end, and returns a
// handler on it; with rotation it also goes on with what a crash left of finished
// files. The error of a file that cannot be written names the path and what to
// do. Close the handler when nothing calls it any more.
func OpenNDJSON(cfg NDJSONConfig, opts ...NDJSONOption) (*NDJSON, error) {
	n, err := openNDJSON(realDisk{}, cfg, opts...)
	if err != nil {
		return nil, fmt.Errorf("ndjson: %w", err)
	}
	return n, nil
}

func openNDJSON(d disk, cfg NDJSONConfig, opts ...NDJSONOption) (*NDJSON, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	lines, err := openPath(d, cfg.Path)
	if err != nil {
		return nil, err
	}
	n := newNDJSON(lines, cfg)
	for _, opt := range opts {
		opt(n)
	}
	if !lines.regular && cfg.Sync == SyncAlways {
		err = fmt.Errorf("%s is not a regular file and cannot be synced always; choose never, or another path", cfg.Path)
	} else if cfg.Rotate.on() {
		err = n.rotate(cfg.Rotate)
	}
	if err != nil {
		return nil, errors.Join(err, lines.close())
	}
	return n, nil
}

func openPath(d disk, path string) (*lineFile, error) {
	if path == Stdout {
		return &lineFile{path: "the standard output", f: stdout{os.Stdout}}, nil
	}
	return openLines(d, path)
}

// rotate begins to finish files.
func (n *NDJSON) rotate(cfg RotateConfig) error {
	if err := startRotation(n.lines, cfg, n.logger); err != nil {
		return err
	}
	n.finisher = startFinisher(n.lines, n.logger)
	return nil
}

// stdout is not ours to close.
type stdout struct{ *os.File }

func (stdout) Close() error { return nil }

func newNDJSON(lines *lineFile, cfg NDJSONConfig) *NDJSON {
	n := &NDJSON{lines: lines, policy: cfg.Sync, interval: cfg.SyncInterval, logger: zap.NewNop()}
	n.buffers.New = func() any { return new([]byte) }
	return n
}

// maxPooled is the largest buffer that is kept for the next event.
const maxPooled = 1 << 20

// Handle implements [Handler].
func (n *NDJSON) Handle(ctx context.Context, d *consumer.Delivery) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := n.settleFailure(); err != nil {
		return err
	}
	buf := n.buffers.Get().(*[]byte)
	defer func() {
		if cap(*buf) <= maxPooled {
			n.buffers.Put(buf)
		}
	}()
	line, err := appendCompact((*buf)[:0], d.Event.Raw)
	if err != nil {
		return Permanent(fmt.Errorf("compact event: %w", err))
	}
	*buf = append(line, '\n')
	stamp, err := n.lines.append(*buf)
	if err != nil {
		return Unavailable(err)
	}
	switch n.policy {
	case SyncAlways:
		return Unavailable(n.lines.sync(stamp))
	case SyncInterval:
		n.syncLater(stamp)
	}
	return nil
}

// syncLater sees to it that a sync begins within the interval.
func (n *NDJSON) syncLater(stamp int64) {
	if !n.lines.regular {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed { // Close syncs
		return
	}
	if n.due != nil {
		n.unsynced = min(n.unsynced, stamp)
		return
	}
	n.unsynced = stamp
	n.syncing.Add(1)
	n.due = time.AfterFunc(n.interval, n.syncNow)
}

func (n *NDJSON) syncNow() {
	defer n.syncing.Done()
	n.mu.Lock()
	n.due = nil // a line that is written from here on needs a sync of its own
	stamp := n.unsynced
	n.mu.Unlock()
	if err := n.lines.sync(stamp); err != nil {
		n.mu.Lock()
		n.failed = err
		n.mu.Unlock()
	}
}

// settleFailure returns the error of a sync that nobody waited for, once, and
// goes on doing so as long as syncing fails.
func (n *NDJSON) settleFailure() error {
	n.mu.Lock()
	failed := n.failed
	n.failed = nil
	n.mu.Unlock()
	if failed == nil {
		return nil
	}
	if err := n.lines.sync(n.lines.syncs.stamp()); err != nil {
		n.mu.Lock()
		n.failed = err
		n.mu.Unlock()
	}
	return Unavailable(fmt.Errorf("lines written before may be lost in a crash: %w", failed))
}

// Close makes all lines durable, whatever the policy, closes the file, and waits
// a few seconds for finished ones to be compressed; those left are when the
// handler is next opened. Events that are handled later fail. A second call does
// nothing.
func (n *NDJSON) Close() error {
	n.mu.Lock()
	n.closed = true
	if n.due != nil && n.due.Stop() {
		n.syncing.Done()
	}
	n.due = nil
	n.mu.Unlock()
	n.syncing.Wait()
	n.mu.Lock()
	failed := n.failed
	n.failed = nil
	n.mu.Unlock()
	err := errors.Join(failed, n.lines.close())
	if n.finisher != nil {
		n.finisher.close()
	}
	return err
}
