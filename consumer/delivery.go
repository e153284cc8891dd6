package consumer

import (
	"context"
	"errors"
	"time"

	"korestream/event"
)

// Origin says where on a stream something came from.
type Origin struct {
	Stream string
	Shard  string
	// SequenceNumber is the one of the Kinesis record. For a record that the KPL
	// aggregated, SubSequenceNumber counts the user records in it from 0.
	SequenceNumber    string
	SubSequenceNumber int64
	PartitionKey      string
	// ArrivedAt is Kinesis's approximate arrival time.
	ArrivedAt time.Time
}

// Delivery is one event on its way to the handlers. It is read-only.
type Delivery struct {
	Origin
	Event *event.Event
	// BegunAt is when its lane came to it, and it went to its handlers, or up to 5 ms
	// before that; zero if it does not come from a lane.
	BegunAt time.Time
	// Trace follows a test event; nil for all others.
	Trace *Trace

	// failures is where Failed and Park tell; nil where nobody asks.
	failures *failures
}

// Outcome is what became of an event that is done.
type Outcome uint8

// The outcomes of a delivery. Every event that is done has exactly one.
const (
	// Handled: every handler that the event was routed to succeeded, or none
	// was routed to.
	Handled Outcome = iota + 1
	// Duplicate: an event with the same identity was handled before.
	Duplicate
	// DeadLettered: given up, and durably buried.
	DeadLettered
	// Dropped: given up, and only counted and logged, as somebody has chosen.
	Dropped
)

// Dispatcher takes events to their handlers.
type Dispatcher interface {
	// Dispatch returns once the event is done, which may take as long as its
	// retries do. A nil error means that the record may be checkpointed. An
	// error means that the event is neither handled nor buried: the shard parks
	// the event's key and holds its checkpoint below the record. When ctx is
	// cancelled Dispatch returns soon, with context.Cause(ctx) in its error
	// unless the event was done anyhow.
	//
	// Dispatch is called concurrently, but for events of one key of one shard
	// one after another, in stream order. It must keep neither d nor d.Event: what is
	// done is used again for another event. Strings may be kept, and clones of
	// events ([event.Event.Clone]).
	Dispatch(ctx context.Context, d *Delivery) (Outcome, error)
}

// Reason says in one word why something was buried. It is a metric label, so
// the set is small: the decoder's reasons (package event) and these.
type Reason = string

// Reasons for burying an event that was decoded.
const (
	// ReasonHandler: a handler failed for good.
	ReasonHandler Reason = "handler_failed"
	// ReasonSchema: an event does not match its schema, and its type is one that
	// is buried then.
	ReasonSchema Reason = "schema_mismatch"
	// ReasonFilter: it cannot be told whether a handler wants it.
	ReasonFilter Reason = "filter_failed"
	// ReasonShape: what a handler may not see of it cannot be taken out.
	ReasonShape Reason = "shape_failed"
	// ReasonAggregate: a record that begins as a KPL aggregate and cannot be
	// taken apart.
	ReasonAggregate Reason = "bad_aggregate"
)

// DeadLetter is a record, or one event of it, that was given up on.
type DeadLetter struct {
	Origin
	Reason Reason
	// Err is why, with the chain of what it wraps.
	Err error
	// Attempts is how often a handler was tried; 0 for what was never decoded.
	Attempts int
	// Handler names the handler that failed; empty for what was never decoded.
	Handler string
	// EventID and EventType are empty for what was never decoded.
	EventID, EventType string
	// Payload is all of it, as received.
	Payload []byte
}

// ErrNotWanted is what a Burier returns to the consumer for what could not be
// decoded and is not to be kept, as somebody has chosen. It is done and dropped.
var ErrNotWanted = errors.New("the letter is not wanted")

// Burier keeps dead letters.
type Burier interface {
	// Bury returns nil only when the letter is durable. It may be called
	// concurrently. The caller tries again after an error, for ever, but for
	// ErrNotWanted of what could not be decoded.
	Bury(ctx context.Context, letter *DeadLetter) error
}
