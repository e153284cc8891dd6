package wire

import (
	"encoding/binary"
	"math/bits"
)

// The SDK takes seconds for a float, multiplies it by 1000 and cuts. If they were
// written as a whole number n of milliseconds, that is n for every n between 2^40,
// in 2004, and 2^31·1000, in 2038. For seconds below 2^31 the float is off by 2^-23
// at most. A thousand times that is less than 2^-13, which is half of the distance
// from n to the next float; so the product is rounded to n.
const (
	exactAfter  = 1 << 40
	exactBefore = 1000 << 31
)

// epoch reads seconds since 1970 at i, and returns them in milliseconds and the
// place behind them. The place is -1 if they are no number, or one of which the
// SDK might make something else than is written, or one written in a way in which
// nobody writes it; such a number has to be read in another way.
func epoch(b []byte, i int) (ms int64, end int) {
	start := i
	n, i := digits(b, i, 0)
	if i == start || b[start] == '0' {
		return 0, -1
	}
	scale := 3
	if i < len(b) && b[i] == '.' {
		point := i
		n, i = digits(b, i+1, n)
		if scale -= i - point - 1; scale == 3 {
			return 0, -1
		}
	}
	if i-start > len("9223372036854775807") {
		return 0, -1
	}
	if i < len(b) && (b[i] == 'E' || b[i] == 'e') {
		if i+1 == len(b) || b[i+1]-'0' > 9 || i+2 < len(b) && b[i+2]-'0' <= 9 {
			return 0, -1
		}
		scale += int(b[i+1] - '0')
		i += 2
	}
	if uint(scale) >= uint(len(powers)) {
		return 0, -1
	}
	high, n := bits.Mul64(n, powers[scale])
	if high != 0 || n <= exactAfter || n >= exactBefore {
		return 0, -1
	}
	return int64(n), i
}

// powers are those of ten that milliseconds are scaled by: no more than 1E9.
var powers = [...]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12}

// digits appends the digits at i to the number n, and returns it and the place
// behind them. Of more than 19 digits the number is wrong.
func digits(b []byte, i int, n uint64) (uint64, int) {
	if i+8 <= len(b) {
		if v := binary.LittleEndian.Uint64(b[i:]) ^ ones*'0'; notDigits(v) == 0 {
			n, i = n*1e8+eightDigits(v), i+8
		}
	}
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		n = n*10 + uint64(b[i]-'0')
	}
	return n, i
}

// notDigits is 0 if each byte of v is the value of a digit.
func notDigits(v uint64) uint64 { return (v&^highs + ones*(0x80-10) | v) & highs }

// eightDigits is what eight digits say, whose values the bytes of v are, the first
// in the lowest. It adds up neighbours, then pairs of them, then fours.
func eightDigits(v uint64) uint64 {
	v = v*10 + v>>8
	const pair = 0x000000FF000000FF
	return (v&pair*(100+1e6<<32) + v>>16&pair*(1+1e4<<32)) >> 32
}
