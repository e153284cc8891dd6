package handlers

import (
	"context"
	"maps"
	"math/bits"
	"sync"
	"time"

	"go.uber.org/zap"

	"korestream/consumer"
)

const (
	// hangGrace is how long after the end of its context a handler may take to
	// return before it is named in the log.
	hangGrace = 5 * time.Second
	// watchInterval is how often the attempts under way are looked at.
	watchInterval = time.Second
)

// watch names a handler in the log, once for each attempt, that still runs
// hangGrace after its context ended, for whatever reason that ended. It knows the
// slabs of the attempts and sees by their states which of them run: an attempt
// takes no lock, but for the first and the last of a slab. Timers are for the few
// that are slow, and there is one for all.
//
// A slab is listed from an attempt's beginning to the end of its last one, and is
// forgotten before when a tick finds nothing running in it: the pool may have let
// go of it. That and the beginning of an attempt are changes of one word, so an
// attempt either keeps its slab listed or sees that it is not, and lists it.
type watch struct {
	name   string
	logger *zap.Logger

	mu    sync.Mutex // guards all below, and the slabs' links
	first *attemptSlab
	// late are the attempts that were seen to run after their contexts ended.
	late map[*attempt]*late
	// ticking says that the timer runs. It stops when it finds no attempt.
	ticking bool
	timer   *time.Timer
}

// late is an attempt whose context has ended.
type late struct {
	ended time.Time
	named bool // the log has been told of it
}

func newWatch(name string, logger *zap.Logger) *watch {
	return &watch{name: name, logger: logger, late: make(map[*attempt]*late)}
}

// list puts a slab in the list, unless it is there. An attempt of it has begun and
// ends only after the call.
func (w *watch) list(s *attemptSlab) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s.state.Or(slabListed)&slabListed != 0 {
		return // another attempt of it was faster
	}
	if s.after = w.first; s.after != nil {
		s.after.before = s
	}
	w.first = s
	switch {
	case w.ticking:
		return
	case w.timer == nil:
		w.timer = time.AfterFunc(watchInterval, w.tick)
	default:
		w.timer.Reset(watchInterval)
	}
	w.ticking = true
}

// forget drops a slab whose attempts are all over.
func (w *watch) forget(s *attemptSlab) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s.state.And(^uint64(slabListed))&slabListed != 0 {
		w.unlink(s)
	}
}

// unlink takes a slab out of the list. The caller holds mu.
func (w *watch) unlink(s *attemptSlab) {
	if s.before == nil {
		w.first = s.after
	} else {
		s.before.after = s.after
	}
	if s.after != nil {
		s.after.before = s.before
	}
	s.before, s.after = nil, nil
}

// tick looks at the attempts under way.
func (w *watch) tick() {
	now := time.Now()
	for _, a := range w.hanging(now) {
		w.logger.Error("handler ignores the end of its context, its key waits", append(eventFields(a.delivery),
			zap.String(consumer.KeyHandler, w.name), zap.Duration(consumer.KeyAge, now.Sub(a.began)),
			zap.Error(context.Cause(a)))...)
	}
}

// hanging returns the attempts whose grace is over with this tick, and forgets the
// slabs of which nothing runs.
func (w *watch) hanging(now time.Time) []*attempt {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []*attempt
	for s := w.first; s != nil; {
		after := s.after
		running := s.running()
		for left := running; left != 0; left &= left - 1 {
			if a := &s.all[bits.TrailingZeros64(left)]; w.overdue(a, now) {
				out = append(out, a)
			}
		}
		if running == 0 && s.unlisted() {
			w.unlink(s)
		}
		s = after
	}
	maps.DeleteFunc(w.late, func(a *attempt, _ *late) bool { return a.over() })
	if w.ticking = w.first != nil; w.ticking {
		w.timer.Reset(watchInterval)
	}
	return out
}

// overdue tells, once, whether an attempt runs though its grace is over. The
// caller holds mu.
func (w *watch) overdue(a *attempt, now time.Time) bool {
	l := w.late[a]
	if l == nil {
		switch {
		case !now.Before(a.deadline()):
			l = &late{ended: a.deadline()}
		case a.parent.Err() != nil:
			l = &late{ended: now}
		default:
			return false
		}
		w.late[a] = l
	}
	if l.named || now.Sub(l.ended) < hangGrace {
		return false
	}
	l.named = true
	return true
}
