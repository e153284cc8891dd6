package consumer

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"korestream/checkpoint"
)

// owned returns the IDs of the shards that a process runs.
func (p *process) owned() []string {
	var ids []string
	for _, s := range p.c.Status().Shards {
		ids = append(ids, s.Shard)
	}
	return ids
}

func TestConsumer_ManyShardsAreTakenAndSharedWithinTenSeconds(t *testing.T) {
	t.Parallel()
	for _, shards := range []int{64, 512} {
		t.Run(fmt.Sprint("shards=", shards), func(t *testing.T) {
			t.Parallel()
			takenAndShared(t, shards)
		})
	}
}

func takenAndShared(t *testing.T, shards int) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, shards)
		a, b := &sink{}, &sink{}
		within := func(what string, begun time.Time, ok func() bool) {
			w.await(what, ok)
			took := time.Since(begun)
			t.Logf("%s: %s", what, took)
			if took > 10*time.Second {
				t.Errorf("%s took %s, want 10 s at most", what, took)
			}
		}
		begun := time.Now()
		p := w.start("a", a)
		within("all shards taken by a fresh worker", begun, func() bool { return len(p.owned()) == shards })
		w.putEvents(10, testSIMs...)
		begun = time.Now()
		q := w.start("b", b)
		within("half of the shards each after a second joined", begun, func() bool { return len(p.owned()) == shards/2 && len(q.owned()) == shards/2 })
		w.await("all events", func() bool { return len(a.ids())+len(b.ids()) >= len(w.put) })
		begun = time.Now()
		w.must(p.stop())
		within("all shards at the one that stays", begun, func() bool { return len(q.owned()) == shards })
		w.must(q.stop())
		w.complete(a, b)
	})
}

func TestConsumer_MaxPerWorkerLeavesShardsToOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 5)
		most := func(_ *Config, c *checkpoint.Config) { c.MaxLeases = 2 }
		p := w.start("a", &sink{}, most)
		time.Sleep(time.Minute)
		if n := len(p.owned()); n != 2 {
			t.Errorf("alone: got %d shards, want 2", n)
		}
		q := w.start("b", &sink{}, most)
		time.Sleep(time.Minute)
		if n, m := len(p.owned()), len(q.owned()); n != 2 || m != 2 {
			t.Errorf("two: got %d and %d shards, want 2 each and one for nobody", n, m)
		}
		w.must(p.stop())
		w.must(q.stop())
	})
}

// putTo puts one event of a given size on a shard.
func (w *world) putTo(shard string, size int) {
	w.t.Helper()
	for _, s := range w.shards() {
		if *s.ShardId != shard {
			continue
		}
		id := fmt.Sprintf("%s/%04d", shard, len(w.put))
		data := strings.Replace(eventJSON(id, shard), `{"data":{`, `{"pad":"`+strings.Repeat("x", size)+`","data":{`, 1)
		_, err := w.kc.PutRecord(w.t.Context(), &kinesis.PutRecordInput{
			StreamName: aws.String(testStream), PartitionKey: aws.String(shard), ExplicitHashKey: s.HashKeyRange.StartingHashKey, Data: []byte(data),
		})
		w.must(err)
		w.put = append(w.put, id)
	}
}

func TestConsumer_BusyShardsAreSharedByTheirThroughput(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 6)
		a, b := &sink{}, &sink{}
		p, q := w.start("a", a), w.start("b", b)
		w.await("three shards each", func() bool { return len(p.owned()) == 3 && len(q.owned()) == 3 })
		busy := p.owned()[:2]
		apart := func() bool {
			n := 0
			for _, id := range p.owned() {
				if id == busy[0] || id == busy[1] {
					n++
				}
			}
			return n == 1
		}
		// Until their throughputs are known to nine tenths: what is averaged over a
		// minute looks like less before, and may be worth another shard's move first.
		for range 150 {
			w.putTo(busy[0], 90<<10)
			w.putTo(busy[1], 90<<10)
			time.Sleep(time.Second)
		}
		if !apart() {
			t.Errorf("two shards of 90 KiB/s: a still owns both: %v", p.owned())
		}
		all := func() bool { return len(a.ids())+len(b.ids()) >= len(w.put) }
		w.await("all events", all)
		before := p.owned()
		for range 20 { // nothing moves any more
			w.putTo(busy[0], 90<<10)
			w.putTo(busy[1], 90<<10)
			time.Sleep(time.Second)
		}
		if got := p.owned(); strings.Join(got, " ") != strings.Join(before, " ") {
			t.Errorf("shards moved though the load did not: %v, then %v", before, got)
		}
		w.await("all events", all)
		w.must(p.stop())
		w.must(q.stop())
		w.complete(a, b)
	})
}
