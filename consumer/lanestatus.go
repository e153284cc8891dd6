package consumer

import "time"

// lanesStatus is a moment of lanes.
type lanesStatus struct {
	waiting, running int
	// slowest is the piece that has run for longest, if any runs.
	slowest Running
	// progressAt is when a piece last began or, as the last one, ended.
	progressAt time.Time
}

func (l *lanes) status() lanesStatus {
	l.mu.Lock()
	defer l.mu.Unlock()
	st := lanesStatus{waiting: l.waiting, progressAt: l.begunAt}
	var slowest *slot
	for i := range l.slots {
		s := &l.slots[i]
		if s.piece == nil {
			continue
		}
		st.running++
		if slowest == nil || s.since.Before(slowest.since) {
			slowest = s
		}
	}
	if l.burst != nil {
		l.burst.addTo(&st)
	}
	if slowest != nil {
		st.slowest = runningOf(slowest.piece, slowest.since)
	}
	return st
}

// detach gives a piece that runs, and that no handler looks at, data of its own.
func (l *lanes) detach(p *piece, b *budget) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p.detach(b)
}

// detachBehind does the same for all pieces that wait behind one that has run since
// before then. They would pin what their records share with others that are long
// done, and few keys would fill the shard's budget.
func (l *lanes) detachBehind(then time.Time, b *budget) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.slots {
		if s.piece == nil || !s.since.Before(then) {
			continue
		}
		for p := s.lane.first; p != nil; p = p.next {
			p.detach(b)
		}
	}
}
