package app

import (
	"strings"
	"testing"
	"time"

	"korestream/checkpoint"
	"korestream/internal/config"
)

func TestScale_AsksForMoreOnlyWhereTheyHaveSomethingToRead(t *testing.T) {
	t.Parallel()
	cfg := config.Scale{MaxBehind: 2 * time.Minute, MaxCPU: 75}
	calm := load{shards: 8, workers: 2, known: true, cpu: 0.5}
	for _, tt := range []struct {
		name   string
		change func(*load)
		want   int
		limit  string
		reason string
	}{
		{"all is well", func(*load) {}, 2, "", "enough"},
		{"nobody says how busy it is", func(l *load) { l.cpu = -1 }, 2, "", "enough"},
		{"the CPU is short", func(l *load) { l.cpu = 0.8 }, 3, "", "80 %"},
		{"the CPU of many is short", func(l *load) { l.workers, l.shards, l.cpu = 10, 64, 1 }, 14, "", "100 %"},
		{"shards are late", func(l *load) { l.behind, l.late, l.crowded = time.Hour, 3, 3 }, 3, "", "3 shards"},
		{"shards of many are late", func(l *load) { l.workers, l.shards, l.late, l.crowded = 10, 64, 3, 3 }, 15, "", "3 shards"},
		{"as many workers as shards, and the CPU is short", func(l *load) { l.workers, l.cpu = 8, 0.9 }, 8, "shards", "8 shards feed"},
		{"as many workers as shards, and they are late", func(l *load) { l.workers, l.late = 8, 2 }, 8, "shards", "8 shards feed"},
		{"one less, and very late", func(l *load) { l.workers, l.late, l.crowded = 7, 2, 1 }, 8, "shards", "8 shards feed"},
		{"the one that is late has a worker of its own", func(l *load) { l.behind, l.late = time.Hour, 1 }, 2, "shards", "of its own"},
		{"more workers than shards", func(l *load) { l.workers = 11 }, 8, "", "nothing to read"},
		{"no shard at all", func(l *load) { l.shards, l.workers = 0, 3 }, 1, "", "nothing to read"},
		{"lease.max_per_worker", func(l *load) { l.perWorker = 2 }, 4, "", "max_per_worker"},
		{"little to do", func(l *load) { l.cpu = 0.2 }, 1, "", "1 workers would use"},
		{"little to do, and a shard without an owner", func(l *load) { l.cpu, l.unowned = 0.2, 1 }, 2, "", "no owner"},
		{"little to do, and a little late", func(l *load) { l.cpu, l.behind = 0.2, time.Minute }, 2, "", "enough"},
		{"one less would be too busy", func(l *load) { l.cpu = 0.3 }, 2, "", "enough"},
		{"one less would have too many shards", func(l *load) { l.cpu, l.perWorker = 0.1, 4 }, 2, "", "enough"},
		{"how late is not known", func(l *load) { l.cpu, l.known = 0.1, false }, 2, "", "enough"},
		{"the last one stays", func(l *load) { l.cpu, l.workers = 0, 1 }, 1, "", "enough"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := calm
			tt.change(&l)
			v := l.decide(cfg)
			if v.Desired != tt.want || v.Limit != tt.limit || !strings.Contains(v.Reason, tt.reason) {
				t.Errorf("got %d, limit %q, because %q; want %d, limit %q, because of %q", v.Desired, v.Limit, v.Reason, tt.want, tt.limit, tt.reason)
			}
			if (v.Advice != "") != (tt.limit != "") {
				t.Errorf("limit %q: got the advice %q", tt.limit, v.Advice)
			}
		})
	}
}

// Whatever it starts from, following the advice ends: what it asked for does not
// make it ask for the opposite.
func TestScale_DoesNotSwing(t *testing.T) {
	t.Parallel()
	cfg := config.Scale{MaxBehind: 2 * time.Minute, MaxCPU: 75}
	for work := 0.1; work < 20; work += 0.1 { // in processors
		workers, rose, fell := 1, false, false
		for range 100 {
			cpu := min(work/float64(workers), 1)
			want := load{shards: 64, workers: workers, known: true, cpu: cpu}.decide(cfg).Desired
			if want == workers {
				break
			}
			rose, fell = rose || want > workers, fell || want < workers && rose
			workers = want
		}
		if cpu := work / float64(workers); cpu >= 0.75 {
			t.Errorf("work for %.1f processors: ended with %d workers, each at %.2f", work, workers, cpu)
		}
		if fell {
			t.Errorf("work for %.1f processors: it asked for more and then for fewer", work)
		}
	}
}

func TestLoad_IsWhatTheTableSays(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	shard := func(id, owner string, behind time.Duration, gain float64) checkpoint.Standing {
		row := checkpoint.LeaseRow{Shard: id, Owner: owner, ArrivedAt: now.Add(-behind), Lag: checkpoint.Lag{Gain: gain}}
		return checkpoint.Standing{LeaseRow: row, Owned: owner != "" && owner != "dead"}
	}
	cfg := &config.Config{Scale: config.Scale{MaxBehind: 2 * time.Minute, MaxCPU: 75}}
	got := loadOf([]checkpoint.Standing{
		shard("0", "a", time.Hour, -1),       // late beside another
		shard("1", "a", time.Second, 0),      // well
		shard("2", "b", time.Hour, 0.1),      // late by itself
		shard("3", "c", time.Hour, 60),       // about to catch up
		shard("4", "dead", 3*time.Minute, 9), // nobody reads it, whatever it gained
		{LeaseRow: checkpoint.LeaseRow{Shard: "5", Owner: "c"}, Owned: true},
	}, []checkpoint.WorkerRow{
		{ID: "a", Alive: true, CPU: 0.9},
		{ID: "b", Alive: true, CPU: 0.3},
		{ID: "c", Alive: true, CPU: -1},
		{ID: "dead", CPU: 1},
		{ID: "leaving", Alive: true, Draining: true, CPU: 1},
	}, cfg, now)
	want := load{shards: 6, workers: 3, unowned: 1, behind: time.Hour, known: true, late: 3, crowded: 2, cpu: 0.6}
	if got.cpu < 0.599 || got.cpu > 0.601 {
		t.Errorf("CPU: got %v, want 0.6", got.cpu)
	}
	got.cpu = want.cpu
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
