package checkpoint

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Progress is how far a shard is done: all up to a position, and some of what
// comes after it.
type Progress struct {
	Position Position
	Above    Above
}

// Equal tells whether two say the same of one shard.
func (p Progress) Equal(q Progress) bool {
	return p.Position.Compare(q.Position) == 0 && p.Above.equal(q.Above)
}

// Above says which of the records after a position are done, by their places:
// the records of a shard never change their order. They are tied to the first
// record after the position or, where that was not read yet, to the one at the
// position; if another record comes first now, because the stream has trimmed
// some or somebody has moved the checkpoint, all of it means nothing.
type Above struct {
	// First is the sequence number of the first record after the position, empty
	// if it is not known.
	First string
	// Runs are numbers of records, in turn not done and done, the first ones not
	// done.
	Runs []int
}

// IsEmpty tells whether nothing above the position is done.
func (a Above) IsEmpty() bool { return len(a.Runs) < 2 }

// equal compares two of the same position.
func (a Above) equal(b Above) bool {
	if a.IsEmpty() || b.IsEmpty() {
		return a.IsEmpty() == b.IsEmpty()
	}
	return a.First == b.First && string(a.encode()) == string(b.encode())
}

// mark ties an Above to its position in the table.
func (p Position) mark() string { return fmt.Sprintf("%s/%d", p.SequenceNumber, p.SubSequenceNumber) }

// maxAbove bounds what a lease's row holds of it, in bytes: a thousand gaps
// or so. A row of up to 1 KiB is one write unit, see
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
const maxAbove = 2 << 10

// encode writes the runs one after another as varints. What does not fit is left
// out from a gap on: those records count as not done.
func (a Above) encode() []byte {
	var out []byte
	for i := 0; i+1 < len(a.Runs); i += 2 {
		more := binary.AppendUvarint(out, uint64(a.Runs[i]))
		more = binary.AppendUvarint(more, uint64(a.Runs[i+1]))
		if len(more) > maxAbove {
			break
		}
		out = more
	}
	return out
}

var errBadAbove = errors.New("not a list of runs")

func decodeAbove(first string, b []byte) (Above, error) {
	a := Above{First: first}
	for len(b) > 0 {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > 1<<31 {
			return Above{}, fmt.Errorf("attribute %s: %w", attrAbove, errBadAbove)
		}
		a.Runs = append(a.Runs, int(n))
		b = b[size:]
	}
	if len(a.Runs)%2 != 0 {
		return Above{}, fmt.Errorf("attribute %s: %w", attrAbove, errBadAbove)
	}
	return a, nil
}

// aboveReader goes through the records after a position one after another.
type aboveReader struct {
	above Above
	begun bool
	// anchored says that the record at the position itself was read before the
	// others, so that nothing between was trimmed.
	anchored bool
	run      int // which run the next record is in
	used     int // how many of that run have passed
}

// next tells whether the next record, of this sequence number, is done already.
func (r *aboveReader) next(sequenceNumber string) bool {
	if !r.begun {
		r.begun = true
		if r.above.First != sequenceNumber && (r.above.First != "" || !r.anchored) {
			r.above = Above{}
		}
	}
	for r.run < len(r.above.Runs) && r.used == r.above.Runs[r.run] {
		r.run++
		r.used = 0
	}
	if r.run >= len(r.above.Runs) {
		return false
	}
	r.used++
	return r.run%2 == 1
}

// left tells whether any of the records that were not read yet may be done.
func (r *aboveReader) left() bool { return r.run < len(r.above.Runs) }

// rest returns the runs of the records that were not read yet, the first ones
// not done; nil if none of them is done.
func (r *aboveReader) rest() []int {
	if r.run >= len(r.above.Runs) {
		return nil
	}
	left := append([]int{r.above.Runs[r.run] - r.used}, r.above.Runs[r.run+1:]...)
	if r.run%2 == 1 {
		left = append([]int{0}, left...)
	}
	if len(left) == 2 && left[1] == 0 {
		return nil
	}
	return left
}
