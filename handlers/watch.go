package handlers

import (
	"context"
	"math/rand/v2"
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
	// watchStripes is how many locks they share.
	watchStripes = 8
)

// watch names a handler in the log, once for each attempt, that still runs
// hangGrace after its context ended, for whatever reason that ended. It costs an
// attempt two turns of a lock that few share: timers are for the few that are
// slow, and there is one for all of a stripe.
type watch struct {
	name    string
	after   time.Duration
	logger  *zap.Logger
	stripes [watchStripes]watchStripe
}

func newWatch(name string, after time.Duration, logger *zap.Logger) *watch {
	return &watch{name: name, after: after, logger: logger}
}

// watchStripe is a share of the attempts under way.
type watchStripe struct {
	mu          sync.Mutex // guards all below, and the attempts' links
	first, last *attempt
	// ticking says that the timer runs. It stops when it finds no attempt.
	ticking bool
	timer   *time.Timer
}

// add puts an attempt under watch until it is removed from the stripe returned.
func (w *watch) add(a *attempt) *watchStripe {
	s := &w.stripes[rand.Uint32N(watchStripes)]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil {
		s.first = a
	} else {
		a.before, s.last.after = s.last, a
	}
	s.last = a
	if !s.ticking {
		s.ticking = true
		if s.timer == nil {
			s.timer = time.AfterFunc(watchInterval, func() { w.tick(s) })
		} else {
			s.timer.Reset(watchInterval)
		}
	}
	return s
}

func (s *watchStripe) remove(a *attempt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.before == nil {
		s.first = a.after
	} else {
		a.before.after = a.after
	}
	if a.after == nil {
		s.last = a.before
	} else {
		a.after.before = a.before
	}
	a.before, a.after = nil, nil
}

// tick looks at the attempts of a stripe.
func (w *watch) tick(s *watchStripe) {
	now := time.Now()
	for _, a := range s.hanging(now) {
		w.logger.Error("handler ignores the end of its context, its key waits", append(eventFields(a.delivery),
			zap.String(consumer.KeyHandler, w.name), zap.Duration(consumer.KeyAge, now.Sub(a.deadline.Add(-w.after))),
			zap.Error(context.Cause(a)))...)
	}
}

// hanging returns the attempts whose grace is over with this tick.
func (s *watchStripe) hanging(now time.Time) []*attempt {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*attempt
	for a := s.first; a != nil; a = a.after {
		switch {
		case a.late != nil:
		case !now.Before(a.deadline):
			a.late = &late{ended: a.deadline}
		case a.parent.Err() != nil:
			a.late = &late{ended: now}
		}
		if a.late != nil && !a.late.named && now.Sub(a.late.ended) >= hangGrace {
			a.late.named = true
			out = append(out, a)
		}
	}
	if s.first == nil {
		s.ticking = false
	} else {
		s.timer.Reset(watchInterval)
	}
	return out
}
