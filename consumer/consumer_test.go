package consumer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"korestream/checkpoint"
	"korestream/event"
)

var testSIMs = []string{"HS01", "HS02", "HS03", "HS04", "HS05", "HS06", "HS07"}

func TestConsumer_HandlesEachEventOnceInOrderAndCheckpoints(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 4)
		w.putEvents(20, testSIMs...)
		s := &sink{}
		p := w.start("one", s)
		w.awaitEvents(s)
		w.putEvents(5, testSIMs...)
		w.awaitEvents(s)
		w.must(p.stop())
		w.complete(s)
		if st := p.c.Status(); st.Totals.Handled != int64(len(w.put)) || len(st.Shards) != 0 || st.OpenShards != 4 {
			t.Errorf("status after the stop: got %+v, want %d handled, no shard, 4 open", st, len(w.put))
		}
		w.resumesEmpty()
	})
}

// resumesEmpty starts the application again and fails the test if it handles
// anything: a planned stop causes no duplicate.
func (w *world) resumesEmpty() {
	w.t.Helper()
	again := &sink{}
	p := w.start("again", again)
	w.await("all shards taken again", func() bool { return len(p.c.Status().Shards) == len(w.openShards()) })
	time.Sleep(10 * time.Second)
	w.must(p.stop())
	if ids := again.ids(); len(ids) != 0 {
		w.t.Errorf("handled again after a planned stop: %v", ids)
	}
}

func TestConsumer_DrainsInTheMiddleAndTheNextGoesOnThere(t *testing.T) {
	t.Parallel()
	for n := range 8 {
		t.Run(fmt.Sprint("after=", n*40, "ms"), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 2)
				w.putEvents(40, testSIMs...)
				slow := func(ctx context.Context, _ *Delivery) error { return wait(ctx, 9*time.Millisecond) }
				first, second := &sink{handle: slow}, &sink{handle: slow}
				p := w.start("first", first)
				w.await("the first event", func() bool { return len(first.ids()) > 0 })
				time.Sleep(time.Duration(n*40) * time.Millisecond)
				w.must(p.stop())
				if n == 0 && len(first.ids()) == len(w.put) {
					t.Fatal("all was handled before the stop: the test shows nothing")
				}
				q := w.start("second", second)
				w.await("the rest", func() bool { return len(first.ids())+len(second.ids()) >= len(w.put) })
				w.must(q.stop())
				w.complete(first, second)
			})
		})
	}
}

func TestConsumer_ParentsBeforeChildrenAndNothingLostInAReshard(t *testing.T) {
	t.Parallel()
	for _, start := range []string{checkpoint.TrimHorizon, checkpoint.Latest} {
		t.Run(start, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 2)
				s := &sink{handle: func(ctx context.Context, _ *Delivery) error { return wait(ctx, 5*time.Millisecond) }}
				p := w.start("one", s, func(c *Config, _ *checkpoint.Config) { c.Start.SequenceNumber = start })
				w.await("both shards", func() bool { return len(p.c.Status().Shards) == 2 })
				time.Sleep(2 * time.Second)
				w.putEvents(30, testSIMs...)
				w.split(0)
				w.putEvents(30, testSIMs...)
				w.merge()
				w.putEvents(30, testSIMs...)
				w.awaitEvents(s)
				w.await("only open shards left", func() bool { return len(p.c.Status().Shards) == len(w.openShards()) })
				w.must(p.stop())
				w.complete(s)
				w.resumesEmpty()
			})
		})
	}
}

func TestConsumer_ClosedShardsThatNobodyOwnedAreReadFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.putEvents(10, testSIMs...)
		w.split(0)
		w.putEvents(10, testSIMs...)
		w.merge()
		w.putEvents(10, testSIMs...)
		s := &sink{}
		p := w.start("one", s)
		w.awaitEvents(s)
		w.must(p.stop())
		w.complete(s)
	})
}

