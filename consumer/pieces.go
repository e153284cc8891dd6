package consumer

import (
	"bytes"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"korestream/checkpoint"
	"korestream/consumer/wire"
	"korestream/event"
)

// piece is what a record falls into: one event to dispatch or, where decoding
// failed, one letter to bury. It is all that is allocated for an event beside the
// event itself, and both come from slabs.
type piece struct {
	// order is the record's place in the shard: it rises from record to record,
	// and the pieces of one record share it.
	order uint64
	lane  laneID
	next  *piece // behind it in its lane
	// record is what it is a piece of; own is that of a record's first piece.
	record *inFlight
	own    inFlight
	// batch is nil if nobody follows it, or the piece is settled as far as that
	// goes.
	batch *batch
	// letter is nil for an event, whose delivery this is then.
	letter   *DeadLetter
	delivery Delivery
	// detached says that the data is its own, and no longer the record's; kept is
	// how many bytes of the budget that takes.
	kept     int64
	detached bool
	// finished says that it is done, shared that the record has other pieces.
	finished, shared bool
}

// detach gives the piece data of its own, which the budget counts, so that what
// holds the record's can be used again. Nobody else may look at the piece
// meanwhile.
func (p *piece) detach(b *budget) {
	if p.detached {
		return
	}
	if p.letter != nil {
		p.letter.Payload = bytes.Clone(p.letter.Payload)
		p.kept = int64(len(p.letter.Payload))
	} else {
		p.delivery.Event = p.delivery.Event.Clone()
		p.kept = int64(len(p.delivery.Event.Raw))
	}
	b.take(p.kept)
	p.unpin(b)
}

// done gives back what the piece holds of the budget, and the event's data: whoever
// stays long keeps the pieces and events of its blocks, and must not keep that too.
func (p *piece) done(b *budget) {
	if e := p.delivery.Event; e != nil {
		e.Raw, e.Data = nil, nil
	}
	if p.detached {
		b.give(p.kept)
		return
	}
	p.unpin(b)
}

// unpin says that the piece does not need the record's data any more.
func (p *piece) unpin(b *budget) {
	p.detached = true
	if p.record.pinned.Add(-1) == 0 {
		p.record.release(b)
	}
}

// release gives the record's memory back.
func (r *inFlight) release(b *budget) {
	if c := r.chunk; c != nil {
		r.chunk = nil
		c.Release()
	} else if r.loose > 0 {
		b.give(r.loose)
	}
}

// origin says where the piece came from.
func (p *piece) origin() *Origin {
	if p.letter != nil {
		return &p.letter.Origin
	}
	return &p.delivery.Origin
}

// inFlight is a Kinesis record that is not done: its place in the tracker, and
// the memory of its data.
type inFlight struct {
	ticket checkpoint.Ticket
	chunk  *wire.Chunk
	// loose is the size of data that is in no chunk.
	loose int64
	// pinned is how many of its pieces need the data still.
	pinned atomic.Int32
}

// inFlightOf returns a record that is not in the tracker yet.
func inFlightOf(r *wire.Record) inFlight {
	if r.Chunk == nil {
		return inFlight{loose: int64(len(r.Data))}
	}
	return inFlight{chunk: r.Chunk}
}

// cutter takes Kinesis records apart. It is used by one goroutine.
type cutter struct {
	stream, shard string
	keys          hashRange
	slab          slab[piece]
	free          []*piece
	decoder       event.Decoder
	items         []event.Item
	pieces        []*piece
}

