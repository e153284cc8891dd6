package page

import (
	"context"
	"math"
	"sync"
	"time"
)

// Page is the status page of one process. It is safe for concurrent use.
type Page struct {
	patience time.Duration
	// boot tells a browser that it sees another process than before.
	boot int64

	mu      sync.Mutex           // guards all below
	rates   map[string]*meter    // of the shards that it has, and under "" of all
	free    map[string]time.Time // since when shards were seen to be nobody's
	refused map[string]refusals
	fleet   fleet
	history history
	// plotDue is when the next point is to be added.
	plotDue time.Time
	own     float64 // events a second of this process
	view    view
}

// refusals are those that a worker's row counts, and when they last rose.
type refusals struct {
	count int64
	rose  time.Time
}

// doubleFor is for how long a refused heartbeat tells of a second process.
const doubleFor = time.Minute

// New returns a page that has seen nothing yet. Patience is for how long a shard may
// be nobody's after a crash.
func New(patience time.Duration) *Page {
	p := &Page{
		patience: patience, boot: time.Now().UnixMilli(),
		rates: map[string]*meter{"": {}}, free: make(map[string]time.Time), refused: make(map[string]refusals),
	}
	p.view = newView(&scene{Moment: Moment{Phase: Starting}}, nil, 0, p.boot)
	return p
}

// Run takes the moment every [Every] until ctx ends. The function must not block.
func (p *Page) Run(ctx context.Context, moment func() Moment) {
	tick := time.NewTicker(Every)
	defer tick.Stop()
	for {
		p.Take(moment())
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Rate returns how many events a second this process is done with lately.
func (p *Page) Rate() float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.own
}

// Take makes of a moment what is shown until the next one. The Moment's lists are the
// page's from then on.
func (p *Page) Take(m Moment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	rates := p.measure(m)
	p.fleet.look(m)
	s := &scene{Moment: m, free: p.unowned(m), patience: p.patience, doubles: p.doubled(m)}
	p.view = newView(s, rates, p.own, p.boot)
	p.view.Moves = append([]move{}, p.fleet.moves...) // the next one moves them
	if m.At.Before(p.plotDue) {
		return
	}
	// Half a moment early, for a clock that ticks a little late must not leave
	// every second point out.
	p.plotDue = m.At.Add(Step - Every/2)
	p.history.add(p.view.points())
}

// measure returns the rate of each shard of this process of which it is known.
func (p *Page) measure(m Moment) map[string]float64 {
	rates := make(map[string]float64)
	total, before := m.DoneBefore, p.rates
	p.rates = map[string]*meter{"": before[""]}
	for _, s := range m.Shards {
		if !s.Mine {
			continue
		}
		total += s.Done
		mine := before[s.ID]
		if mine == nil {
			mine = &meter{}
		}
		p.rates[s.ID] = mine
		if mine.add(s.Done, m.At); mine.steady {
			rates[s.ID] = mine.rate
		}
	}
	p.rates[""].add(total, m.At)
	p.own = p.rates[""].rate
	return rates
}

// unowned returns for how long shards have been nobody's.
func (p *Page) unowned(m Moment) map[string]time.Duration {
	out, since := make(map[string]time.Duration), make(map[string]time.Time)
	for _, s := range m.Shards {
		if s.Owner != "" || s.Waits {
			continue
		}
		at, known := p.free[s.ID]
		if !known {
			at = m.At
		}
		since[s.ID], out[s.ID] = at, m.At.Sub(at)
	}
	p.free = since
	return out
}

// doubled returns the workers whose IDs a second process runs under.
func (p *Page) doubled(m Moment) []string {
	var out []string
	now := make(map[string]refusals, len(m.Workers))
	for _, w := range m.Workers {
		r, known := p.refused[w.ID]
		if known && w.Refused > r.count {
			r.rose = m.At
		}
		r.count = w.Refused
		now[w.ID] = r
		if !r.rose.IsZero() && m.At.Sub(r.rose) < doubleFor {
			out = append(out, w.ID)
		}
	}
	p.refused = now
	return out
}

// meterSpan is about how far back a rate looks.
const meterSpan = 10 * time.Second

// meter turns a count that rises into a rate.
type meter struct {
	count  int64
	at     time.Time // zero before the first
	rate   float64
	steady bool // a rate is known
}

// add takes in what the count is now. A count that fell is another one, which began
// at 0 between the two.
func (m *meter) add(n int64, now time.Time) {
	elapsed := now.Sub(m.at).Seconds()
	if !m.at.IsZero() && elapsed > 0 {
		more := n - m.count
		if more < 0 {
			more = n
		}
		rate := float64(more) / elapsed
		if m.steady {
			rate = m.rate + (rate-m.rate)*-math.Expm1(-elapsed/meterSpan.Seconds())
		}
		m.rate, m.steady = rate, true
	}
	m.count, m.at = n, now
}
