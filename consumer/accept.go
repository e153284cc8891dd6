package consumer

import (
	"context"

	"go.uber.org/zap"

	"korestream/consumer/wire"
	"korestream/event"
)

// submitAtOnce is how many pieces go to the lanes, or are a burst, together: enough
// that the lock of the ones and the turn of the other are not felt, few enough that
// a processor's caches hold them and the first need not wait for a whole page.
const submitAtOnce = 128

// Gate lets events go on to their lanes, each when it may. It waits in Admit,
// and with it the reading of the shard, so what waits takes no memory. Admit is
// called for one event of a shard after another, in stream order, concurrently
// for shards. Its error turns the event away, and all after it, to be read again
// by whoever has the shard next; it is for the end of ctx alone, which comes when
// the shard is not to be read any more.
type Gate interface {
	Admit(ctx context.Context, d *Delivery) error
}

// accept decodes a page and puts its pieces into their lanes. It returns false if
// the gate turned a record away. Nothing after that one may be accepted, or the
// checkpoint would move over it.
func (s *shard) accept(fetch context.Context, page *wire.Page) (whole bool) {
	if s.gate == nil { // which may wait for long
		defer s.pages.turn(fetch)()
	}
	b := s.batches.begin(s.cfg.Stream, s.cutter.shard, page)
	if b != nil {
		defer b.release()
	}
	for i := range page.Records {
		r := &page.Records[i]
		if s.turnedAway || !s.acceptRecord(fetch, r, b) {
			s.turnedAway = true
			rec := inFlightOf(r)
			rec.release(s.budget)
			continue
		}
		if len(s.pieces) >= submitAtOnce || s.gate != nil {
			s.submit(b)
		}
	}
	s.submit(b)
	return !s.turnedAway
}

// admitted asks the gate for each of a record's events.
func (s *shard) admitted(fetch context.Context, pieces []*piece) bool {
	if s.gate == nil {
		return true
	}
	for _, p := range pieces {
		if p.letter == nil && s.gate.Admit(fetch, &p.delivery) != nil {
			return false
		}
	}
	return true
}

// submit sends what was accepted to the lanes. The batch is nil if nobody follows
// it.
func (s *shard) submit(b *batch) {
	if s.lanes.pass(s.pieces) && b == nil {
		s.cutter.takeBack(s.pieces)
	}
	clear(s.pieces)
	s.pieces = scratch(s.pieces)
	s.cutter.rest()
}

// acceptRecord returns false if the gate turned the record away, which is then as
// if it had not been seen. The batch is nil if nobody follows it.
func (s *shard) acceptRecord(fetch context.Context, r *wire.Record, b *batch) bool {
	rec := inFlightOf(r)
	if !s.source.window.holds(r.ArrivedAt) {
		rec.release(s.budget)
		return true
	}
	pos, pieces, outside := s.cutter.cut(r, s.source.resume)
	if outside > 0 {
		s.log.Warn("aggregate holds user records of another shard; left out, for the KPL puts them again there",
			zap.Int(KeyCount, outside), zap.String(KeySequenceNumber, pos.SequenceNumber))
	}
	if pos.Compare(s.source.resume) <= 0 {
		if pos.SequenceNumber == s.source.resume.SequenceNumber {
			s.tracker.SeenStart()
		}
		rec.release(s.budget)
		return true
	}
	// Before the tracker knows of it, so that a record turned away leaves no gap.
	if !s.admitted(fetch, pieces) {
		return false
	}
	s.records.Add(1)
	s.bytes.Add(int64(len(r.Data)))
	s.order++
	if s.tracker.AddDone(pos) {
		rec.release(s.budget)
		s.skipped.Add(1)
		return true
	}
	rec.ticket = s.tracker.Add(pos, len(pieces))
	if len(pieces) == 0 {
		rec.release(s.budget)
		return true
	}
	of := &pieces[0].own
	of.ticket, of.chunk, of.loose = rec.ticket, rec.chunk, rec.loose
	of.pinned.Store(int32(len(pieces)))
	for _, p := range pieces {
		p.order, p.record, p.shared = s.order, of, len(pieces) > 1
		if p.letter != nil {
			p.lane = s.cfg.LaneKey.ofLetter(p.letter)
		} else {
			p.lane = s.cfg.LaneKey.of(&p.delivery)
			p.delivery.failures = &s.failures
			if p.delivery.Event.Type == event.TypeTest {
				p.delivery.Trace = s.trail.begin(&p.delivery)
			}
		}
		if b != nil {
			b.add(p)
		}
		s.pieces = append(s.pieces, p)
	}
	return true
}
