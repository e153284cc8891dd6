package consumer

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"korestream/checkpoint"
	"korestream/event"
)

// piece is what a record falls into: one event to dispatch or, where decoding
// failed, one letter to bury. Exactly one of the two is set.
type piece struct {
	record   *inFlight
	delivery *Delivery
	letter   *DeadLetter
}

// origin says where the piece came from.
func (p *piece) origin() Origin {
	if p.letter != nil {
		return p.letter.Origin
	}
	return p.delivery.Origin
}

// inFlight is a Kinesis record that is not done: its place in the tracker, and
// how many of its pieces are left.
type inFlight struct {
	ticket checkpoint.Ticket
	bytes  int64
	left   atomic.Int32
}

// cutter takes Kinesis records apart.
type cutter struct {
	stream, shard string
	keys          hashRange
}

// cut returns a record's position and its pieces, without those that resume
// says are done. Outside counts the user records that belong to another shard.
// It never fails: what cannot be understood becomes a letter.
func (c cutter) cut(r types.Record, resume checkpoint.Position) (pos checkpoint.Position, pieces []piece, outside int) {
	from := Origin{
		Stream: c.stream, Shard: c.shard, SequenceNumber: aws.ToString(r.SequenceNumber),
		PartitionKey: aws.ToString(r.PartitionKey), ArrivedAt: aws.ToTime(r.ApproximateArrivalTimestamp),
	}
	pos = checkpoint.Position{SequenceNumber: from.SequenceNumber}
	if !isAggregate(r.Data) {
		if pos.Compare(resume) > 0 {
			pieces = c.decode(nil, from, r.Data)
		}
		return pos, pieces, 0
	}
	users, err := deaggregate(r.Data)
	if err != nil {
		if pos.Compare(resume) > 0 {
			pieces = []piece{{letter: &DeadLetter{Origin: from, Reason: ReasonAggregate, Err: err, Payload: r.Data}}}
		}
		return pos, pieces, 0
	}
	for _, u := range users {
		pos.SubSequenceNumber = u.index
		switch {
		case pos.Compare(resume) <= 0:
		case !c.keys.holds(u):
			outside++
		default:
			from.SubSequenceNumber, from.PartitionKey = u.index, u.partitionKey
			pieces = c.decode(pieces, from, u.data)
		}
	}
	return pos, pieces, outside
}

func (c cutter) decode(pieces []piece, from Origin, payload []byte) []piece {
	items, err := event.Decode(payload)
	if err != nil {
		return append(pieces, piece{letter: undecodable(from, err, payload)})
	}
	for _, it := range items {
		if it.Err != nil {
			pieces = append(pieces, piece{letter: undecodable(from, it.Err, it.Raw)})
			continue
		}
		pieces = append(pieces, piece{delivery: &Delivery{Origin: from, Event: it.Event}})
	}
	return pieces
}

// undecodable makes the letter for a payload that is no event.
func undecodable(from Origin, err error, payload []byte) *DeadLetter {
	letter := &DeadLetter{Origin: from, Reason: event.ReasonSyntax, Err: err, Payload: payload}
	var refused *event.DecodeError
	if errors.As(err, &refused) {
		letter.Reason = refused.Reason
	}
	return letter
}

// runningOf describes a piece for the status.
func runningOf(p *piece, since time.Time) Running {
	r := Running{SequenceNumber: p.origin().SequenceNumber, Since: since}
	if p.delivery != nil {
		r.EventID, r.EventType = p.delivery.Event.ID, p.delivery.Event.Type
	}
	return r
}
