package checkpoint

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestCatchUp_IsNeverWhileNothingIsGained(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		behind time.Duration
		gain   float64
		want   time.Duration
		ever   bool
	}{
		{"has caught up", 0, -1, 0, true},
		{"twice as fast as it comes", time.Hour, 1, time.Hour, true},
		{"a little faster", time.Minute, 0.1, 10 * time.Minute, true},
		{"as fast as it comes", time.Minute, 0, 0, false},
		{"stands still", time.Minute, -1, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, ever := CatchUp(tt.behind, tt.gain); got.Round(time.Millisecond) != tt.want || ever != tt.ever {
				t.Errorf("got %s, %v, want %s, %v", got, ever, tt.want, tt.ever)
			}
		})
	}
}

func TestLag_IsInTheLeaseForThoseWhoDoNotOwnIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0")
		a := w.start("a")
		behind := func() time.Duration {
			d, known := w.row("shardId-0").Behind(time.Now())
			if !known {
				t.Fatal("nothing is known of how far the shard is behind")
			}
			return d.Round(time.Second)
		}
		l := a.take("shardId-0")
		if _, known := w.row("shardId-0").Behind(time.Now()); known {
			t.Error("before the first checkpoint: something is known, want nothing")
		}
		p := at(5)
		p.Timestamp = time.Now().Add(-90 * time.Second)
		l.ReportLag(Lag{Gain: 0.25})
		w.must(l.Checkpoint(t.Context(), p))
		if got := behind(); got != 90*time.Second {
			t.Errorf("after a record that is 90s old: got %s, want 1m30s", got)
		}
		if got := w.row("shardId-0"); got.Lag.Gain != 0.25 || got.Checkpoint != at(5) {
			t.Errorf("got %+v, want gain 0.25 at 5", got)
		}

		// Nothing comes any more: the owner says now and then that it has all.
		for range 600 {
			l.ReportLag(Lag{CaughtUpAt: time.Now()})
			w.must(l.ReportThroughput(t.Context(), 0))
			time.Sleep(time.Second)
		}
		if got := behind(); got > caughtUpEvery+time.Second {
			t.Errorf("a shard on which nothing comes: got %s behind, want at most %s", got, caughtUpEvery)
		}
		w.must(l.Release(t.Context()))
		if got := behind(); got > 2*time.Second {
			t.Errorf("at the release: got %s behind, want what its owner said last", got)
		}
		second := a.take("shardId-0")
		if since := time.Since(second.DoneAt()); since > time.Minute {
			t.Errorf("the next owner begins with %s, want less than a minute", since)
		}
		w.must(second.Release(t.Context()))
		a.stop()
	})
}

func TestStandings_TellWhichShardsNobodyReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0", "shardId-1", "shardId-2")
		w.shards[2].Parents = []string{"shardId-0"} // it waits
		a, b := w.start("a"), w.start("b")
		time.Sleep(5 * time.Second)
		first, second := w.takeByEither("shardId-0", a, b), w.takeByEither("shardId-1", a, b)
		unowned := func(k *worker) (ids []string) {
			all := k.Standings()
			if len(all) != 2 {
				t.Fatalf("got %d shards that can be read, want 2: %+v", len(all), all)
			}
			for _, s := range all {
				if !s.Owned {
					ids = append(ids, s.Shard)
				}
			}
			return ids
		}
		time.Sleep(3 * time.Second)
		if got := unowned(a); len(got) != 0 {
			t.Errorf("both are leased: got %v without an owner", got)
		}
		live, dead, of := a, b, second
		if first.store == b.Store {
			of = first
		}
		if of.store != dead.Store {
			t.Fatal("b has no lease")
		}
		dead.gate.close() // b is gone as a crash leaves it
		time.Sleep(live.cfg.Failover + 3*time.Second)
		if got := unowned(live); len(got) != 1 || got[0] != of.Shard() {
			t.Errorf("after b's death: got %v without an owner, want %s", got, of.Shard())
		}
		live.take(of.Shard())
		if got := unowned(live); len(got) != 0 {
			t.Errorf("after a took it over: got %v without an owner", got)
		}
		dead.gate.open()
		live.stop()
		dead.stop()
	})
}

func TestHeartbeat_CarriesTheCPU(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		busy := w.start("busy")
		quiet := w.start("quiet")
		busy.stop()
		s, _ := w.store("busy")
		WithCPU(func() float64 { return 0.75 })(s)
		w.must(s.heartbeat(t.Context(), 1))
		time.Sleep(3 * time.Second)
		got := make(map[string]float64)
		for _, k := range quiet.Snapshot().Workers {
			got[k.ID] = k.CPU
		}
		if got["busy"] != 0.75 || got["quiet"] >= 0 {
			t.Errorf("got %v, want 0.75 of busy and a negative one of quiet", got)
		}
		quiet.stop()
	})
}
