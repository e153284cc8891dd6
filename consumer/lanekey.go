package consumer

import (
	"slices"
	"strings"

	"korestream/event"
)

// LaneKey names what makes two events belong to one lane: events of one lane
// are handled one after another, in stream order. It is one of the constants, or
// a dotted path into the event such as data.network.sid (see
// [event.Event.Field]); an event that has nothing there goes by its partition
// key.
type LaneKey string

// The lane keys.
const (
	// LaneKeySIM: the SIM's sid or, without one, its ICCID; events of no SIM go
	// by their partition key.
	LaneKeySIM LaneKey = "sim"
	// LaneKeyPartitionKey: the partition key of the Kinesis record.
	LaneKeyPartitionKey LaneKey = "partition_key"
	// LaneKeySubject: the CloudEvents subject; without one, the partition key.
	LaneKeySubject LaneKey = "subject"
	// LaneKeyShard: all of a shard, strictly in order, one at a time.
	LaneKeyShard LaneKey = "shard"
)

// LaneKeys lists the lane keys that have names.
func LaneKeys() []LaneKey {
	return []LaneKey{LaneKeySIM, LaneKeyPartitionKey, LaneKeySubject, LaneKeyShard}
}

// Valid tells whether k is a lane key's name or a dotted path.
func (k LaneKey) Valid() bool { return slices.Contains(LaneKeys(), k) || k.isPath() }

// isPath tells whether k is names with dots between them, two at least.
func (k LaneKey) isPath() bool {
	names := strings.Split(string(k), ".")
	return len(names) > 1 && !slices.Contains(names, "")
}

// laneKind says what a lane's key is: keys of different kinds never share a lane.
type laneKind uint8

const (
	laneKindShard laneKind = iota
	laneKindPartitionKey
	laneKindSubject
	laneKindSIM
	laneKindPath
	// laneKindLetter is for what is no event; its key is the partition key.
	laneKindLetter
)

// of returns the lane of a delivery.
func (k LaneKey) of(d *Delivery) laneID {
	switch k {
	case LaneKeyShard:
		return laneID{kind: laneKindShard}
	case LaneKeySubject:
		if d.Event.Subject != "" {
			return laneID{laneKindSubject, d.Event.Subject}
		}
	case LaneKeySIM:
		if sim := d.Event.SIM(); sim != "" {
			return laneID{laneKindSIM, sim}
		}
	case LaneKeyPartitionKey:
	default:
		if value := d.Event.Field(string(k)); value != "" {
			return laneID{laneKindPath, value}
		}
	}
	return laneID{laneKindPartitionKey, d.PartitionKey}
}

// PartitionKey returns what a record of the event should have as its partition key,
// so that the events of one lane meet in one shard: its SIM, its subject or what is
// at the path. It is empty for an event that has no such thing; for the lane
// keys partition_key and shard, which name none, it is the SIM.
func (k LaneKey) PartitionKey(e *event.Event) string {
	switch k {
	case LaneKeySubject:
		return e.Subject
	case LaneKeyShard, LaneKeyPartitionKey, LaneKeySIM:
		return e.SIM()
	}
	return e.Field(string(k))
}

// ofLetter returns the lane of a letter. It goes by its partition key: it is no
// event, but nobody should see the events after it done before it is buried when
// everything is to be in order.
func (k LaneKey) ofLetter(l *DeadLetter) laneID {
	if k == LaneKeyShard {
		return laneID{kind: laneKindShard}
	}
	return laneID{laneKindLetter, l.PartitionKey}
}
