package consumer

import (
	"slices"
	"strings"
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

// of returns the lane of a delivery. The kinds of key cannot meet: each has a
// prefix of its own.
func (k LaneKey) of(d *Delivery) string {
	switch k {
	case LaneKeyShard:
		return "shard"
	case LaneKeySubject:
		if d.Event.Subject != "" {
			return "subject:" + d.Event.Subject
		}
	case LaneKeySIM:
		if sim := d.Event.SIM(); sim != "" {
			return "sim:" + sim
		}
	case LaneKeyPartitionKey:
	default:
		if value := d.Event.Field(string(k)); value != "" {
			return "path:" + value
		}
	}
	return "key:" + d.PartitionKey
}
