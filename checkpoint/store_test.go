package checkpoint

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"korestream/localstack/embed"
)

func TestStore_InitCreatesTheTableOnceAndOnlyIfToldTo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		strict, _ := w.store("a", func(c *Config) { c.CreateTable = false })
		err := strict.Init(t.Context())
		if !errors.Is(err, ErrTableMissing) || !strings.Contains(err.Error(), "aws dynamodb create-table --table-name korestream") {
			t.Errorf("without a table: got %v, want ErrTableMissing and the mend", err)
		}
		creators := make(chan error, 3)
		for _, name := range []string{"a", "b", "c"} {
			s, _ := w.store(name)
			go func() { creators <- s.Init(t.Context()) }()
		}
		for range 3 {
			w.must(<-creators)
		}
		w.must(strict.Init(t.Context()))
		out, err := w.db.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String(testTable)})
		w.must(err)
		if got := out.Table.BillingModeSummary.BillingMode; got != types.BillingModePayPerRequest {
			t.Errorf("billing: got %s, want on demand", got)
		}
	})
}

func TestStore_InitRefusesATableOfSomethingElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		_, err := w.db.CreateTable(t.Context(), &dynamodb.CreateTableInput{
			TableName: aws.String(testTable), BillingMode: types.BillingModePayPerRequest,
			AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("ShardID"), AttributeType: types.ScalarAttributeTypeS}},
			KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("ShardID"), KeyType: types.KeyTypeHash}},
		})
		w.must(err)
		s, _ := w.store("a")
		if err := s.Init(t.Context()); !errors.Is(err, ErrTableUnfit) {
			t.Errorf("got %v, want ErrTableUnfit", err)
		}
		w.ep.Faults().Add(embed.Fault{Kind: embed.AccessDenied})
		if err := s.Init(t.Context()); err == nil || !strings.Contains(err.Error(), "AccessDenied") || !strings.Contains(err.Error(), testTable) {
			t.Errorf("got %v, want the refusal and the table's name", err)
		}
	})
}

func TestStore_InitOutlastsAnAnswerThatComesTooLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s, _ := w.store("a")
		late := w.ep.Faults().Add(embed.Fault{Operation: "DescribeTable", Kind: embed.Slow, Delay: s.cfg.Failover, Count: 2})
		w.must(s.Init(t.Context()))
		if late.Hits() != 2 {
			t.Errorf("got %d late answers, want 2", late.Hits())
		}
		w.ep.Faults().Add(embed.Fault{Operation: "DescribeTable", Kind: embed.Slow, Delay: s.cfg.Failover})
		ctx, cancel := context.WithTimeout(t.Context(), 13*time.Second)
		defer cancel()
		begun := time.Now()
		if err := s.Init(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), testTable) {
			t.Errorf("got %v, want the context's end and the table's name", err)
		}
		if took := time.Since(begun); took != 13*time.Second {
			t.Errorf("gave up after %s, want 13 s", took)
		}
	})
}

func TestStore_StartsOldShardsWhereToldAndNewOnesAtTheBeginning(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0")
		s, _ := w.store("a")
		w.must(s.Init(t.Context()))
		start := Position{SequenceNumber: AtTimestamp, Timestamp: time.Now().UTC()}
		w.ep.Faults().Add(embed.Fault{Operation: "PutItem", Kind: embed.ServerError, Applied: true, Count: 1})
		w.must(s.Bootstrap(t.Context(), start, w.shards))
		time.Sleep(time.Hour)
		w.shards = append(w.shards, Shard{ID: "shardId-1"})
		a := w.start("a") // its start, TRIM_HORIZON, comes too late to matter
		if got := a.take("shardId-0").Start(); got != start {
			t.Errorf("old shard: got %s, want %s", got, start)
		}
		if got := a.take("shardId-1").Start(); got.SequenceNumber != TrimHorizon {
			t.Errorf("new shard: got %s, want TRIM_HORIZON", got)
		}
		snap, err := a.Load(t.Context())
		w.must(err)
		if got := snap.Positions()["shardId-0"]; got != start {
			t.Errorf("loaded position: got %s, want %s", got, start)
		}
		a.stop()
	})
}

