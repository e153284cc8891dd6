package checkpoint

import (
	"sync"
	"time"
)

// pulse knows when the last heartbeat that arrived was sent, and tells when that
// is too long ago. A heartbeat has arrived when its answer says so or, where
// answers are lost, when its number is read in the table. It is safe for
// concurrent use.
type pulse struct {
	limit   time.Duration
	overdue func()

	mu     sync.Mutex // guards all below
	number int64      // of the last one sent
	// sent are those of which it is not known whether they arrived, the oldest
	// first.
	sent  []sentBeat
	timer *time.Timer // nil until one has arrived
}

type sentBeat struct {
	number int64
	at     time.Time
}

func newPulse(limit time.Duration, overdue func()) *pulse {
	return &pulse{limit: limit, overdue: overdue}
}

// send numbers a heartbeat that is about to be sent.
func (p *pulse) send(now time.Time) (number int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.sent) > 0 && now.Sub(p.sent[0].at) >= p.limit {
		p.sent = p.sent[1:]
	}
	p.number++
	p.sent = append(p.sent, sentBeat{p.number, now})
	return p.number
}

// arrived notes that the heartbeat of a number has arrived, and tells whether
// that is news and not too late.
func (p *pulse) arrived(number int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.sent) > 0 && p.sent[0].number <= number {
		beat := p.sent[0]
		p.sent = p.sent[1:]
		if beat.number < number {
			continue
		}
		left := p.limit - time.Since(beat.at)
		if left <= 0 {
			return false
		}
		p.stopTimer()
		p.timer = time.AfterFunc(left, p.overdue)
		return true
	}
	return false
}

// stop ends the watch.
func (p *pulse) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopTimer()
}

func (p *pulse) stopTimer() {
	if p.timer != nil {
		p.timer.Stop()
	}
}
