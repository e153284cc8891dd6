package kinesis

import (
	"crypto/md5" //nolint:gosec // Kinesis maps partition keys to shards by MD5
	"encoding/binary"
	"math/bits"
)

// hashKey is a point in the space of 128 bits that shards divide among them.
type hashKey struct{ hi, lo uint64 }

// lastHashKey is 2^128-1.
var lastHashKey = hashKey{^uint64(0), ^uint64(0)}

// hashOf is where a partition key falls.
func hashOf(partitionKey string) hashKey {
	sum := md5.Sum([]byte(partitionKey)) //nolint:gosec // not for security
	return hashKey{binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:])}
}

// parseHashKey reads a decimal number; false if it is none or over 128 bits.
func parseHashKey(s string) (hashKey, bool) {
	w, ok := parseWords(s)
	if !ok || w[0] != 0 {
		return hashKey{}, false
	}
	return hashKey{w[1], w[2]}, true
}

func (k hashKey) String() string { return string(appendWords(nil, [3]uint64{0, k.hi, k.lo})) }

func (k hashKey) less(o hashKey) bool { return k.compare(o) < 0 }

func (k hashKey) compare(o hashKey) int {
	switch {
	case k == o:
		return 0
	case k.hi < o.hi || k.hi == o.hi && k.lo < o.lo:
		return -1
	}
	return 1
}

func (k hashKey) next() hashKey {
	lo, carry := bits.Add64(k.lo, 1, 0)
	return hashKey{k.hi + carry, lo}
}

func (k hashKey) prev() hashKey {
	lo, borrow := bits.Sub64(k.lo, 1, 0)
	return hashKey{k.hi - borrow, lo}
}

// uniformStarts returns where the ranges of n equal shards begin.
func uniformStarts(n int) []hashKey {
	starts := make([]hashKey, n)
	if n == 1 {
		return starts
	}
	// 2^128 divided by n, a word at a time.
	hi, rest := bits.Div64(1, 0, uint64(n))
	lo, _ := bits.Div64(rest, 0, uint64(n))
	for i := range starts {
		carry, low := bits.Mul64(lo, uint64(i))
		starts[i] = hashKey{hi*uint64(i) + carry, low}
	}
	return starts
}
