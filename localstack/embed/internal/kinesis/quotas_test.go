package kinesis

import (
	"testing"
	"time"
)

// epoch is when the tests of this package begin.
var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func TestBucket_RefillsAtItsRate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		take []float64
		wait time.Duration // before the last one
		want bool          // of the last one
	}{
		{"full at first", []float64{5}, 0, true},
		{"empty after its rate", []float64{5, 1}, 0, false},
		{"not yet refilled", []float64{5, 1}, 199 * time.Millisecond, false},
		{"one refilled", []float64{5, 1}, 200 * time.Millisecond, true},
		{"two not refilled with one", []float64{5, 2}, 200 * time.Millisecond, false},
		{"never more than full", []float64{5, 6}, time.Hour, true},
		{"larger than itself when full", []float64{12}, 0, true},
		{"larger than itself when not full", []float64{1, 12}, 0, false},
		{"a debt is paid off first", []float64{12, 1}, 1500 * time.Millisecond, false},
		{"a debt is paid off", []float64{12, 1}, 1600 * time.Millisecond, true},
		{"a clock that goes back refills nothing", []float64{5, 1}, -time.Hour, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var b bucket
			var got bool
			for i, n := range tt.take {
				at := epoch
				if i == len(tt.take)-1 {
					at = epoch.Add(tt.wait)
				}
				got = b.take(at, n, 5)
			}
			if got != tt.want {
				t.Errorf("taking the last of %v after %v: got %v, want %v", tt.take, tt.wait, got, tt.want)
			}
		})
	}
}

func TestBucket_NeverRefusesACallerAtTheRate(t *testing.T) {
	t.Parallel()
	var b bucket
	for i := range 100_000 {
		if at := epoch.Add(time.Duration(i) * 200 * time.Millisecond); !b.take(at, 1, 5) {
			t.Fatalf("call %d of five a second: got refused, want taken", i)
		}
	}
}

func TestWriteQuota_ARefusedRecordUsesNothing(t *testing.T) {
	t.Parallel()
	var q writeQuota
	if !q.take(epoch, writeBytes-1) {
		t.Fatal("a record of nearly 1 MiB: got refused, want taken")
	}
	for range 2 * writeRecords {
		if q.take(epoch, 2) {
			t.Fatal("2 bytes too many: got taken, want refused")
		}
	}
	if !q.take(epoch, 1) {
		t.Error("the last byte after refusals: got refused, want taken")
	}
}

func TestReadQuota_BlocksForWhatAnAnswerIsWorth(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		bytes  int
		blocks time.Duration
	}{
		{"2 MiB are free", 2 << 20, 0},
		{"3 MiB", 3 << 20, 1500 * time.Millisecond},
		{"10 MiB", 10 << 20, 5 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var q readQuota
			q.spend(epoch, tt.bytes)
			if before := epoch.Add(tt.blocks - time.Millisecond); tt.blocks > 0 && q.allow(before) {
				t.Errorf("1 ms before %v: got allowed, want blocked", tt.blocks)
			}
			if !q.allow(epoch.Add(tt.blocks)) {
				t.Errorf("after %v: got blocked, want allowed", tt.blocks)
			}
		})
	}
}

func TestReadQuota_AClockThatWentBackDoesNotBlock(t *testing.T) {
	t.Parallel()
	var q readQuota
	q.spend(epoch, maxGetBytes)
	if !q.allow(epoch.Add(-time.Hour)) {
		t.Error("an hour before the block began: got blocked, want allowed")
	}
}
