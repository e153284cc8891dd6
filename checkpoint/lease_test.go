package checkpoint

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"korestream/localstack/embed"
)

func TestLease_GoesOnWhereTheLastOneCheckpointed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0")
		a := w.start("a")
		first := a.take("shardId-0")
		if first.Shard() != "shardId-0" || first.Counter() != 1 || first.Start().SequenceNumber != TrimHorizon {
			t.Errorf("first lease: got %s, counter %d, start %s", first.Shard(), first.Counter(), first.Start())
		}
		w.must(first.Checkpoint(t.Context(), Position{SequenceNumber: "100", SubSequenceNumber: 3}))
		w.must(first.Release(t.Context()))
		if err := context.Cause(first.Context()); !errors.Is(err, ErrReleased) {
			t.Errorf("cause of the end: got %v, want ErrReleased", err)
		}
		w.must(first.Release(t.Context())) // again does nothing
		second := a.take("shardId-0")
		if want := (Position{SequenceNumber: "100", SubSequenceNumber: 3}); second.Start() != want || second.Counter() != 2 {
			t.Errorf("second lease: got start %s, counter %d, want %s, 2", second.Start(), second.Counter(), want)
		}
		if err := first.Checkpoint(t.Context(), at(200)); !errors.Is(err, ErrReleased) {
			t.Errorf("checkpoint after the release: got %v, want ErrReleased", err)
		}
		w.must(second.Release(t.Context()))
		want := LeaseRow{
			Shard: "shardId-0", Counter: 2, OwnerSwitches: 1, Checkpoint: Position{SequenceNumber: "100", SubSequenceNumber: 3},
			StartingHashKey: "0", EndingHashKey: "9", Generation: 1,
		}
		if diff := cmp.Diff(want, w.row("shardId-0")); diff != "" {
			t.Error(diff)
		}
		a.stop()
	})
}

func TestLease_CheckpointsOnlyRise(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0")
		a := w.start("a")
		l := a.take("shardId-0")
		for _, n := range []int{5, 9, 10, 7, 10, 11} {
			w.must(l.Checkpoint(t.Context(), at(n)))
		}
		if got := w.row("shardId-0").Checkpoint; got != at(11) {
			t.Errorf("checkpoint: got %s, want 11", got)
		}
		w.must(l.Checkpoint(t.Context(), at(3)))
		if got := w.row("shardId-0").Checkpoint; got != at(11) {
			t.Errorf("checkpoint after a lower one: got %s, want 11", got)
		}
		for _, s := range []string{TrimHorizon, ShardEnd, ""} {
			if err := l.Checkpoint(t.Context(), Position{SequenceNumber: s}); err == nil {
				t.Errorf("checkpoint %q was taken", s)
			}
		}
		w.must(l.Release(t.Context()))
		a.stop()
	})
}

func TestLease_AWriteThatArrivesLateMovesNothingBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0")
		a := w.start("a", func(c *Config) { c.Failover = time.Minute })
		l := a.take("shardId-0")
		w.must(l.Checkpoint(t.Context(), at(1)))
		a.gate.late = true
		a.gate.close()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := l.Checkpoint(ctx, at(2)); err == nil {
			t.Fatal("a write through a shut gate succeeded")
		}
		held := a.gate.shut
		a.gate.mu.Lock()
		a.gate.shut = nil // open for what comes now; the held write waits on
		a.gate.mu.Unlock()
		w.must(l.Checkpoint(t.Context(), at(3)))
		close(held)
		synctest.Wait()
		if got := w.row("shardId-0").Checkpoint; got != at(3) {
			t.Errorf("checkpoint after the late write: got %s, want 3", got)
		}
		w.must(l.Checkpoint(t.Context(), at(4)))
		w.must(l.Release(t.Context()))
		a.stop()
	})
}

