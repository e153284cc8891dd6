package consumer

import (
	"context"
	"math"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"korestream/checkpoint"
)

func TestLag_IsTheAgeOfTheOldestThatIsNotDone(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	for _, tt := range []struct {
		name  string
		s     ShardStatus
		want  time.Duration
		known bool
	}{
		{"nothing is known yet", ShardStatus{State: StateReading, Behind: -1}, 0, false},
		{"an earlier owner knew", ShardStatus{State: StateReading, Behind: -1, CaughtUpAt: ago(time.Hour)}, time.Hour, true},
		{"all is done", ShardStatus{State: StateReading, FetchedAt: ago(time.Second)}, 0, true},
		{"more is to be fetched", ShardStatus{State: StateReading, Behind: time.Minute, FetchedAt: ago(time.Second)}, time.Minute, true},
		{"an old one is in its handler", ShardStatus{State: StateReading, OldestAt: ago(time.Hour), FetchedAt: now}, time.Hour, true},
		{"a new one is, and more is to be fetched", ShardStatus{State: StateFull, Behind: time.Minute, OldestAt: ago(time.Second), FetchedAt: now}, time.Minute, true},
		{"Kinesis does not answer", ShardStatus{State: StateFailing, Behind: time.Minute, FetchedAt: ago(time.Hour)}, time.Hour + time.Minute, true},
		{"by another clock it arrives later", ShardStatus{State: StateReading, OldestAt: now.Add(time.Second)}, 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, known := tt.s.Lag(now); got != tt.want || known != tt.known {
				t.Errorf("got %s, %v, want %s, %v", got, known, tt.want, tt.known)
			}
		})
	}
}

func TestDrainMeter_TellsWhenItHasCaughtUp(t *testing.T) {
	t.Parallel()
	m := drainMeter{}
	now, behind := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC), time.Hour
	run := func(gain float64) {
		for range 600 {
			now = now.Add(time.Second)
			behind -= time.Duration(gain * float64(time.Second))
			m.add(behind, now)
		}
	}
	run(2)
	if math.Abs(m.gain-2) > 0.01 {
		t.Errorf("three seconds done in one: got a gain of %.3f, want 2", m.gain)
	}
	if eta, ever := checkpoint.CatchUp(behind, m.gain); !ever || math.Abs(eta.Seconds()-1200) > 15 {
		t.Errorf("40 minutes behind: got %s, %v, want about 20m", eta, ever)
	}
	run(-1)
	if _, ever := checkpoint.CatchUp(behind, m.gain); ever || math.Abs(m.gain+1) > 0.01 {
		t.Errorf("nothing is done: got a gain of %.3f, want -1, and never", m.gain)
	}
}

func TestStatus_BehindGrowsWhileAHandlerHangsAndShrinksAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		hang := make(chan struct{})
		s := &sink{handle: func(ctx context.Context, d *Delivery) error {
			if d.Event.SIM() != "HSslow" {
				return nil
			}
			select {
			case <-hang:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}}
		p := w.start("w", s)
		status := func() ShardStatus {
			synctest.Wait()
			return p.c.Status().Shards[0]
		}
		lag := func() time.Duration {
			d, known := status().Lag(time.Now())
			if !known {
				t.Fatal("nothing is known of the lag")
			}
			return d
		}
		w.putEvents(1, "HSa")
		w.awaitEvents(s)
		time.Sleep(3 * time.Second)
		if st := status(); lag() != 0 || st.UnsavedSince != (time.Time{}) || time.Since(st.CaughtUpAt) > 3*time.Second {
			t.Errorf("all is done: got %s behind, unsaved since %v, caught up at %v", lag(), st.UnsavedSince, st.CaughtUpAt)
		}
		if got := p.c.Status().Retention; got != 24*time.Hour {
			t.Errorf("retention: got %s, want 24h", got)
		}
		at := time.Now()
		w.putEvents(1, "HSslow", "HSb")
		time.Sleep(10 * time.Minute)
		st := status()
		if got := lag(); got < 10*time.Minute || got > 10*time.Minute+2*time.Second {
			t.Errorf("ten minutes into a hanging handler: got %s behind", got)
		}
		if age := st.CheckpointAge(time.Now()); age < 9*time.Minute || age > 10*time.Minute {
			t.Errorf("checkpoint age: got %s, want about ten minutes", age)
		}
		if _, ever := checkpoint.CatchUp(lag(), st.Gain); ever || st.Gain > -0.9 {
			t.Errorf("it falls behind: got a gain of %.2f, want about -1", st.Gain)
		}
		if st.CaughtUpAt.After(at) {
			t.Errorf("caught up at %s, though there is something since %s", st.CaughtUpAt, at)
		}
		close(hang)
		w.awaitEvents(s)
		time.Sleep(2 * time.Second)
		if st := status(); lag() != 0 || st.CheckpointAge(time.Now()) != 0 {
			t.Errorf("all is done again: got %s behind, checkpoint age %s", lag(), st.CheckpointAge(time.Now()))
		}
		w.must(p.stop())
	})
}

// The lease tells the others as much as the owner knew, within a second or, where
// nothing comes, a minute.
func TestLease_TellsHowFarAShardWithoutAnOwnerIsBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		s := &sink{}
		p := w.start("w", s)
		w.putEvents(20, "HSa", "HSb")
		w.awaitEvents(s)
		time.Sleep(time.Hour) // nothing comes
		w.must(p.stop())
		time.Sleep(30 * time.Minute)
		snap, err := p.leases.Load(t.Context())
		w.must(err)
		behind, known := snap.Leases[0].Behind(time.Now())
		if arrived := time.Since(snap.Leases[0].ArrivedAt); !known || arrived < 90*time.Minute {
			t.Errorf("the record at the checkpoint: got %s old, %v, want 1h30m", arrived, known)
		}
		if behind < 30*time.Minute || behind > 32*time.Minute {
			t.Errorf("half an hour without an owner: got %s behind", behind)
		}
		// Its next owner knows it before it has read anything.
		var calls atomic.Int32
		s2 := &sink{handle: func(context.Context, *Delivery) error { calls.Add(1); return nil }}
		q := w.start("x", s2)
		w.await("the shard to be taken and read", func() bool {
			shards := q.c.Status().Shards
			return len(shards) == 1 && shards[0].Behind == 0
		})
		if n := calls.Load(); n != 0 {
			t.Errorf("%d events were handled twice", n)
		}
		w.must(q.stop())
	})
}
