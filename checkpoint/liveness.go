package checkpoint

import "time"

// sighting is when something that should move was last seen to move, by this
// process's own clock.
type sighting struct {
	mark  string
	moved time.Time
}

// watch tells the living from the dead by watching whether their counters move.
// It is not safe for concurrent use.
type watch struct {
	failover time.Duration
	seen     map[string]sighting
}

func newWatch(failover time.Duration) *watch {
	return &watch{failover: failover, seen: make(map[string]sighting)}
}

// observe notes what name's mark is now. What is seen for the first time counts
// as moving.
func (w *watch) observe(name, mark string, now time.Time) {
	if s, ok := w.seen[name]; !ok || s.mark != mark {
		w.seen[name] = sighting{mark, now}
	}
}

// since returns for how long name has not moved, 0 if it was never seen.
func (w *watch) since(name string, now time.Time) time.Duration {
	s, ok := w.seen[name]
	if !ok {
		return 0
	}
	return now.Sub(s.moved)
}

// alive tells whether name moved within the failover time.
func (w *watch) alive(name string, now time.Time) bool {
	_, ok := w.seen[name]
	return ok && w.since(name, now) < w.failover
}

// keep forgets all names that are not wanted any more.
func (w *watch) keep(wanted func(name string) bool) {
	for name := range w.seen {
		if !wanted(name) {
			delete(w.seen, name)
		}
	}
}
