package checkpoint

import (
	"fmt"
	"strings"
	"time"
)

// The values of a lease's checkpoint attribute that are not sequence numbers,
// as Amazon's KCL writes them (com.amazonaws.services.kinesis.clientlibrary
// .lib.worker.SentinelCheckpoint).
const (
	TrimHorizon = "TRIM_HORIZON"
	Latest      = "LATEST"
	AtTimestamp = "AT_TIMESTAMP"
	ShardEnd    = "SHARD_END"
)

// Position is a place in a shard: a sequence number, or one of the sentinels
// above. The zero Position is "not known".
type Position struct {
	// SequenceNumber is a decimal sequence number or a sentinel.
	SequenceNumber string
	// SubSequenceNumber is the last user record of a KPL aggregate that counts
	// as done, from 0; 0 for a plain record.
	SubSequenceNumber int64
	// Timestamp goes with AtTimestamp. Of a record that was read it is when the
	// record arrived, if that is known: it is no part of the position then.
	Timestamp time.Time
}

// IsSentinel tells whether the position is one of the named ones.
func (p Position) IsSentinel() bool {
	switch p.SequenceNumber {
	case TrimHorizon, Latest, AtTimestamp, ShardEnd:
		return true
	}
	return false
}

// IsZero tells whether the position is not known.
func (p Position) IsZero() bool { return p.SequenceNumber == "" }

// String is for people: the sentinel or the sequence number, with the
// timestamp or sub-sequence number where there is one.
func (p Position) String() string {
	switch {
	case p.SequenceNumber == AtTimestamp:
		return AtTimestamp + " " + p.Timestamp.UTC().Format(time.RFC3339Nano)
	case p.SubSequenceNumber != 0:
		return fmt.Sprintf("%s/%d", p.SequenceNumber, p.SubSequenceNumber)
	}
	return p.SequenceNumber
}

// Compare orders positions of one shard: -1, 0 or 1. Where the shard's reading
// begins (TRIM_HORIZON, LATEST, AT_TIMESTAMP, not known) is below every
// sequence number, and SHARD_END is above.
func (p Position) Compare(q Position) int {
	if c := p.rank() - q.rank(); c != 0 {
		return sign(c)
	}
	if p.rank() != rankNumber {
		return 0
	}
	if c := CompareSequenceNumbers(p.SequenceNumber, q.SequenceNumber); c != 0 {
		return c
	}
	return sign64(p.SubSequenceNumber - q.SubSequenceNumber)
}

const (
	rankStart = iota
	rankNumber
	rankEnd
)

func (p Position) rank() int {
	switch p.SequenceNumber {
	case "", TrimHorizon, Latest, AtTimestamp:
		return rankStart
	case ShardEnd:
		return rankEnd
	}
	return rankNumber
}

// CompareSequenceNumbers orders two decimal sequence numbers, of any length, by
// value: -1, 0 or 1. Leading zeros do not count.
func CompareSequenceNumbers(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	if len(a) != len(b) {
		return sign(len(a) - len(b))
	}
	return strings.Compare(a, b)
}

func sign(n int) int { return sign64(int64(n)) }

func sign64(n int64) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}