func TestLease_SettlesWritesWhoseAnswerWasLost(t *testing.T) {
	t.Parallel()
	for _, applied := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, "shardId-0")
			a := w.start("a", func(c *Config) { c.Failover = time.Hour })
			l := a.take("shardId-0")
			lost := w.ep.Faults().Add(embed.Fault{Operation: "UpdateItem", Kind: embed.ServerError, Applied: applied})
			for n := range 3 * maxMaybe { // more than one write may name
				if err := l.Checkpoint(t.Context(), at(n+1)); err == nil && !applied {
					t.Fatal("a write that failed was reported as done")
				}
			}
			lost.Remove()
			w.must(l.Checkpoint(t.Context(), at(1000)))
			if got := w.row("shardId-0").Checkpoint; got != at(1000) {
				t.Errorf("applied %t: got %s, want 1000", applied, got)
			}
			w.must(l.Release(t.Context()))
			a.stop()
		})
	}
}

func TestLease_AnOldOwnerCanWriteNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0")
		a := w.start("a", func(c *Config) { c.Failover = time.Hour })
		l := a.take("shardId-0")
		w.must(l.Checkpoint(t.Context(), at(5)))
		a.gate.close() // a sees nothing of what happens
		w.edit("shardId-0", "SET leaseOwner = :b ADD leaseCounter :one", item{":b": str("b"), ":one": num(1)})
		a.gate.open()
		if err := l.Checkpoint(t.Context(), at(6)); !errors.Is(err, ErrLeaseLost) {
			t.Errorf("checkpoint: got %v, want ErrLeaseLost", err)
		}
		if err := context.Cause(l.Context()); !errors.Is(err, ErrLeaseLost) {
			t.Errorf("cause of the end: got %v, want ErrLeaseLost", err)
		}
		l.MarkEnded(nil)
		if err := l.Finish(t.Context()); !errors.Is(err, ErrLeaseLost) {
			t.Errorf("finish: got %v, want ErrLeaseLost", err)
		}
		w.must(l.Release(t.Context()))
		if got := w.row("shardId-0"); got.Owner != "b" || got.Counter != 2 || got.Checkpoint != at(5) {
			t.Errorf("row: got %+v, want it untouched", got)
		}
		a.stop()
	})
}

func TestLease_AnOperatorsEditEndsItAndTheNextBeginsThere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0")
		a := w.start("a")
		l := a.take("shardId-0")
		w.must(l.Checkpoint(t.Context(), at(50)))
		w.edit("shardId-0", "SET checkpoint = :back", item{":back": str("10")})
		if err := l.Checkpoint(t.Context(), at(51)); !errors.Is(err, ErrLeaseLost) {
			t.Errorf("checkpoint over an operator's: got %v, want ErrLeaseLost", err)
		}
		w.must(l.Release(t.Context()))
		if again := a.take("shardId-0"); again.Start() != at(10) {
			t.Errorf("next lease: got start %s, want 10", again.Start())
		}
		a.stop()
	})
}

func TestLease_FinishesOnlyWhatWasReadToTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0")
		a := w.start("a")
		l := a.take("shardId-0")
		if err := l.Finish(t.Context()); err == nil || l.Context().Err() != nil {
			t.Errorf("finish before the end: got %v and context %v, want an error and a lease", err, l.Context().Err())
		}
		l.MarkEnded([]string{"shardId-1", "shardId-2"})
		lost := w.ep.Faults().Add(embed.Fault{Operation: "UpdateItem", Kind: embed.ServerError, Applied: true, Count: 1})
		if err := l.Finish(t.Context()); err == nil || lost.Hits() != 1 {
			t.Fatalf("got %v with %d faults, want a lost answer", err, lost.Hits())
		}
		w.must(l.Finish(t.Context()))
		if got := w.row("shardId-0"); !got.Finished() || !cmp.Equal(got.Children, []string{"shardId-1", "shardId-2"}) {
			t.Errorf("row: got %+v, want SHARD_END and the children", got)
		}
		w.must(l.Release(t.Context()))
		if _, err := a.Acquire(t.Context(), "shardId-0"); reasonOf(err) != WaitFinished {
			t.Errorf("acquire a finished shard: got %v", err)
		}
		a.stop()
	})
}
