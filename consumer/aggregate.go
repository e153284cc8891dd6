package consumer

import (
	"bytes"
	"crypto/md5" //nolint:gosec // The KPL's checksum and Kinesis's key hash are MD5 by definition.
	"errors"
	"fmt"
	"math/big"

	"google.golang.org/protobuf/encoding/protowire"

	"korestream/event"
)

// The KPL puts several user records into one Kinesis record: a magic number, a
// protobuf message AggregatedRecord and the MD5 of the message. The format:
// https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md
var aggregateMagic = []byte{0xF3, 0x89, 0x9A, 0xC2}

const (
	// maxUserRecords bounds what one Kinesis record may claim to hold: with
	// two bytes the smallest user record, a record of 10 MiB could ask for
	// five million.
	maxUserRecords = event.MaxEvents

	fieldPartitionKeys = 1
	fieldHashKeys      = 2
	fieldRecords       = 3

	fieldRecordPartitionKey = 1
	fieldRecordHashKey      = 2
	fieldRecordData         = 3
)

// userRecord is one record as the producer's user gave it to the KPL.
type userRecord struct {
	partitionKey string
	// hashKey is the explicit hash key, empty if none was given.
	hashKey string
	data    []byte
	// index is the sub-sequence number.
	index int64
}

var errAggregate = errors.New("malformed KPL aggregate")

// isAggregate tells whether data begins as the KPL's aggregates do. No JSON
// text does, so what follows had better be an aggregate.
func isAggregate(data []byte) bool { return bytes.HasPrefix(data, aggregateMagic) }

// deaggregate returns the user records of an aggregate, in order. Their data
// are parts of the given slice. Its errors wrap errAggregate. Every index and length is checked against what
// is there: the message comes from outside.
func deaggregate(data []byte) ([]userRecord, error) {
	if len(data) < len(aggregateMagic)+md5.Size {
		return nil, fmt.Errorf("%w: too short for a checksum", errAggregate)
	}
	body, sum := data[len(aggregateMagic):len(data)-md5.Size], data[len(data)-md5.Size:]
	if got := md5.Sum(body); !bytes.Equal(got[:], sum) { //nolint:gosec // As above.
		return nil, fmt.Errorf("%w: checksum does not match", errAggregate)
	}
	var keys, hashes []string
	var bodies [][]byte
	err := fields(body, func(num protowire.Number, value []byte) error {
		switch num {
		case fieldPartitionKeys:
			keys = append(keys, string(value))
		case fieldHashKeys:
			hashes = append(hashes, string(value))
		case fieldRecords:
			bodies = append(bodies, value)
		}
		if len(bodies) > maxUserRecords {
			return fmt.Errorf("%w: more than %d user records", errAggregate, maxUserRecords)
		}
		return nil
	}, nil)
	if err != nil {
		return nil, err
	}
	records := make([]userRecord, 0, len(bodies))
	for i, b := range bodies {
		r, err := parseUserRecord(b, keys, hashes)
		if err != nil {
			return nil, fmt.Errorf("user record %d: %w", i, err)
		}
		r.index = int64(i)
		records = append(records, r)
	}
	return records, nil
}

func parseUserRecord(b []byte, keys, hashes []string) (userRecord, error) {
	r := userRecord{}
	hasKey, hasData := false, false
	lookUp := func(table []string, index uint64, what string) (string, error) {
		if index >= uint64(len(table)) {
			return "", fmt.Errorf("%w: %s %d of a table of %d", errAggregate, what, index, len(table))
		}
		return table[index], nil
	}
	err := fields(b, func(num protowire.Number, value []byte) error {
		if num == fieldRecordData {
			r.data, hasData = value, true
		}
		return nil
	}, func(num protowire.Number, value uint64) (err error) {
		switch num {
		case fieldRecordPartitionKey:
			hasKey = true
			r.partitionKey, err = lookUp(keys, value, "partition key")
		case fieldRecordHashKey:
			r.hashKey, err = lookUp(hashes, value, "explicit hash key")
		}
		return err
	})
	if err == nil && (!hasKey || !hasData) {
		err = fmt.Errorf("%w: partition key or data missing", errAggregate)
	}
	return r, err
}

// fields walks a protobuf message; length-delimited fields go to onBytes,
// varints to onVarint (nil: skipped), others are skipped.
func fields(b []byte, onBytes func(protowire.Number, []byte) error, onVarint func(protowire.Number, uint64) error) error {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return fmt.Errorf("%w: %w", errAggregate, protowire.ParseError(n))
		}
		b = b[n:]
		var err error
		switch {
		case typ == protowire.BytesType:
			var v []byte
			if v, n = protowire.ConsumeBytes(b); n >= 0 {
				err = onBytes(num, v)
			}
		case typ == protowire.VarintType && onVarint != nil:
			var v uint64
			if v, n = protowire.ConsumeVarint(b); n >= 0 {
				err = onVarint(num, v)
			}
		default:
			n = protowire.ConsumeFieldValue(num, typ, b)
		}
		if n < 0 {
			return fmt.Errorf("%w: %w", errAggregate, protowire.ParseError(n))
		}
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// hashRange is the part of the key space that a shard owns, both ends included.
type hashRange struct{ from, to *big.Int }

// newHashRange parses a shard's range; a range that is not given holds all.
func newHashRange(from, to string) hashRange {
	a, okA := new(big.Int).SetString(from, 10)
	b, okB := new(big.Int).SetString(to, 10)
	if !okA || !okB {
		return hashRange{}
	}
	return hashRange{a, b}
}

// holds tells whether a user record belongs to the shard. The KPL aggregates by
// the shard map it knows; when a reshard overtakes it, it sees from the answer
// that user records landed in a shard that does not own their key and puts them
// again, in the right one. So Amazon's readers leave them out here, and so do
// we: handling them too would break the order of their key.
func (h hashRange) holds(r userRecord) bool {
	if h.from == nil {
		return true
	}
	key, ok := new(big.Int).SetString(r.hashKey, 10)
	if !ok {
		sum := md5.Sum([]byte(r.partitionKey)) //nolint:gosec // Kinesis's own key hash.
		key = new(big.Int).SetBytes(sum[:])
	}
	return key.Cmp(h.from) >= 0 && key.Cmp(h.to) <= 0
}
