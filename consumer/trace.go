package consumer

import (
	"strings"
	"sync"
	"time"
)

// Trace follows one test event through this process, for korestream verify. All
// other events have none: a nil Trace takes every call and does nothing, so that
// following test events costs others one comparison of their type.
type Trace struct {
	mu   sync.Mutex // guards seen
	seen Traced
}

// Traced is what became of a test event so far.
type Traced struct {
	EventID, Shard, SequenceNumber string
	DecodedAt                      time.Time
	// DoneAt and Outcome are zero while the event is not done.
	DoneAt  time.Time
	Outcome Outcome
	// Failures counts what went wrong, Problem is the last of it, and Handler who
	// failed; empty if that was no handler.
	Failures         int
	Handler, Problem string
}

// Failed notes that a handler has failed with the event, or something else if
// the name is empty.
func (t *Trace) Failed(handler string, err error) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen.Failures++
	t.seen.Handler, t.seen.Problem = handler, err.Error()
}

func (t *Trace) done(outcome Outcome) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen.DoneAt, t.seen.Outcome = time.Now(), outcome
}

func (t *Trace) traced() Traced {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.seen
}

// tracesKept bounds what is remembered: test events are sent by hand.
const tracesKept = 64

// trail has the traces of the last test events of a process.
type trail struct {
	mu     sync.Mutex // guards traces
	traces []*Trace   // the oldest first
}

// begin follows an event that was just decoded. Its texts are copied, for the
// record's memory is used again.
func (t *trail) begin(d *Delivery) *Trace {
	trace := &Trace{seen: Traced{
		EventID: strings.Clone(d.Event.ID), Shard: d.Shard, SequenceNumber: strings.Clone(d.SequenceNumber), DecodedAt: time.Now(),
	}}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.traces) == tracesKept {
		t.traces = append(t.traces[:0], t.traces[1:]...)
	}
	t.traces = append(t.traces, trace)
	return trace
}

// Traced returns what became of the last test events that this process has read,
// the oldest first. It may be called at any time, concurrently.
func (c *Consumer) Traced() []Traced {
	c.trail.mu.Lock()
	defer c.trail.mu.Unlock()
	out := make([]Traced, len(c.trail.traces))
	for i, t := range c.trail.traces {
		out[i] = t.traced()
	}
	return out
}
