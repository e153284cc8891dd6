package consumer

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"korestream/localstack/embed"
)

func TestWatchdog_NamesWhatStandsStillAndNothingHolds(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	fine := ShardStatus{Shard: "s", State: StateReading, TriedAt: ago(time.Second), ProgressAt: ago(time.Second), CheckpointTriedAt: ago(time.Second)}
	for _, tt := range []struct {
		name   string
		change func(*ShardStatus)
		want   string
	}{
		{"all is well", func(*ShardStatus) {}, ""},
		{"the source stands still", func(s *ShardStatus) { s.TriedAt = ago(3 * time.Minute) }, "was not read for 3m0s"},
		{"and so it does while it says that it is throttled", func(s *ShardStatus) { s.State, s.TriedAt = StateThrottled, ago(time.Hour) }, "was not read for 1h0m0s"},
		{"it is full", func(s *ShardStatus) { s.State, s.TriedAt = StateFull, ago(time.Hour) }, ""},
		{"events wait and none is handled", func(s *ShardStatus) { s.InFlight, s.ProgressAt = 7, ago(5*time.Minute) }, "7 events that wait"},
		{"a handler hangs", func(s *ShardStatus) { s.InFlight, s.Running, s.ProgressAt = 7, 1, ago(5*time.Hour) }, ""},
		{"nobody looks whether a checkpoint is due", func(s *ShardStatus) { s.CheckpointTriedAt = ago(3 * time.Minute) }, "looked at for a checkpoint"},
		{"nor is it due after the drain", func(s *ShardStatus) { s.State, s.CheckpointTriedAt = StateDraining, ago(3*time.Minute) }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := fine
			tt.change(&s)
			if got := s.stuck(now); tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestWatchdog_SaysNothingOfTroubleThatARestartWouldNotMend(t *testing.T) {
	t.Parallel()
	for _, kind := range []embed.Kind{embed.Throttle, embed.ServerError, embed.Hang} {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 2)
				w.quiet = true
				w.putEvents(3, testSIMs...)
				hangs := &sink{handle: func(ctx context.Context, d *Delivery) error {
					if d.Event.ID == "HS01/0000" {
						<-ctx.Done()
						return context.Cause(ctx)
					}
					return nil
				}}
				p := w.start("one", hangs)
				w.await("all but what waits behind the handler that hangs", func() bool { return len(hangs.ids()) == len(w.put)-3 })
				w.addFault(embed.Fault{Kind: kind})
				for range 100 {
					time.Sleep(10 * time.Second)
					if stuck := p.c.Stuck(time.Now()); len(stuck) > 0 {
						t.Fatalf("under %s: got %v", kind, stuck)
					}
				}
				w.ep.Faults().Clear()
				_ = p.stop() // its handler may hang until the drain is over
			})
		})
	}
}

func TestWatchdog_NamesALeaseThatNobodyRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		p := w.start("one", &sink{})
		w.await("the shard", func() bool { return len(p.c.Status().Shards) == 1 })
		w.split(0)
		// As if the KCL had taken a lease and dropped its processor. It takes one
		// child a turn, so one of the two is to be had before it.
		taken := ""
		for taken == "" {
			for _, child := range []string{"shardId-000000000001", "shardId-000000000002"} {
				if _, err := p.leases.Acquire(t.Context(), child); err == nil {
					taken = child
					break
				}
			}
			time.Sleep(time.Millisecond)
		}
		for range 30 {
			time.Sleep(5 * time.Second)
			p.c.Stuck(time.Now())
		}
		if stuck := p.c.Stuck(time.Now()); len(stuck) != 1 || !strings.Contains(stuck[0], taken+" is leased and nothing was done with it") {
			t.Errorf("got %v, want the lease that nobody runs", stuck)
		}
		w.must(p.stop())
	})
}

func TestReadBacklog_TellsForHowLongTheOldestUnreadRecordWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		s := &sink{}
		p := w.start("one", s)
		w.putEvents(3, "HS01")
		w.awaitEvents(s)
		time.Sleep(5 * time.Second)
		w.must(p.stop())
		at := p.leases.Snapshot().Leases[0]
		read := func() Backlog {
			b, err := ReadBacklog(t.Context(), w.kc, testStream, "", at.Shard, at.Checkpoint)
			w.must(err)
			return b
		}
		if b := read(); b.Unread {
			t.Errorf("all is checkpointed: got %+v", b)
		}
		w.putEvents(1, "HS01")
		time.Sleep(90 * time.Second)
		w.putEvents(1, "HS01")
		if b := read(); !b.Unread || b.Age < 89*time.Second || b.Age > 91*time.Second {
			t.Errorf("90 s after a put: got %+v, want unread for 90 s", b)
		}
	})
}

// TestStatus_OfAShardJustTakenIsWhatItsLeaseSays looks before anything was read.
func TestStatus_OfAShardJustTakenIsWhatItsLeaseSays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.putEvents(3, testSIMs...)
		before := &sink{}
		p := w.start("one", before)
		w.await("all events", func() bool { return len(before.ids()) == len(w.put) })
		time.Sleep(5 * time.Second)
		was := p.c.Status().Shards[0]
		w.must(p.stop())
		q := w.start("two", &sink{})
		for len(q.c.Status().Shards) == 0 {
			time.Sleep(time.Millisecond)
		}
		got := q.c.Status().Shards[0]
		if got.Checkpoint.Compare(was.Checkpoint) != 0 || was.Checkpoint.IsZero() || got.CaughtUpAt.IsZero() {
			t.Errorf("got checkpoint %s, caught up at %s; want %s and when that was", got.Checkpoint, got.CaughtUpAt, was.Checkpoint)
		}
		if stuck := q.c.Stuck(time.Now()); len(stuck) != 0 {
			t.Errorf("stuck: got %v, want nothing", stuck)
		}
		w.must(q.stop())
	})
}
