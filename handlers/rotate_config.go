package handlers

import (
	"errors"
	"fmt"
	"time"
)

// RotateConfig says when the file of an [NDJSON] is finished and a new one begun,
// and what becomes of the finished ones. The zero value keeps one file for ever.
//
// A finished file is named by the time of its last line in UTC and a count within
// that second,
//
//	events.ndjson → events-20260301T125958Z-000001.ndjson
//
// so that names sort in the order in which files were finished, also when the
// clock was set back, and none is used again.
type RotateConfig struct {
	// MaxBytes is the largest a file may become; 0 is no bound. A line is never
	// split, so one that is larger is a file by itself.
	MaxBytes int64
	// Interval finishes a file at each full interval of the wall clock in UTC, so
	// that with an hour each file holds the lines of one hour; 0 never does. It
	// divides a day or is a number of days. No file is empty.
	Interval time.Duration
	// Compression is that of finished files; empty is none. It happens in the
	// background.
	Compression Compression
	// Keep is how many finished files stay, the latest; 0 is all of them.
	Keep int
}

// on tells whether any file is ever finished.
func (c RotateConfig) on() bool { return c.MaxBytes > 0 || c.Interval > 0 }

// day is what the wall clock begins anew after.
const day = 24 * time.Hour

// Validate names the first field that is out of bounds.
func (c RotateConfig) Validate() error {
	switch {
	case c.MaxBytes < 0:
		return fmt.Errorf("field MaxBytes must not be negative (%d); 0 is no bound", c.MaxBytes)
	case c.Keep < 0:
		return fmt.Errorf("field Keep must not be negative (%d); 0 is all", c.Keep)
	case c.Interval != 0 && c.Interval < time.Second:
		return fmt.Errorf("field Interval must be at least 1s (%s); 0 is never", c.Interval)
	case c.Interval != 0 && day%c.Interval != 0 && c.Interval%day != 0:
		return fmt.Errorf("field Interval must divide a day or be a number of days, so that files begin at the same times each day (%s)", c.Interval)
	case c.Keep > 0 && !c.on():
		return errors.New("field Keep goes with MaxBytes or Interval: without them no file is ever finished")
	case c.Compression == "":
		return nil
	case c.Compression != NoCompression && !c.on():
		return errors.New("field Compression goes with MaxBytes or Interval: without them no file is ever finished")
	}
	return c.Compression.Validate()
}
