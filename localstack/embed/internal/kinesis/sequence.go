package kinesis

// sequence is what a sequence number says. AWS does not document the layout;
// this one is what its numbers of the last ten years look like when written in
// hexadecimal, so that they have the length (56 digits), the order and the
// gaps of real ones, and a number used with a wrong shard can be told:
//
//	2 | shard's creation, s (36 bits) | shard, low 4 bits | index (64) | 0 (8) | time, s (36) | shard (32) | 2
//
// Numbers of one shard grow with the index. A child's creation is later than
// its parents', so its numbers are above all of theirs.
type sequence struct {
	created int64 // seconds since 1970
	index   uint64
	time    int64 // seconds since 1970
	shard   uint32
}

// lastIndex is the index in a closed shard's EndingSequenceNumber.
const lastIndex = 1<<63 - 1

const (
	sequenceMark = 2
	secondsMask  = 1<<36 - 1
)

func (s sequence) String() string { return string(s.append(nil)) }

func (s sequence) append(b []byte) []byte {
	created, at, shard := uint64(s.created)&secondsMask, uint64(s.time)&secondsMask, uint64(s.shard)
	// Bits from the right: mark 0-3, shard 4-35, time 36-71, zero 72-79, index
	// 80-143, low shard bits 144-147, creation 148-183, mark 184-187.
	return appendWords(b, [3]uint64{
		sequenceMark<<56 | created<<20 | shard&15<<16 | s.index>>48,
		s.index<<16 | at>>28,
		at<<36 | shard<<4 | sequenceMark,
	})
}

// parseSequence reads a sequence number; false if it is none.
func parseSequence(text string) (sequence, bool) {
	w, ok := parseWords(text)
	if !ok || w[0]>>56 != sequenceMark || w[2]&15 != sequenceMark {
		return sequence{}, false
	}
	s := sequence{
		created: int64(w[0] >> 20 & secondsMask),
		index:   w[0]<<48 | w[1]>>16,
		time:    int64(w[1]<<28&secondsMask | w[2]>>36),
		shard:   uint32(w[2] >> 4),
	}
	if s.index > lastIndex || uint64(s.shard)&15 != w[0]>>16&15 {
		return sequence{}, false
	}
	return s, true
}
