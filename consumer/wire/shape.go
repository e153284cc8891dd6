package wire

import "bytes"

// part is what a member of a record is.
type part uint8

const (
	partSequence part = iota
	partArrival
	partData
	partKey
	// scalarParts is how many there are that a [Record] has.
	scalarParts
)

const (
	partEncryption = scalarParts + iota
	partOther
)

// partOf is what the member of a name is.
func partOf(name []byte) part {
	switch string(name) {
	case "SequenceNumber":
		return partSequence
	case "ApproximateArrivalTimestamp":
		return partArrival
	case "Data":
		return partData
	case "PartitionKey":
		return partKey
	case "EncryptionType":
		return partEncryption
	default:
		return partOther
	}
}

// shape is the form of the last record that was read member by member: all of its
// text that is not one of the scalars that a [Record] has, which is to say names,
// brackets, colons, commas, quotes, white space, and members of no use. The next
// record nearly always has it byte for byte in common, and is compared with it
// instead of read.
//
// A record with the same text, and with a valid scalar of the same kind wherever
// there was one, is good if the one that was read is: put one string or number for
// another, and JSON stays JSON, no member comes twice, and each means the same.
// There is nothing more to it, and the scalars are still read as strictly as any
// other. A record of which this cannot be said is read from its beginning, as if
// it had never been compared.
type shape struct {
	// scalars is how many the record has; 0 if nothing is expected.
	scalars int
	// is says what each of them is. The text before it is that of the same index
	// in between, and the text after the last, which ends the record, is one more.
	is      [scalarParts]part
	between [scalarParts + 1][]byte
	// next is the text before the first scalar with the comma that is before it if
	// it is not the first record's.
	next []byte

	// Of the record that is being read, noted scalars were seen, the last of which
	// ended at from.
	noted, from int
}

// longestBetween is the longest text that is learnt. The longest that Kinesis
// writes is some 40 bytes, with a type of encryption in it.
const longestBetween = 256

// begin makes the shape ready to learn the record at i.
func (h *shape) begin(i int) { h.scalars, h.noted, h.from = 0, 0, i }

// note learns that there is a scalar between begin and end, without its quotes.
func (h *shape) note(b []byte, is part, begin, end int) {
	h.is[h.noted] = is
	h.until(b, begin)
	h.noted++
	h.from = end
}

// until keeps the text up to i.
func (h *shape) until(b []byte, i int) {
	h.between[h.noted] = append(h.between[h.noted][:0], b[h.from:min(i, h.from+longestBetween+1)]...)
}

// end learns that the record from start to i, which was good, ends there. The next
// is expected to be like it, unless this one has something in it that would not be
// taken then.
func (h *shape) end(b []byte, start, i int) {
	h.until(b, i)
	for _, text := range h.between[:h.noted+1] {
		if len(text) > longestBetween {
			return
		}
	}
	if bytes.IndexByte(b[start:i], '\\') >= 0 {
		return
	}
	h.next = append(append(h.next[:0], ','), h.between[0]...)
	h.scalars = h.noted
}

// after returns the place behind a text if it is what b has at i, otherwise -1.
func after(b []byte, i int, text []byte) int {
	if !bytes.HasPrefix(b[i:], text) {
		return -1
	}
	return i + len(text)
}
