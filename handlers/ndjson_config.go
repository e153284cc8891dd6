package handlers

import (
	"errors"
	"fmt"
	"time"
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
	// Rotate is when the file is finished and a new one begun; never for what is
	// not a regular file.
	Rotate RotateConfig
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
	if c.Path == Stdout && c.Rotate.on() {
		return errors.New("field Rotate must be empty for the standard output, which cannot be rotated; write to a file, or leave it out")
	}
	if err := c.Rotate.Validate(); err != nil {
		return fmt.Errorf("rotate: %w", err)
	}
	return nil
}
