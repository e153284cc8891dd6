package consumer

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"korestream/checkpoint"
)

// ledger is what was put on the stream and what became of it. Each step of a
// worker is checked against it: what breaks a guarantee is a violation.
type ledger struct {
	mu         sync.Mutex // guards all below; never held while waiting
	events     map[string]*simEvent
	byKey      map[string][]*simEvent
	shards     map[string]*simShard
	unhandled  int
	repeats    int
	lastRepeat string
	violations []string
}

// simEvent is one event that was put.
type simEvent struct {
	id, key string
	index   int // among its key's
	shard   string
	seq     string
	handled int
	// kept says that the lease table says that it was handled.
	kept bool
	// by handled it last, at.
	by *simWorker
	at time.Time
}

// simShard is one shard and its events in order.
type simShard struct {
	parents []string
	events  []*simEvent
	// settled is how many of the events are known to be handled and below the
	// checkpoint.
	settled    int
	left       int // events that were never handled
	checkpoint checkpoint.Position
	counter    int64
	owner      string
	running    map[*simRun]bool
}

// simRun is one event in a handler.
type simRun struct {
	worker *simWorker
	ctx    context.Context
}

func newLedger() *ledger {
	return &ledger{events: make(map[string]*simEvent), byKey: make(map[string][]*simEvent), shards: make(map[string]*simShard)}
}

func (l *ledger) violated(format string, args ...any) {
	if len(l.violations) < 20 {
		l.violations = append(l.violations, fmt.Sprintf(format, args...))
	}
}

func (l *ledger) shard(id string) *simShard {
	s := l.shards[id]
	if s == nil {
		s = &simShard{running: make(map[*simRun]bool)}
		l.shards[id] = s
	}
	return s
}

// listed notes the parents of the stream's shards.
func (l *ledger) listed(shards []types.Shard) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range shards {
		l.shard(*s.ShardId).parents = shardOf(s).Parents
	}
}

// intend notes an event that is about to be put: it may be handled before the
// put returns.
func (l *ledger) intend(key string) *simEvent {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := &simEvent{id: fmt.Sprintf("%s/%04d", key, len(l.byKey[key])), key: key, index: len(l.byKey[key])}
	l.events[e.id] = e
	l.byKey[key] = append(l.byKey[key], e)
	l.unhandled++
	return e
}

func (l *ledger) put(e *simEvent, shard, seq string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.shard, e.seq = shard, seq
	s := l.shard(shard)
	s.events = append(s.events, e)
	if e.handled == 0 {
		s.left++
	}
}

// begin checks that an event may be handled by a worker now.
func (l *ledger) begin(ctx context.Context, w *simWorker, d *Delivery) *simRun {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := &simRun{w, ctx}
	e, ok := l.events[d.Event.ID]
	if !ok {
		l.violated("%s handles %s, which nobody put", w.name, d.Event.ID)
		return r
	}
	for _, before := range l.byKey[e.key][:e.index] {
		if before.handled == 0 {
			l.violated("%s handles %s before %s", w.name, e.id, before.id)
		}
	}
	s := l.shard(d.Shard)
	for _, p := range s.parents {
		if n := l.shard(p).left; n > 0 {
			l.violated("%s handles %s of %s while its parent %s has %d events left", w.name, e.id, d.Shard, p, n)
		}
	}
	for other := range s.running {
		if other.worker != w && other.ctx.Err() == nil && !other.worker.disturbed(time.Now(), time.Now()) {
			l.violated("%s handles %s of %s while %s handles events of it (%v)", w.name, e.id, d.Shard, other.worker.name, ctx.Err())
		}
	}
	s.running[r] = true
	if e.handled > 0 {
		l.repeated(e, w, d, s)
	}
	return r
}