func TestStore_TakesOverTheLeasesOfAmazonsKCL(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0", "shardId-1", "shardId-2")
		// Shard 3 was split into 0 and 1 and read to its end; its lease is gone.
		w.shards = append(w.shards, Shard{ID: "shardId-3"})
		w.shards[0].Parents, w.shards[1].Parents = []string{"shardId-3"}, []string{"shardId-3"}
		s, _ := w.store("x")
		w.must(s.Init(t.Context()))
		for shard, at := range map[string]string{"shardId-0": "42", "shardId-1": Latest} {
			_, err := w.db.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(testTable), Item: item{
				attrKey: str(shard), attrOwner: str("java-worker"), attrCounter: num(7), attrCheckpoint: str(at),
				attrSubSequence: num(2), attrSwitches: num(0), attrEntityType: str(entityLease),
			}})
			w.must(err)
		}
		_, err := w.db.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(testTable), Item: item{
			attrKey: str("Migration3.0"), attrEntityType: str("COORDINATOR_STATE"),
		}})
		w.must(err)
		a := w.start("a")
		if _, err := a.Acquire(t.Context(), "shardId-0"); reasonOf(err) != WaitOwned {
			t.Errorf("while the other library may live: got %v", err)
		}
		if got, want := a.take("shardId-0").Start(), (Position{SequenceNumber: "42", SubSequenceNumber: 2}); got != want {
			t.Errorf("lease with a checkpoint: got %s, want %s", got, want)
		}
		for _, shard := range []string{"shardId-1", "shardId-2"} {
			if got := a.take(shard).Start(); got.SequenceNumber != TrimHorizon {
				t.Errorf("%s: got %s, want TRIM_HORIZON", shard, got)
			}
		}
		if row := w.row("shardId-3"); !row.Finished() {
			t.Errorf("the parent that was finished and forgotten: got %s, want SHARD_END", row.Checkpoint)
		}
		a.stop()
	})
}

func TestStore_LeasesParentsBeforeChildren(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0", "shardId-1")
		w.shards = append(w.shards, Shard{ID: "shardId-2", Parents: []string{"shardId-0", "shardId-1"}}, Shard{ID: "shardId-3", Parents: []string{"shardId-gone"}})
		a := w.start("a")
		parents := []*Lease{a.take("shardId-0"), a.take("shardId-1")}
		for _, p := range parents {
			_, err := a.Acquire(t.Context(), "shardId-2")
			var no *NotAcquiredError
			if !errors.As(err, &no) || no.Reason != WaitParent || no.Detail != p.Shard() || !errors.Is(err, ErrNotAcquired) {
				t.Errorf("child before %s is finished: got %v", p.Shard(), err)
			}
			p.MarkEnded([]string{"shardId-2"})
			w.must(p.Finish(t.Context()))
			w.must(p.Release(t.Context()))
		}
		a.take("shardId-2")
		a.take("shardId-3") // whose parent left the stream before we came
		if _, err := a.Acquire(t.Context(), "shardId-9"); reasonOf(err) != WaitListing {
			t.Errorf("an unknown shard: got %v", err)
		}
		if _, err := a.Acquire(t.Context(), "shardId-2"); reasonOf(err) != WaitHeld {
			t.Errorf("a shard that is held: got %v", err)
		}
		a.stop()
	})
}

func TestStore_RemovesFinishedLeasesOnceTheirShardsAreGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0", "shardId-1")
		a := w.start("a")
		done := a.take("shardId-0")
		a.take("shardId-1")
		done.MarkEnded(nil)
		w.must(done.Finish(t.Context()))
		w.must(done.Release(t.Context()))
		gone := []Shard{{ID: "shardId-2", Parents: []string{"shardId-1"}}}
		a.SetShards(gone)
		time.Sleep(5 * time.Second)
		if got := w.row("shardId-0"); got.Shard == "" {
			t.Fatal("the lease went after one listing without its shard")
		}
		a.SetShards(gone)
		time.Sleep(5 * time.Second)
		if got := w.row("shardId-0"); got.Shard != "" {
			t.Error("the lease of a finished shard that is gone twice is still there")
		}
		if got := w.row("shardId-1"); got.Shard == "" {
			t.Error("the lease of a shard that was not read to its end is gone")
		}
		a.take("shardId-2") // its parent has left the stream unread: nothing to wait for
		a.stop()
	})
}

