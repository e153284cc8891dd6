package kinesis

import "math/bits"

// Hash keys have 128 bits and sequence numbers 188, and AWS writes both in
// decimal. Three words, the most significant first, hold either.

// tenTo19 is the greatest power of ten in a word.
const tenTo19 = 10_000_000_000_000_000_000

// parseWords reads a decimal number of up to 192 bits; false if it is none.
func parseWords(s string) (w [3]uint64, ok bool) {
	if s == "" {
		return w, false
	}
	for i := range len(s) {
		d := uint64(s[i]) - '0'
		if d > 9 {
			return w, false
		}
		carry := d
		for j := 2; j >= 0; j-- {
			hi, lo := bits.Mul64(w[j], 10)
			var c uint64
			w[j], c = bits.Add64(lo, carry, 0)
			carry = hi + c
		}
		if carry != 0 {
			return w, false
		}
	}
	return w, true
}

// appendWords appends the number in decimal.
func appendWords(b []byte, w [3]uint64) []byte {
	var digits [60]byte
	at := len(digits)
	for {
		var rest uint64
		w[0], rest = bits.Div64(0, w[0], tenTo19)
		w[1], rest = bits.Div64(rest, w[1], tenTo19)
		w[2], rest = bits.Div64(rest, w[2], tenTo19)
		done := w == [3]uint64{}
		for n := 0; rest != 0 || !done && n < 19 || done && at == len(digits); n++ {
			at--
			digits[at] = byte('0' + rest%10)
			rest /= 10
		}
		if done {
			return append(b, digits[at:]...)
		}
	}
}
