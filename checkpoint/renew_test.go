package checkpoint

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

var born = time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)

func TestStore_LeasesOfAStreamThatWasMadeAnewAreVoid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0", "shardId-1")
		w.stream = Stream{Name: "kore-events", CreatedAt: born}
		a, b := w.start("a"), w.start("b")
		la, lb := a.take("shardId-0"), b.take("shardId-1")
		w.must(la.Checkpoint(t.Context(), at(500)))
		lb.MarkEnded([]string{"shardId-2"})
		w.must(lb.Finish(t.Context()))

		anew := Stream{Name: "kore-events", CreatedAt: born.Add(time.Hour)}
		b.SetStream(anew) // a hears of it through the table
		time.Sleep(5 * time.Second)
		if err := context.Cause(la.Context()); !errors.Is(err, ErrStreamRenewed) {
			t.Errorf("cause of the end of a's lease: got %v, want ErrStreamRenewed", err)
		}
		w.must(la.Release(t.Context()))
		w.must(lb.Release(t.Context()))
		if err := la.Checkpoint(t.Context(), at(501)); err == nil {
			t.Error("a checkpoint of the old stream was written")
		}
		for _, shard := range []string{"shardId-0", "shardId-1"} {
			l := w.takeByEither(shard, a, b)
			if want := (Position{SequenceNumber: TrimHorizon}); l.Start() != want {
				t.Errorf("%s of the new stream starts at %s, want %s", shard, l.Start(), want)
			}
			row := w.row(shard)
			if row.Generation != 2 || row.Counter < 2 || row.Children != nil {
				t.Errorf("%s: got generation %d, counter %d, children %v, want 2, more than 1, none", shard, row.Generation, row.Counter, row.Children)
			}
			w.must(l.Checkpoint(t.Context(), at(3))) // below the old one
		}
		a.SetStream(anew)
		b.SetStream(anew)
		time.Sleep(10 * time.Second)
		if got := w.row("shardId-0"); got.Checkpoint != at(3) || got.Generation != 2 {
			t.Errorf("after a look at the same stream: got %+v, want checkpoint 3 of generation 2", got)
		}
		a.stop()
		b.stop()
	})
}

func TestStore_VoidLeasesOfShardsThatAreGoneAreRemoved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0", "shardId-7")
		w.stream = Stream{Name: "kore-events", CreatedAt: born}
		a := w.start("a")
		w.must(a.take("shardId-7").Release(t.Context()))
		a.SetStream(Stream{Name: "kore-events", CreatedAt: born.Add(time.Minute)})
		w.shards = w.shards[:1]
		for range absentFor {
			a.SetShards(w.shards)
		}
		time.Sleep(5 * time.Second)
		if row, err := a.Lease(t.Context(), "shardId-7"); err != nil || row.Shard != "" {
			t.Errorf("lease of a shard that the new stream does not have: got %+v, %v, want none", row, err)
		}
		a.stop()
	})
}

func TestStore_RefusesTheTableOfAnotherStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0")
		w.stream = Stream{Name: "kore-events", CreatedAt: born}
		w.start("a").stop()
		s, _ := w.store("b")
		s.SetStream(Stream{Name: "other"})
		err := s.Bootstrap(t.Context(), Position{SequenceNumber: TrimHorizon}, w.shards)
		if !errors.Is(err, ErrOtherStream) {
			t.Errorf("got %v, want ErrOtherStream", err)
		}
	})
}

func TestStore_WritesADeletedTableAgainFromMemory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0", "shardId-1", "shardId-2")
		a, b := w.start("a"), w.start("b")
		w.must(a.take("shardId-0").Checkpoint(t.Context(), at(10)))
		w.must(b.take("shardId-1").Checkpoint(t.Context(), at(20)))
		ended := w.takeByEither("shardId-2", a, b)
		ended.MarkEnded([]string{"shardId-3"})
		w.must(ended.Finish(t.Context()))
		w.must(ended.Release(t.Context()))
		time.Sleep(3 * time.Second) // both have seen it

		_, err := w.db.DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: aws.String(testTable)})
		w.must(err)
		time.Sleep(a.cfg.Failover * 2)
		for shard, want := range map[string]Position{"shardId-0": at(10), "shardId-1": at(20), "shardId-2": {SequenceNumber: ShardEnd}} {
			if got := w.row(shard); got.Checkpoint != want {
				t.Errorf("%s after the table was deleted: got checkpoint %s, want %s", shard, got.Checkpoint, want)
			}
		}
		a.stop()
		b.stop()
		s, _ := w.store("later")
		w.must(s.Bootstrap(t.Context(), Position{SequenceNumber: Latest}, w.shards))
		if s.app.start.SequenceNumber != TrimHorizon {
			t.Errorf("the application's start: got %s, want what it was", s.app.start)
		}
	})
}

func TestStore_SaysThatAShardExpiredUnreadAndRemovesItsLeaseLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0", "shardId-1")
		a := w.start("a")
		core, logs := observer.New(zap.ErrorLevel)
		a.log = zap.New(core)
		w.must(a.take("shardId-1").Release(t.Context()))
		ended := a.take("shardId-0")
		ended.MarkEnded(nil)
		w.must(ended.Finish(t.Context()))
		w.must(ended.Release(t.Context()))
		listings := func(n int) {
			for range n {
				a.SetShards(nil)
				time.Sleep(3 * time.Second)
			}
		}
		listings(absentFor + 1)
		if n := logs.FilterMessageSnippet("before it was read to its end").Len(); n != 1 {
			t.Errorf("%d lines say that a shard expired unread, want 1", n)
		}
		if row := w.row("shardId-1"); row.Shard == "" {
			t.Error("its lease was removed at once")
		}
		listings(goneFor)
		for _, shard := range []string{"shardId-0", "shardId-1"} {
			if row, err := a.Lease(t.Context(), shard); err != nil || row.Shard != "" {
				t.Errorf("lease of %s in the end: got %+v, %v, want none", shard, row, err)
			}
		}
		a.stop()
	})
}