func TestConsumer_BuriesWhatCannotBeDecodedAndGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.putEvents(3, "HS01")
		w.putRaw("HS01", `{"id":"x"`)
		w.putRaw("HS01", `{"type":"t"}`)
		w.putRaw("HS01", "\xff\xfe")
		corrupt := aggregateOf(user("HS01", eventJSON("never", "HS01")))
		corrupt[len(corrupt)-1] ^= 1
		w.putRaw("HS01", string(corrupt))
		w.putRaw("HS01", `[`+eventJSON("HS01/0003", "HS01")+`,{"id":"no type"}]`)
		w.put = append(w.put, "HS01/0003")
		w.putEvents(3, "HS01")
		failures := atomic.Int32{}
		s := &sink{bury: func(context.Context, *DeadLetter) error {
			if failures.Add(1) <= 3 {
				return errTest
			}
			return nil
		}}
		p := w.start("one", s)
		w.awaitEvents(s)
		w.await("the letters", func() bool { return len(s.reasons()) >= 5 })
		w.must(p.stop())
		w.complete(s)
		got := s.reasons()
		slices.Sort(got)
		want := []string{ReasonAggregate, event.ReasonSyntax, event.ReasonUTF8, event.ReasonMissingID, event.ReasonMissingType}
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("reasons: got %v, want %v", got, want)
		}
		for _, l := range s.letters {
			if l.Err == nil || len(l.Payload) == 0 || l.Shard == "" || l.SequenceNumber == "" || l.ArrivedAt.IsZero() {
				t.Errorf("letter is not complete: %+v", l)
			}
		}
		w.resumesEmpty()
	})
}

func TestConsumer_TakesAggregatesApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		var users []userRecord
		for i := range 20 {
			id := fmt.Sprintf("HS01/%04d", i)
			users = append(users, user("HS01", eventJSON(id, "HS01")))
			w.put = append(w.put, id)
		}
		w.putRaw("any", string(aggregateOf(users...)))
		w.putEvents(5, "HS01")
		s := &sink{}
		p := w.start("one", s)
		w.awaitEvents(s)
		w.must(p.stop())
		w.complete(s)
		if d := s.events[7]; d.SubSequenceNumber != 7 || d.PartitionKey != "HS01" {
			t.Errorf("event 7 of the aggregate: got sub-sequence number %d, partition key %q", d.SubSequenceNumber, d.PartitionKey)
		}
		w.resumesEmpty()
	})
}

func TestConsumer_ResumesInsideAnAggregateCheckpointedByAmazonsKCL(t *testing.T) {
	t.Parallel()
	resume := checkpoint.Position{SequenceNumber: "100", SubSequenceNumber: 1}
	c := cutter{stream: testStream, shard: "s"}
	data := aggregateOf(user("a", eventJSON("0", "a")), user("a", eventJSON("1", "a")), user("a", eventJSON("2", "a")))
	pos, pieces, _ := c.cut(record("100", data), resume)
	if len(pieces) != 1 || pieces[0].delivery.Event.ID != "2" {
		t.Fatalf("got %d pieces, want event 2 alone", len(pieces))
	}
	if want := (checkpoint.Position{SequenceNumber: "100", SubSequenceNumber: 2}); pos != want {
		t.Errorf("position: got %v, want %v", pos, want)
	}
	if _, pieces, _ := c.cut(record("99", []byte(eventJSON("x", "a"))), resume); len(pieces) != 0 {
		t.Errorf("a record below the checkpoint gave %d pieces", len(pieces))
	}
}

