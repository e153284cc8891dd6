package consumer

import (
	"go.uber.org/zap"

	"korestream/consumer/wire"
)

// submitAtOnce is how many pieces go to the lanes together: enough that their
// lock is not felt, few enough that the first need not wait for the decoding of a
// whole page.
const submitAtOnce = 64

// accept decodes a page and puts its pieces into their lanes.
func (s *shard) accept(page *wire.Page) {
	for i := range page.Records {
		s.acceptRecord(&page.Records[i])
		if len(s.pieces) >= submitAtOnce {
			s.submit()
		}
	}
	s.submit()
}

// submit sends what was accepted to the lanes.
func (s *shard) submit() {
	s.lanes.submit(s.pieces...)
	clear(s.pieces)
	s.pieces = s.pieces[:0]
}

func (s *shard) acceptRecord(r *wire.Record) {
	rec := inFlight{chunk: r.Chunk}
	if r.Chunk == nil {
		rec.loose = int64(len(r.Data))
	}
	if !s.source.window.holds(r.ArrivedAt) {
		rec.release(s.budget)
		return
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
		return
	}
	s.records.Add(1)
	s.bytes.Add(int64(len(r.Data)))
	s.order++
	if s.tracker.AddDone(pos) {
		rec.release(s.budget)
		s.skipped.Add(1)
		return
	}
	rec.ticket = s.tracker.Add(pos, len(pieces))
	if len(pieces) == 0 {
		rec.release(s.budget)
		return
	}
	of := &pieces[0].own
	of.ticket, of.chunk, of.loose = rec.ticket, rec.chunk, rec.loose
	of.pinned.Store(int32(len(pieces)))
	for _, p := range pieces {
		p.order, p.record = s.order, of
		if p.letter != nil {
			p.lane = s.cfg.LaneKey.ofLetter(p.letter)
		} else {
			p.lane = s.cfg.LaneKey.of(&p.delivery)
		}
		s.pieces = append(s.pieces, p)
	}
}
