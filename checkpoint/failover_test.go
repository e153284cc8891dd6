package checkpoint

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestStore_TakesOverFromTheDeadAndNeverFromTheLiving(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0", "shardId-1")
		a := w.start("a")
		la := a.take("shardId-0")
		w.must(la.Checkpoint(t.Context(), at(5)))
		b := w.start("b")
		b.take("shardId-1")
		for range 50 {
			time.Sleep(a.cfg.Failover / 10)
			if _, err := b.Acquire(t.Context(), "shardId-0"); !errors.Is(err, ErrNotAcquired) {
				t.Fatalf("a lives: got %v", err)
			}
		}
		var ended time.Time
		context.AfterFunc(la.Context(), func() { ended = time.Now() })
		a.gate.close() // a is cut off and does not know it
		begun := time.Now()
		lb := b.take("shardId-0")
		took := time.Since(begun)
		synctest.Wait()
		if ended.IsZero() || ended.After(time.Now()) {
			t.Errorf("b has the lease while a works under its own")
		}
		if err := context.Cause(la.Context()); !errors.Is(err, ErrLeaseLost) {
			t.Errorf("cause of the end at a: got %v, want ErrLeaseLost", err)
		}
		if most := a.cfg.Failover * 13 / 10; took < a.cfg.deadline()/2 || took > most {
			t.Errorf("taken over after %s, want about the failover time, at most %s", took, most)
		}
		if lb.Start() != at(5) {
			t.Errorf("b starts at %s, want 5", lb.Start())
		}
		a.gate.open()
		time.Sleep(a.cfg.Failover)
		if err := la.Checkpoint(t.Context(), at(6)); !errors.Is(err, ErrLeaseLost) {
			t.Errorf("a's checkpoint: got %v, want ErrLeaseLost", err)
		}
		w.must(la.Release(t.Context()))
		w.must(lb.Checkpoint(t.Context(), at(7)))
		a.stop()
		b.stop()
	})
}

func TestStore_WhoWasAwayDoesNotTakeTheLivingForDead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0", "shardId-1")
		a, b := w.start("a"), w.start("b")
		la := a.take("shardId-0")
		lb := b.take("shardId-1")
		time.Sleep(3 * time.Second) // b has seen that a has it
		b.gate.close()
		time.Sleep(3 * b.cfg.Failover)
		w.must(lb.Release(t.Context())) // it was lost long ago
		b.gate.setBlind(true)           // it writes before it reads
		b.gate.open()
		for n := range 5000 { // as fast as it can, while it finds its way back
			if n == 4000 {
				b.gate.setBlind(false)
			}
			if _, err := b.Acquire(t.Context(), "shardId-0"); err == nil {
				t.Fatal("b took the lease of a, which lives")
			}
			time.Sleep(time.Millisecond)
		}
		if la.Context().Err() != nil {
			t.Errorf("a lost its lease: %v", context.Cause(la.Context()))
		}
		a.stop()
		b.stop()
	})
}

func TestStore_OutlivesHeartbeatsThatFailForAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0")
		a := w.start("a")
		l := a.take("shardId-0")
		for range 20 {
			a.gate.close()
			time.Sleep(a.cfg.Failover / 3)
			a.gate.open()
			time.Sleep(a.cfg.Failover)
		}
		if l.Context().Err() != nil {
			t.Errorf("lost a lease to outages of a third of the failover time: %v", context.Cause(l.Context()))
		}
		a.stop()
	})
}

func TestStore_KeepsItsLeasesWhileOnlyTheAnswersAreLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0")
		a := w.start("a")
		l := a.take("shardId-0")
		a.gate.setMute(true)
		time.Sleep(5 * a.cfg.Failover)
		if l.Context().Err() != nil {
			t.Errorf("lost a lease though its heartbeats stand in the table: %v", context.Cause(l.Context()))
		}
		a.gate.setBlind(true) // now it cannot know
		time.Sleep(a.cfg.deadline() - 3*time.Second)
		if l.Context().Err() != nil {
			t.Errorf("lost a lease before the deadline: %v", context.Cause(l.Context()))
		}
		time.Sleep(4 * time.Second)
		if l.Context().Err() == nil {
			t.Error("still works without knowing of any heartbeat that arrived")
		}
		a.gate.setBlind(false)
		a.gate.setMute(false)
		a.stop()
	})
}

func TestPulse_WhatArrivedTooLateKeepsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var overdue atomic.Bool
		p := newPulse(8*time.Second, func() { overdue.Store(true) })
		first := p.send(time.Now())
		if !p.arrived(first) || p.arrived(first) {
			t.Error("a heartbeat arrives once, and then it is no news")
		}
		time.Sleep(2 * time.Second)
		second := p.send(time.Now())
		time.Sleep(7 * time.Second) // 9 s after the first one
		if !overdue.Load() {
			t.Error("8 s after the last heartbeat that is known to have arrived it was not overdue")
		}
		if !p.arrived(second) {
			t.Error("the second one arrived in time for its own 8 s")
		}
		third := p.send(time.Now())
		time.Sleep(8 * time.Second)
		if p.arrived(third) {
			t.Error("a heartbeat of 8 s ago counts")
		}
		p.stop()
	})
}

func TestStore_OneWorkerIDIsOneProcess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0")
		first := w.start("pod-0")
		l := first.take("shardId-0")
		second := w.start("pod-0")
		for range 50 {
			time.Sleep(first.cfg.Failover / 10)
			if _, err := second.Acquire(t.Context(), "shardId-0"); reasonOf(err) != WaitHeartbeat {
				t.Fatalf("the second process of one ID: got %v", err)
			}
		}
		if l.Context().Err() != nil {
			t.Errorf("the first one lost its lease: %v", context.Cause(l.Context()))
		}
		if err := second.heartbeat(t.Context(), 1); err == nil || !strings.Contains(err.Error(), `"pod-0"`) {
			t.Errorf("the second one's heartbeat: got %v, want the ID", err)
		}
		first.gate.close() // killed: it says no goodbye
		second.take("shardId-0")
		first.gate.open()
		time.Sleep(2 * first.cfg.Failover)
		if l.Context().Err() == nil {
			t.Error("the first one still works under its lease")
		}
		first.stop()
		second.stop()
	})
}

func TestStore_HandsOverToANewcomerByName(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0", "shardId-1", "shardId-2", "shardId-3")
		a := w.start("a")
		held := map[string]*Lease{}
		for _, s := range w.shards {
			held[s.ID] = a.take(s.ID)
		}
		b := w.start("b")
		time.Sleep(5 * time.Second)
		asked := 0
		for id, l := range held {
			select {
			case <-l.HandOver():
				asked++
				w.must(l.Checkpoint(t.Context(), at(77)))
				w.must(l.Release(t.Context()))
				if got := w.row(id); got.Heir != "b" || got.Owner != "" {
					t.Errorf("%s after the release: got owner %q, heir %q, want b as the heir", id, got.Owner, got.Heir)
				}
				if _, err := a.Acquire(t.Context(), id); reasonOf(err) != WaitAssigned {
					t.Errorf("a takes %s back: %v", id, err)
				}
				if l := b.take(id); l.Start() != at(77) {
					t.Errorf("b starts %s at %s, want 77", id, l.Start())
				}
				if got := w.row(id); got.Heir != "" {
					t.Errorf("%s has the heir %q after it was taken", id, got.Heir)
				}
			default:
			}
		}
		if asked != 2 {
			t.Errorf("asked for %d of 4 shards, want 2", asked)
		}
		time.Sleep(20 * time.Second)
		for id, l := range held {
			if l.Context().Err() == nil && l.heir != "" {
				t.Errorf("%s is asked for though all is even", id)
			}
		}
		a.stop()
		b.stop()
	})
}

func TestStore_ShardsThatTheirWorkerDoesNotTakeGoToAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0", "shardId-1")
		a := w.start("a")
		b := w.start("b") // b lives and takes nothing
		time.Sleep(5 * time.Second)
		a.take("shardId-0")
		a.take("shardId-1") // after a failover time, rather than never
		a.stop()
		b.stop()
	})
}

func TestStore_NoWorkerGetsMoreThanItsMaximum(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0", "shardId-1", "shardId-2")
		a := w.start("a", func(c *Config) { c.MaxLeases = 2 })
		a.take("shardId-0")
		a.take("shardId-1")
		if _, err := a.Acquire(t.Context(), "shardId-2"); reasonOf(err) != WaitUnassigned {
			t.Errorf("the third: got %v", err)
		}
		a.stop()
	})
}

func TestStore_TidiesUpAfterADeadWorkerAndALostRelease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0", "shardId-1")
		dead := w.start("dead")
		a := w.start("a")
		l := a.take("shardId-1")
		dead.gate.close()
		// A release that cannot be written leaves the row behind.
		a.gate.close()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := l.Release(ctx); err == nil {
			t.Fatal("a release through a shut gate succeeded")
		}
		a.gate.open()
		a.take("shardId-1")
		time.Sleep((deadFor + 2) * a.cfg.Failover)
		snap, err := a.Load(t.Context())
		w.must(err)
		if len(snap.Workers) != 1 || snap.Workers[0].ID != "a" {
			t.Errorf("workers: got %+v, want a alone", snap.Workers)
		}
		dead.gate.open()
		dead.stop()
		a.stop()
	})
}
