package checkpoint

import (
	"math/big"
	"testing"
	"time"
)

func TestCompareSequenceNumbers_OrdersByValue(t *testing.T) {
	t.Parallel()
	const long = "49590338271490256608559692538361571095921575989136588898"
	tests := []struct {
		a, b string
		want int
	}{
		{"1", "2", -1},
		{"9", "10", -1},
		{"10", "9", 1},
		{"007", "7", 0},
		{"", "0", 0},
		{"0", "1", -1},
		{long, long, 0},
		{long, "1" + long, -1},
		{long[:len(long)-1] + "9", long, 1},
	}
	for _, tt := range tests {
		if got := CompareSequenceNumbers(tt.a, tt.b); got != tt.want {
			t.Errorf("CompareSequenceNumbers(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
		if got := CompareSequenceNumbers(tt.b, tt.a); got != -tt.want {
			t.Errorf("CompareSequenceNumbers(%q, %q) = %d, want %d", tt.b, tt.a, got, -tt.want)
		}
	}
}

func FuzzCompareSequenceNumbers(f *testing.F) {
	f.Add(uint64(1), uint64(10), "0", "")
	f.Fuzz(func(t *testing.T, a, b uint64, padA, padB string) {
		zeros := func(s string) string { return "00000000"[:len(s)%8] }
		x, y := new(big.Int).SetUint64(a), new(big.Int).SetUint64(b)
		if got, want := CompareSequenceNumbers(zeros(padA)+x.String(), zeros(padB)+y.String()), x.Cmp(y); got != want {
			t.Errorf("%s against %s: got %d, want %d", x, y, got, want)
		}
	})
}

func TestPosition_CompareKnowsBeginningAndEnd(t *testing.T) {
	t.Parallel()
	// In order; those of one row are equal.
	rows := [][]Position{
		{{}, {SequenceNumber: TrimHorizon}, {SequenceNumber: Latest}, {SequenceNumber: AtTimestamp, Timestamp: time.Unix(1, 0)}},
		{{SequenceNumber: "9"}},
		{{SequenceNumber: "10"}},
		{{SequenceNumber: "10", SubSequenceNumber: 1}},
		{{SequenceNumber: "11"}},
		{{SequenceNumber: ShardEnd}},
	}
	for i, row := range rows {
		for j, other := range rows {
			for _, p := range row {
				for _, q := range other {
					if got, want := p.Compare(q), sign(i-j); got != want {
						t.Errorf("%q against %q: got %d, want %d", p, q, got, want)
					}
				}
			}
		}
	}
}

func TestPosition_StringIsForPeople(t *testing.T) {
	t.Parallel()
	tests := []struct {
		p        Position
		want     string
		sentinel bool
	}{
		{Position{}, "", false},
		{Position{SequenceNumber: "495"}, "495", false},
		{Position{SequenceNumber: "495", SubSequenceNumber: 3}, "495/3", false},
		{Position{SequenceNumber: TrimHorizon}, "TRIM_HORIZON", true},
		{Position{SequenceNumber: ShardEnd}, "SHARD_END", true},
		{Position{SequenceNumber: AtTimestamp, Timestamp: time.Unix(0, 500_000_000)}, "AT_TIMESTAMP 1970-01-01T00:00:00.5Z", true},
	}
	for _, tt := range tests {
		if got := tt.p.String(); got != tt.want {
			t.Errorf("%+v: got %q, want %q", tt.p, got, tt.want)
		}
		if got := tt.p.IsSentinel(); got != tt.sentinel {
			t.Errorf("%+v: sentinel is %t, want %t", tt.p, got, tt.sentinel)
		}
		if got, want := tt.p.IsZero(), tt.want == ""; got != want {
			t.Errorf("%+v: zero is %t, want %t", tt.p, got, want)
		}
	}
}
