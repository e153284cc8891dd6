package consumer

import "slices"

// LaneKey names what makes two events belong to one lane: events of one lane
// are handled one after another, in stream order.
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

// LaneKeys lists the lane keys.
func LaneKeys() []LaneKey {
	return []LaneKey{LaneKeySIM, LaneKeyPartitionKey, LaneKeySubject, LaneKeyShard}
}

func (k LaneKey) valid() bool { return slices.Contains(LaneKeys(), k) }

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
	}
	return "key:" + d.PartitionKey
}