// cut returns a record's position and its pieces, without those that resume
// says are done; they are good until the next call. Outside counts the user
// records that belong to another shard. It never fails: what cannot be understood
// becomes a letter.
func (c *cutter) cut(r *wire.Record, resume checkpoint.Position) (pos checkpoint.Position, pieces []*piece, outside int) {
	from := Origin{
		Stream: c.stream, Shard: c.shard, SequenceNumber: r.SequenceNumber,
		PartitionKey: r.PartitionKey, ArrivedAt: r.ArrivedAt,
	}
	pos = checkpoint.Position{SequenceNumber: from.SequenceNumber, Timestamp: from.ArrivedAt}
	clear(c.pieces) // or the longest record's would stay
	c.pieces = c.pieces[:0]
	if !isAggregate(r.Data) {
		if pos.Compare(resume) > 0 {
			c.decode(&from, r.Data)
		}
		return pos, c.pieces, 0
	}
	users, err := deaggregate(r.Data)
	if err != nil {
		if pos.Compare(resume) > 0 {
			c.refuse(from, err, r.Data)
		}
		return pos, c.pieces, 0
	}
	for _, u := range users {
		pos.SubSequenceNumber = u.index
		switch {
		case pos.Compare(resume) <= 0:
		case !c.keys.holds(u):
			outside++
		default:
			of := from
			of.SubSequenceNumber, of.PartitionKey = u.index, u.partitionKey
			c.decode(&of, u.data)
		}
		if len(c.pieces) > event.MaxEvents {
			pos.SubSequenceNumber = users[len(users)-1].index
			c.refuse(from, fmt.Errorf("%w: more than %d events", errAggregate, event.MaxEvents), r.Data)
			break
		}
	}
	return pos, c.pieces, outside
}

// refuse makes one letter of all of an aggregate.
func (c *cutter) refuse(from Origin, err error, data []byte) {
	clear(c.pieces)
	c.pieces = c.pieces[:0]
	c.add().letter = &DeadLetter{Origin: from, Reason: ReasonAggregate, Err: err, Payload: data}
}

// add makes another piece of the record.
func (c *cutter) add() *piece {
	var p *piece
	if n := len(c.free); n > 0 {
		p, c.free = c.free[n-1], c.free[:n-1]
	} else {
		p = c.slab.take()
	}
	c.pieces = append(c.pieces, p)
	return p
}

// scratchKept is for how many pieces scratch space is kept. Few records have more.
const scratchKept = 1024

// rest forgets the last record, whose pieces were handed on: they would stay until
// the shard has another one.
func (c *cutter) rest() {
	clear(c.pieces)
	c.pieces, c.items = scratch(c.pieces), scratch(c.items)
}

// scratch returns what is cleared to be used again, unless it is unusually large.
func scratch[T any](s []T) []T {
	if cap(s) > scratchKept {
		return nil
	}
	return s[:0]
}

// takeBack takes pieces that were run, and their events, to be used again. A handler
// must keep neither its delivery nor the event, and those who look at what is in the
// handlers for long have not seen these. It leaves what is not done, what somebody
// else may know of still, and records of several pieces, which belong together.
func (c *cutter) takeBack(pieces []*piece) {
	for _, p := range pieces {
		if p.finished && p.record == &p.own && !p.shared && p.letter == nil && p.delivery.Trace == nil {
			c.decoder.Reuse(p.delivery.Event)
			*p = piece{}
			c.free = append(c.free, p)
		}
	}
}

func (c *cutter) decode(from *Origin, payload []byte) {
	var err error
	if c.items, err = c.decoder.Append(c.items[:0], payload); err != nil {
		c.add().letter = undecodable(from, err, payload)
		return
	}
	for i := range c.items {
		it := &c.items[i]
		if it.Err != nil {
			c.add().letter = undecodable(from, it.Err, it.Raw)
			continue
		}
		c.add().delivery = Delivery{Origin: *from, Event: it.Event}
	}
	clear(c.items) // or the last record's data would stay
}

// undecodable makes the letter for a payload that is no event.
func undecodable(from *Origin, err error, payload []byte) *DeadLetter {
	letter := &DeadLetter{Origin: *from, Reason: event.ReasonSyntax, Err: err, Payload: payload}
	var refused *event.DecodeError
	if errors.As(err, &refused) {
		letter.Reason = refused.Reason
	}
	return letter
}

// runningOf describes a piece for the status.
func runningOf(p *piece, since time.Time) Running {
	r := Running{SequenceNumber: p.origin().SequenceNumber, Since: since}
	if p.letter == nil {
		r.EventID, r.EventType = p.delivery.Event.ID, p.delivery.Event.Type
	}
	return r
}
