package handlers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"korestream/consumer"
)

// SyncPolicy says when an [NDJSON] makes its lines durable.
type SyncPolicy string

// The sync policies.
const (
	// SyncAlways syncs before an event counts as handled: a crash of the
	// machine loses no handled event. Events that are handled at the same time
	// share an fsync.
	SyncAlways SyncPolicy = "always"
	// SyncInterval syncs at most SyncInterval after a line was written. A
	// crash of the process loses nothing, for the kernel has the line; a crash
	// of the machine may lose the lines of the last interval, though their
	// events are checkpointed.
	SyncInterval SyncPolicy = "interval"
	// SyncNever leaves it to the kernel, typically half a minute. A crash of
	// the process loses nothing.
	SyncNever SyncPolicy = "never"
)

// Stdout is the path that stands for the standard output.
const Stdout = "-"

// NDJSONConfig says where events go and how durable they are there.
type NDJSONConfig struct {
	// Path is the file, created when absent and else appended to, or [Stdout].
	Path string
	// Sync is when lines become durable. What is not a regular file (standard
	// output, a pipe, a device) cannot be synced: there SyncAlways is refused
	// and the other two are the same.
	Sync SyncPolicy
	// SyncInterval goes with the policy of that name.
	SyncInterval time.Duration
}

// DefaultNDJSONConfig returns the configuration of a file that is synced every
// second.
func DefaultNDJSONConfig(path string) NDJSONConfig {
	return NDJSONConfig{Path: path, Sync: SyncInterval, SyncInterval: time.Second}
}

// Validate names the first field that is out of bounds. It does not look at
// the file.
func (c NDJSONConfig) Validate() error {
	switch c.Sync {
	case SyncAlways, SyncNever:
	case SyncInterval:
		if c.SyncInterval <= 0 {
			return fmt.Errorf("field SyncInterval must be above 0 (%s)", c.SyncInterval)
		}
	default:
		return fmt.Errorf("field Sync must be always, interval or never (%q)", c.Sync)
	}
	if c.Path == "" {
		return errors.New("field Path must not be empty; - is the standard output")
	}
	if c.Path == Stdout && c.Sync == SyncAlways {
		return errors.New("field Sync must not be always for the standard output, which cannot be synced; write to a file, or choose never")
	}
	return nil
}

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
type NDJSON struct {
	lines    *lineFile
	policy   SyncPolicy
	interval time.Duration
	buffers  sync.Pool

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

// OpenNDJSON opens the file, mends what a crash left at its end, and returns a
// handler on it. The error of a file that cannot be written names the path and
// what to do. Close the handler when nothing calls it any more.
func OpenNDJSON(cfg NDJSONConfig) (*NDJSON, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("ndjson: %w", err)
	}
	lines, err := openPath(cfg.Path)
	if err != nil {
		return nil, fmt.Errorf("ndjson: %w", err)
	}
	if !lines.regular && cfg.Sync == SyncAlways {
		err := fmt.Errorf("ndjson: %s is not a regular file and cannot be synced always; choose never, or another path", cfg.Path)
		return nil, errors.Join(err, lines.close())
	}
	return newNDJSON(lines, cfg), nil
}

func openPath(path string) (*lineFile, error) {
	if path == Stdout {
		return &lineFile{path: "the standard output", f: stdout{os.Stdout}}, nil
	}
	return openLines(path)
}

// stdout is not ours to close.
type stdout struct{ *os.File }

func (stdout) Close() error { return nil }

func newNDJSON(lines *lineFile, cfg NDJSONConfig) *NDJSON {
	n := &NDJSON{lines: lines, policy: cfg.Sync, interval: cfg.SyncInterval}
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
		return err
	}
	switch n.policy {
	case SyncAlways:
		return n.lines.sync(stamp)
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
	return fmt.Errorf("lines written before may be lost in a crash: %w", failed)
}

// Close makes all lines durable, whatever the policy, and closes the file.
// Events that are handled later fail. A second call does nothing.
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
	return errors.Join(failed, n.lines.close())
}
