package catalogue

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// maxPerKind bounds how many different findings of one kind are kept. The bound
// is each kind's own, so that members with names made up for each event do not
// hide a type that is new.
const maxPerKind = 64

// maxID bounds what is kept of an event's ID.
const maxID = 128

// alwaysChecked is how many events of each type are checked before a sample is
// enough: what differs as a rule shows at once.
const alwaysChecked = 100

// Total is how often findings of a kind were made in events of a label. There are
// as many as labels times kinds, whatever comes from the wire.
type Total struct {
	Label string
	Kind  Kind
	Count int64
}

// Collector keeps what the checks of a process find, within bounds. It is safe
// for concurrent use.
type Collector struct {
	// counts has every label; only the counters within change.
	counts map[string]*Counter

	mu sync.Mutex // guards the fields below
	// entries has at most maxPerKind findings of each kind, kept says how many.
	entries map[Finding]*Entry
	kept    map[Kind]int
	totals  map[Total]int64 // by Label and Kind; Count is zero in the key
	leftOut int64
}

// Counter counts the events of one label. It is safe for concurrent use, and those
// who count events of different shards do not wait for each other's memory.
type Counter struct {
	// first counts up to alwaysChecked and a few more, which the stripes count.
	first, checked atomic.Int64
	_              [48]byte
	stripes        [counterStripes]counterStripe
}

const counterStripes = 8

// counterStripe has a cache line to itself.
type counterStripe struct {
	seen atomic.Int64
	// next is the number of the event that is due, 0 before the first came.
	next atomic.Int64
	_    [48]byte
}

// seen returns how many events were counted.
func (c *Counter) seen() int64 {
	n := min(c.first.Load(), alwaysChecked)
	for i := range c.stripes {
		n += c.stripes[i].seen.Load()
	}
	return n
}

// NewCollector returns a Collector that has seen nothing.
func NewCollector() *Collector {
	c := &Collector{
		counts:  map[string]*Counter{Other: {}},
		entries: make(map[Finding]*Entry), kept: make(map[Kind]int), totals: make(map[Total]int64),
	}
	for _, t := range types {
		c.counts[t.Name] = &Counter{}
	}
	return c
}

// Counter returns the counter of a label, which must be a [Label].
func (c *Collector) Counter(label string) *Counter { return c.counts[label] }

// Due counts an event of a shard and tells whether it is one to be checked where
// one in so many is enough: the first of a type are, and then each sample-th, as
// counted for the shard and those it shares a stripe with.
func (c *Counter) Due(sample int64, shard string) bool {
	if c.first.Load() < alwaysChecked && c.first.Add(1) <= alwaysChecked {
		return true
	}
	at := 0
	if len(shard) > 0 {
		at = int(shard[len(shard)-1] % counterStripes)
	}
	return c.stripes[at].due(sample, int64(at))
}

// due counts an event. Which one is the next, not what its number divides by: a
// division for each event would cost as much as all the rest.
func (s *counterStripe) due(sample, at int64) bool {
	n, next := s.seen.Add(1), s.next.Load()
	switch {
	case sample <= 1:
		return true
	case next == 0:
		// They begin apart, so that several have not all to come to the sample-th.
		next = sample - at*sample/counterStripes
		s.next.CompareAndSwap(0, next)
	}
	return n >= next && s.next.CompareAndSwap(next, next+sample)
}

// Checked counts an event that was checked.
func (c *Counter) Checked() { c.checked.Add(1) }

// Add keeps a finding in an event of a label, and returns how often it was made by
// now; 0 if there is no room for it, and it is in the totals alone.
func (c *Collector) Add(label string, f Finding, eventID string, at time.Time) int64 {
	if len(eventID) > maxID {
		eventID = strings.Clone(eventID[:maxID]) // so that the rest of it goes
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.totals[Total{Label: label, Kind: f.Kind}]++
	e := c.entries[f]
	if e == nil {
		if c.kept[f.Kind] >= maxPerKind {
			c.leftOut++
			return 0
		}
		c.kept[f.Kind]++
		e = &Entry{Finding: f, First: at}
		c.entries[f] = e
	}
	e.Count++
	e.Last, e.EventID = at, eventID
	return e.Count
}

// Totals returns the counts by label and kind that are not zero, in no order.
func (c *Collector) Totals() []Total {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]Total, 0, len(c.totals))
	for t, n := range c.totals {
		t.Count = n
		out = append(out, t)
	}
	return out
}

// Counts returns the counts of events by label, those of no event left out.
func (c *Collector) Counts() []TypeCount {
	out := []TypeCount{}
	for label, n := range c.counts {
		if t := (TypeCount{Type: label, Seen: n.seen(), Checked: n.checked.Load()}); t.Seen > 0 {
			out = append(out, t)
		}
	}
	return out
}

// Report returns what was found so far.
func (c *Collector) Report() Report {
	r := Report{Types: c.Counts(), Findings: []Entry{}}
	c.mu.Lock()
	for _, e := range c.entries {
		r.Findings = append(r.Findings, *e)
	}
	r.LeftOut = c.leftOut
	c.mu.Unlock()
	r.sort()
	return r
}