func TestStore_NothingIsAcquiredWhileDrainingOrNotRunning(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0", "shardId-1")
		s, _ := w.store("idle")
		s.SetShards(w.shards)
		if _, err := s.Acquire(t.Context(), "shardId-0"); reasonOf(err) != WaitHeartbeat {
			t.Errorf("before Run: got %v", err)
		}
		a := w.start("a")
		l := a.take("shardId-0")
		a.Drain()
		if _, err := a.Acquire(t.Context(), "shardId-1"); reasonOf(err) != WaitDraining {
			t.Errorf("while draining: got %v", err)
		}
		if held, ok := a.Held("shardId-0"); !ok || held != l {
			t.Error("draining took a lease away that was held")
		}
		synctest.Wait()
		b := w.start("b")
		b.take("shardId-1") // at once: a is known to drain
		if _, err := b.Acquire(t.Context(), "shardId-0"); reasonOf(err) != WaitOwned {
			t.Errorf("a lease that a drains: got %v", err)
		}
		w.must(l.Release(t.Context()))
		begun := time.Now()
		b.take("shardId-0")
		if took := time.Since(begun); took > 3*time.Second {
			t.Errorf("a released lease was taken after %s, want at the next scan", took)
		}
		a.stop()
		b.stop()
	})
}

func TestStore_AcquireSettlesAnAnswerThatWasLost(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"PutItem", "UpdateItem"} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, "shardId-0")
			a := w.start("a", func(c *Config) { c.Failover = time.Hour })
			if op == "UpdateItem" { // an existing row is updated, a new one put
				w.must(a.take("shardId-0").Release(t.Context()))
			}
			w.ep.Faults().Add(embed.Fault{Operation: op, Kind: embed.ServerError, Applied: true, Count: 1})
			if _, err := a.Acquire(t.Context(), "shardId-0"); err == nil || errors.Is(err, ErrNotAcquired) {
				t.Fatalf("%s: got %v, want DynamoDB's error", op, err)
			}
			l := a.take("shardId-0")
			w.must(l.Checkpoint(t.Context(), at(1)))
			a.stop()
		})
	}
}

func TestStore_SnapshotTellsWhoHasWhat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0", "shardId-1")
		a := w.start("a", func(c *Config) { c.AdminAddress = "10.0.0.1:9090" })
		w.must(a.take("shardId-1").Checkpoint(t.Context(), at(9)))
		a.take("shardId-0")
		time.Sleep(5 * time.Second)
		got := a.Snapshot()
		if got.At.IsZero() || len(got.Workers) != 1 || !got.Workers[0].Alive || got.Workers[0].AdminAddress != "10.0.0.1:9090" {
			t.Errorf("workers: got %+v", got)
		}
		want := map[string]Position{"shardId-0": {SequenceNumber: TrimHorizon}, "shardId-1": at(9)}
		if diff := cmp.Diff(want, got.Positions()); diff != "" {
			t.Error(diff)
		}
		loaded, err := a.Load(t.Context())
		w.must(err)
		if diff := cmp.Diff(want, loaded.Positions()); diff != "" || loaded.Workers[0].ID != "a" {
			t.Errorf("loaded: %s %+v", diff, loaded.Workers)
		}
		a.stop()
		if loaded, err = a.Load(t.Context()); err != nil || len(loaded.Workers) != 0 {
			t.Errorf("after the stop: got %+v, %v, want no worker", loaded.Workers, err)
		}
		w.ep.Faults().Add(embed.Fault{Kind: embed.ServerError})
		if _, err := a.Load(t.Context()); err == nil || !strings.Contains(err.Error(), testTable) {
			t.Errorf("a table that cannot be read: got %v", err)
		}
	})
}

func TestStore_BootstrapGivesUpOnlyWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0")
		s, _ := w.store("a")
		w.must(s.Init(t.Context()))
		w.ep.Faults().Add(embed.Fault{Kind: embed.ServerError})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begun := time.Now()
		if err := s.Bootstrap(ctx, Position{SequenceNumber: TrimHorizon}, w.shards); err == nil || time.Since(begun) < time.Minute {
			t.Errorf("got %v after %s, want an error after a minute", err, time.Since(begun))
		}
	})
}