func TestConsumer_NeverCheckpointsPastAnUnfinishedEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.putEvents(5, testSIMs...)
		const stuck = "HS03/0009"
		failing := &sink{handle: func(_ context.Context, d *Delivery) error {
			if d.Event.ID == stuck {
				return errTest
			}
			return nil
		}}
		p := w.start("one", failing, func(c *Config, _ *checkpoint.Config) { c.DrainTimeout = 3 * time.Second })
		w.await("every other key's events", func() bool { return len(failing.ids()) == len(w.put)-4 })
		time.Sleep(20 * time.Second)
		st := p.c.Status().Shards[0]
		if len(st.Parked) != 1 || st.Parked[0].EventID != stuck || st.Parked[0].Err != errTest.Error() {
			t.Errorf("parked: got %+v, want %s", st.Parked, stuck)
		}
		begun := time.Now()
		if err := p.stop(); err != nil || time.Since(begun) > time.Second {
			t.Errorf("stop with a parked key: got %v after %s, want none at once", err, time.Since(begun))
		}
		healed := &sink{}
		q := w.start("two", healed)
		w.await("the rest", func() bool { return len(healed.ids()) >= 4 })
		time.Sleep(10 * time.Second)
		w.must(q.stop())
		if ids := healed.ids(); ids[0] != stuck || len(ids) != 4 {
			t.Errorf("the next worker handled %v, want %s and the three of its SIM behind it alone", ids, stuck)
		}
		w.complete(failing, healed)
		w.resumesEmpty()
	})
}

func TestConsumer_PanicInADispatcherParksTheKeyAndIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.putEvents(4, testSIMs...)
		panics := atomic.Int32{}
		s := &sink{handle: func(_ context.Context, d *Delivery) error {
			if d.Event.ID == "HS02/0001" && panics.Add(1) < 4 {
				panic("as the test wants it")
			}
			return nil
		}}
		p := w.start("one", s)
		w.awaitEvents(s)
		w.must(p.stop())
		w.complete(s)
	})
}

func TestConsumer_DrainTimeoutCutsHandlersOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.putEvents(1, "HS01")
		s := &sink{handle: func(ctx context.Context, _ *Delivery) error {
			<-ctx.Done()
			return context.Cause(ctx)
		}}
		p := w.start("one", s)
		w.await("the event in its handler", func() bool {
			st := p.c.Status().Shards
			return len(st) == 1 && st[0].Slowest.EventID == "HS01/0000"
		})
		begun := time.Now()
		if err := p.stop(); !errors.Is(err, ErrDrainTimedOut) {
			t.Errorf("got %v, want ErrDrainTimedOut", err)
		}
		if took, most := time.Since(begun), DefaultConfig().DrainTimeout+stopGrace; took > most {
			t.Errorf("stopping took %s, want at most %s", took, most)
		}
	})
}

func TestConsumer_StopsHandlingWhenTheLeaseIsTakenAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.putEvents(1, "HS01")
		cause := make(chan error, 1)
		first := atomic.Bool{}
		s := &sink{handle: func(ctx context.Context, _ *Delivery) error {
			if !first.CompareAndSwap(false, true) {
				return nil
			}
			<-ctx.Done()
			cause <- context.Cause(ctx)
			return context.Cause(ctx)
		}}
		p := w.start("one", s)
		w.await("the event in its handler", func() bool {
			st := p.c.Status().Shards
			return len(st) == 1 && st[0].Running == 1
		})
		_, err := w.db.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
			TableName: aws.String("korestream"), Key: leaseKey(w.shards()[0].ShardId),
			UpdateExpression: aws.String("ADD leaseCounter :one"), ExpressionAttributeValues: number(":one", "1"),
		})
		w.must(err)
		if got := <-cause; !errors.Is(got, checkpoint.ErrLeaseLost) {
			t.Errorf("handler's context ended with %v, want ErrLeaseLost", got)
		}
		w.awaitEvents(s) // the lease is taken again and the event handled
		w.must(p.stop())
	})
}

func TestConsumer_TwoWorkersShareTheShards(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 8)
		a, b := &sink{}, &sink{}
		p, q := w.start("a", a), w.start("b", b)
		for range 20 {
			w.putEvents(2, testSIMs...)
			time.Sleep(300 * time.Millisecond)
		}
		w.await("all events", func() bool { return len(a.ids())+len(b.ids()) >= len(w.put) })
		w.await("an even share", func() bool { return len(p.c.Status().Shards) == 4 && len(q.c.Status().Shards) == 4 })
		w.must(p.stop())
		w.putEvents(5, testSIMs...)
		w.await("the survivor takes over", func() bool { return len(a.ids())+len(b.ids()) >= len(w.put) })
		w.must(q.stop())
		w.complete(a, b)
	})
}
