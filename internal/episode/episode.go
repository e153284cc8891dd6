// Package episode makes one story of trouble that comes and goes, so that the
// log tells of its beginning, its kinds and its end, and not of each failure.
package episode

import "time"

// SettledAfter is for how long something must work before its trouble counts as
// over.
const SettledAfter = 10 * time.Second

// Episode follows one thing that is done again and again. The zero value is
// ready; it is not safe for concurrent use.
type Episode struct {
	// kinds of trouble since all was well.
	kinds    map[string]bool
	failures int
	// fine is since when it works again, zero while it fails.
	fine time.Time
}

// Failed notes a failure of a kind and tells whether that is worth a line: it is
// the first of its kind since all was well.
func (e *Episode) Failed(kind string) (news bool) {
	e.failures++
	e.fine = time.Time{}
	if e.kinds[kind] {
		return false
	}
	if e.kinds == nil {
		e.kinds = make(map[string]bool)
	}
	e.kinds[kind] = true
	return true
}

// Succeeded notes a success. Over says that with it the trouble is over, after
// so many failures.
func (e *Episode) Succeeded() (failures int, over bool) {
	if e.failures == 0 {
		return 0, false
	}
	if e.fine.IsZero() {
		e.fine = time.Now()
	}
	if time.Since(e.fine) < SettledAfter {
		return 0, false
	}
	return e.End()
}

// End is Succeeded for something that is not done again.
func (e *Episode) End() (failures int, over bool) {
	failures = e.failures
	e.failures, e.fine = 0, time.Time{}
	clear(e.kinds)
	return failures, failures > 0
}

// Failing tells whether it did not work the last time.
func (e *Episode) Failing() bool { return e.failures > 0 && e.fine.IsZero() }
