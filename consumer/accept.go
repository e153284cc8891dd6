package consumer

import (
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"go.uber.org/zap"
)

// submitAtOnce is how many pieces go to the lanes together: enough that their
// lock is not felt, few enough that the first need not wait for the decoding of a
// whole page.
const submitAtOnce = 64

// accept decodes a batch and puts its pieces into their lanes.
func (s *shard) accept(b batch) {
	s.pieces = s.pieces[:0]
	for _, r := range b.records {
		s.acceptRecord(r)
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

func (s *shard) acceptRecord(r types.Record) {
	size := int64(len(r.Data))
	pos, pieces, outside := s.cutter.cut(r, s.source.resume)
	if outside > 0 {
		s.log.Warn("aggregate holds user records of another shard; left out, for the KPL puts them again there",
			zap.Int(KeyCount, outside), zap.String(KeySequenceNumber, pos.SequenceNumber))
	}
	if pos.Compare(s.source.resume) <= 0 {
		if pos.SequenceNumber == s.source.resume.SequenceNumber {
			s.tracker.SeenStart()
		}
		s.budget.give(size)
		return
	}
	s.records.Add(1)
	s.bytes.Add(size)
	s.order++
	if s.tracker.AddDone(pos) {
		s.budget.give(size)
		s.skipped.Add(1)
		return
	}
	ticket := s.tracker.Add(pos, len(pieces))
	if len(pieces) == 0 {
		s.budget.give(size)
		return
	}
	rec := &pieces[0].own
	rec.ticket, rec.bytes = ticket, size
	rec.left.Store(int32(len(pieces)))
	for _, p := range pieces {
		p.order, p.record = s.order, rec
		if p.letter != nil {
			p.lane = s.cfg.LaneKey.ofLetter(p.letter)
		} else {
			p.lane = s.cfg.LaneKey.of(&p.delivery)
		}
		s.pieces = append(s.pieces, p)
	}
}
