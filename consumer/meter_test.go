package consumer

import (
	"math"
	"testing"
	"time"
)

func TestMeter_AveragesOverAMinuteAndForgets(t *testing.T) {
	t.Parallel()
	m := newMeter(100)
	now, bytes := m.at, int64(0)
	run := func(kib int64, d time.Duration) {
		for end := now.Add(d); now.Before(end); {
			now = now.Add(time.Second)
			bytes += kib << 10
			m.add(bytes, now)
		}
	}
	for _, step := range []struct {
		kib  int64
		d    time.Duration
		want float64
	}{
		{100, time.Minute, 100},
		{400, 5 * time.Minute, 398},
		{2000, 2 * time.Second, 451}, // a burst
		{0, 10 * time.Minute, 0},
	} {
		run(step.kib, step.d)
		if math.Abs(m.kib-step.want) > 1 {
			t.Errorf("after %d KiB/s for %s: got %.1f, want about %.0f", step.kib, step.d, m.kib, step.want)
		}
	}
	m.add(bytes+1, now) // no time has passed
	if math.IsInf(m.kib, 0) || math.IsNaN(m.kib) {
		t.Errorf("got %v", m.kib)
	}
}
