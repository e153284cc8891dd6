package measure

import (
	"math"
	"slices"
)

// Median returns the middle of values, the mean of the two middle ones of an
// even number, and 0 of none.
func Median(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(values))
	return (s[(n-1)/2] + s[n/2]) / 2
}

// Percentile returns the least of values that p percent of them do not exceed,
// and 0 of none. It is always one that was measured.
func Percentile(values []float64, p float64) float64 {
	if len(values) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(values))
	rank := int(math.Ceil(p / 100 * float64(len(s))))
	return s[max(rank, 1)-1]
}
