package checkpoint

import (
	"testing"
	"testing/synctest"
)

func TestStore_MemoIsWrittenOnceAndIsNoLease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-1")
		s, _ := w.store("a")
		w.must(s.Init(t.Context()))
		if got, err := s.Memo(t.Context()); got != "" || err != nil {
			t.Errorf("memo of a new table: got %q, %v, want none", got, err)
		}
		w.must(s.SaveMemo(t.Context(), "from noon to one"))
		if err := s.SaveMemo(t.Context(), "from one to two"); err == nil {
			t.Error("a second memo was accepted")
		}
		other, _ := w.store("b")
		if got, err := other.Memo(t.Context()); got != "from noon to one" || err != nil {
			t.Errorf("memo for another worker: got %q, %v", got, err)
		}
		snap, err := other.Load(t.Context())
		w.must(err)
		if len(snap.Leases) != 0 || len(snap.Workers) != 0 {
			t.Errorf("a table with a memo alone: got %+v, want no lease and no worker", snap)
		}
		// The application begins as in an empty table.
		a := w.start("c")
		defer a.stop()
		if l := a.take("shardId-1"); l.Start().SequenceNumber != TrimHorizon {
			t.Errorf("start beside a memo: got %s", l.Start())
		}
		if got, err := other.Memo(t.Context()); got != "from noon to one" || err != nil {
			t.Errorf("memo once there are leases: got %q, %v", got, err)
		}
	})
}
