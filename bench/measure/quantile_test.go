package measure_test

import (
	"testing"

	"korestream/bench/measure"
)

func TestPercentile_IsAValueThatWasMeasured(t *testing.T) {
	t.Parallel()
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[99-i] = float64(i + 1)
	}
	for _, c := range []struct {
		name   string
		values []float64
		p      float64
		want   float64
	}{
		{"none", nil, 50, 0},
		{"one", []float64{7}, 99, 7},
		{"half of a hundred", hundred, 50, 50},
		{"99 of a hundred", hundred, 99, 99},
		{"all of a hundred", hundred, 100, 100},
		{"none of a hundred", hundred, 0, 1},
		{"half of three", []float64{30, 10, 20}, 50, 20},
		{"99 of three", []float64{30, 10, 20}, 99, 30},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := measure.Percentile(c.values, c.p); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestMedian_OfAnEvenNumberIsBetweenTheMiddleTwo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{4}, 4}, {[]float64{9, 1, 4}, 4}, {[]float64{9, 1, 4, 6}, 5}} {
		if got := measure.Median(c.values); got != c.want {
			t.Errorf("median of %v: got %v, want %v", c.values, got, c.want)
		}
	}
}