// repeated checks that a repeat is excused: whoever handled the event before was
// disturbed since, so that it could not write its checkpoint, or this one was
// and has not noticed.
func (l *ledger) repeated(e *simEvent, w *simWorker, d *Delivery, s *simShard) {
	l.repeats++
	now := time.Now()
	l.lastRepeat = fmt.Sprintf("%s of %s at %s (checkpointed at %s, owner %q), put into %s at %s, handled by %s %s before", e.id, d.Shard, d.SequenceNumber, s.checkpoint, s.owner, e.shard, e.seq, e.by.name, now.Sub(e.at))
	if !e.by.disturbed(e.at, now) && !w.disturbed(e.at, now) {
		l.violated("%s handles %s again, %s after %s did, and neither was disturbed", w.name, e.id, now.Sub(e.at), e.by.name)
	}
	if e.kept && !w.disturbed(e.at, now) {
		l.violated("%s handles %s again though the table says that it was handled", w.name, e.id)
	}
	at := checkpoint.Position{SequenceNumber: d.SequenceNumber}
	if at.Compare(s.checkpoint) <= 0 && !w.disturbed(e.at, now) {
		l.violated("%s handles %s again, at %s, though %s is checkpointed at %s", w.name, e.id, d.SequenceNumber, d.Shard, s.checkpoint)
	}
}

// end notes that a handler returned; done says that it did its work.
func (l *ledger) end(r *simRun, d *Delivery, done bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.shard(d.Shard).running, r)
	e := l.events[d.Event.ID]
	if !done || e == nil {
		return
	}
	if e.handled == 0 {
		l.unhandled--
		if e.shard != "" {
			l.shard(e.shard).left--
		}
	}
	e.handled++
	e.by, e.at = r.worker, time.Now()
}

// written checks a lease as it stands in the table after a write.
func (l *ledger) written(row checkpoint.LeaseRow) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.shard(row.Shard)
	if row.Checkpoint.Compare(s.checkpoint) < 0 {
		l.violated("checkpoint of %s moved back from %s to %s", row.Shard, s.checkpoint, row.Checkpoint)
	}
	if row.Counter < s.counter || row.Counter == s.counter && row.Owner != s.owner && row.Owner != "" {
		l.violated("%s went from %q/%d to %q/%d", row.Shard, s.owner, s.counter, row.Owner, row.Counter)
	}
	s.checkpoint, s.counter, s.owner = row.Checkpoint, row.Counter, row.Owner
	l.settle(row.Shard, s)
	l.keep(row, s)
}

// keep checks that what the table says to be handled above the checkpoint was.
func (l *ledger) keep(row checkpoint.LeaseRow, s *simShard) {
	above := checkpoint.ResumeTracker(checkpoint.Progress{Position: row.Checkpoint, Above: row.Above})
	above.SeenStart()
	for _, e := range s.events[s.settled:] {
		if !above.AddDone(checkpoint.Position{SequenceNumber: e.seq}) {
			if e.kept {
				l.violated("%s does not say any more that %s at %s is handled", row.Shard, e.id, e.seq)
			}
			continue
		}
		e.kept = true
		if e.handled == 0 {
			l.violated("%s says that %s at %s is handled, which it was not", row.Shard, e.id, e.seq)
		}
	}
}

// settle checks that nothing below the checkpoint is unhandled.
func (l *ledger) settle(id string, s *simShard) {
	for ; s.settled < len(s.events); s.settled++ {
		e := s.events[s.settled]
		if (checkpoint.Position{SequenceNumber: e.seq}).Compare(s.checkpoint) > 0 {
			return
		}
		if e.handled == 0 {
			l.violated("%s is checkpointed at %s, past %s at %s, which was not handled", id, s.checkpoint, e.id, e.seq)
		}
	}
}

func (l *ledger) remaining() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.unhandled
}

// missing names events that were not handled.
func (l *ledger) missing() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var ids []string
	for _, e := range l.events {
		if e.handled == 0 && len(ids) < 10 {
			ids = append(ids, fmt.Sprintf("%s (%s %s)", e.id, e.shard, e.seq))
		}
	}
	return strings.Join(ids, ", ")
}

// checkpointed tells whether the checkpoints of all shards cover all that was
// put on them.
func (l *ledger) checkpointed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, s := range l.shards {
		l.settle(id, s)
		if s.settled < len(s.events) {
			return false
		}
	}
	return true
}

// close makes the last check: everything is below a checkpoint.
func (l *ledger) close(shards []types.Shard) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, listed := range shards {
		id := aws.ToString(listed.ShardId)
		s := l.shard(id)
		l.settle(id, s)
		if s.settled < len(s.events) {
			l.violated("%s is checkpointed at %s at the end; %d events are above", id, s.checkpoint, len(s.events)-s.settled)
		}
	}
	return l.violations
}
