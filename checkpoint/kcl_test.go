package checkpoint

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	chk "github.com/vmware/vmware-go-kcl-v2/clientlibrary/checkpoint"
	par "github.com/vmware/vmware-go-kcl-v2/clientlibrary/partition"
)

func status(id string) *par.ShardStatus { return &par.ShardStatus{ID: id, Mux: &sync.RWMutex{}} }

func TestKCL_AcquiresOnlyAfterFetchCheckpoint(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0")
		a := w.start("a")
		k := NewKCL(a.Store)
		w.must(k.Init())
		shard := status("shardId-0")
		if err := k.GetLease(shard, "a"); !errors.As(err, &chk.ErrLeaseNotAcquired{}) {
			t.Errorf("without FetchCheckpoint: got %v, want a refusal", err)
		}
		if err := k.FetchCheckpoint(shard); err != chk.ErrSequenceIDNotFound { //nolint:errorlint // as the KCL compares it
			t.Errorf("FetchCheckpoint: got %v, want ErrSequenceIDNotFound", err)
		}
		if err := k.GetLease(status("shardId-0"), "a"); !errors.As(err, &chk.ErrLeaseNotAcquired{}) {
			t.Errorf("for another status: got %v, want a refusal", err)
		}
		_ = k.FetchCheckpoint(shard)
		w.must(k.GetLease(shard, "a"))
		if got := shard.GetLeaseOwner(); got != "a" {
			t.Errorf("owner: got %q, want a", got)
		}
		w.must(k.GetLease(shard, "a")) // a renewal
		if owner, err := k.GetLeaseOwner("shardId-0"); err != nil || owner != "a" {
			t.Errorf("GetLeaseOwner: got %q, %v", owner, err)
		}
		// The KCL clears the owner before it calls RemoveLeaseOwner; a turn of its
		// loop in between must not start a second consumer.
		shard.SetLeaseOwner("")
		_ = k.FetchCheckpoint(shard)
		if err := k.GetLease(shard, "a"); !errors.As(err, &chk.ErrLeaseNotAcquired{}) {
			t.Errorf("while the last lease is let go: got %v, want a refusal", err)
		}
		w.must(k.RemoveLeaseOwner("shardId-0"))
		w.must(k.RemoveLeaseOwner("shardId-0"))
		if err := k.GetLease(shard, "a"); !errors.As(err, &chk.ErrLeaseNotAcquired{}) {
			t.Errorf("a late renewal: got %v, want a refusal", err)
		}
		a.stop()
	})
}

func TestKCL_RenewalFailsOnceTheLeaseIsLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0")
		a := w.start("a")
		k := NewKCL(a.Store)
		shard := status("shardId-0")
		_ = k.FetchCheckpoint(shard)
		w.must(k.GetLease(shard, "a"))
		w.edit("shardId-0", "ADD leaseCounter :one", item{":one": num(1)})
		time.Sleep(5 * time.Second)
		if err := k.GetLease(shard, "a"); !errors.Is(err, ErrLeaseLost) {
			t.Errorf("got %v, want ErrLeaseLost", err)
		}
		shard.SetCheckpoint(chk.ShardEnd)
		if err := k.CheckpointSequence(shard); !errors.Is(err, ErrLeaseLost) || shard.GetCheckpoint() != "" {
			t.Errorf("end of a lost shard: got %v, status %q", err, shard.GetCheckpoint())
		}
		w.must(k.RemoveLeaseOwner("shardId-0"))
		a.stop()
	})
}

func TestKCL_RecordsTheEndAndNothingElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0")
		a := w.start("a")
		k := NewKCL(a.Store)
		shard := status("shardId-0")
		_ = k.FetchCheckpoint(shard)
		w.must(k.GetLease(shard, "a"))
		shard.SetCheckpoint("123")
		if err := k.CheckpointSequence(shard); err == nil {
			t.Error("a sequence number was taken through the KCL")
		}
		shard.SetCheckpoint(chk.ShardEnd)
		if err := k.CheckpointSequence(shard); err == nil || shard.GetCheckpoint() != "" {
			t.Errorf("SHARD_END before the source saw it: got %v, status %q", err, shard.GetCheckpoint())
		}
		l, _ := a.Held("shardId-0")
		l.MarkEnded([]string{"shardId-1"})
		shard.SetCheckpoint(chk.ShardEnd)
		w.must(k.CheckpointSequence(shard))
		w.must(k.RemoveLeaseOwner("shardId-0"))
		w.must(k.RemoveLeaseInfo("shardId-0"))
		if got := w.row("shardId-0"); !got.Finished() || got.Owner != "" {
			t.Errorf("row: got %+v, want it finished, free and there", got)
		}
		again := status("shardId-0")
		w.must(k.FetchCheckpoint(again))
		if got := again.GetCheckpoint(); got != chk.ShardEnd {
			t.Errorf("FetchCheckpoint of a finished shard: got %q, want SHARD_END", got)
		}
		a.Drain()
		if err := k.FetchCheckpoint(again); err == nil || err == chk.ErrSequenceIDNotFound { //nolint:errorlint // as above
			t.Errorf("FetchCheckpoint while draining: got %v, want an error that ends the wait for a parent", err)
		}
		if _, err := k.ListActiveWorkers(nil); err == nil {
			t.Error("ListActiveWorkers is for lease stealing and was answered")
		}
		if err := k.ClaimShard(again, "a"); err == nil {
			t.Error("ClaimShard is for lease stealing and was answered")
		}
		a.stop()
	})
}
