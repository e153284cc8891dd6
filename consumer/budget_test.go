package consumer

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

func TestBudget_BlocksAtItsLimitUntilBytesAreGivenBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(newPool(1000), 100)
		b.take(100)
		blocked, admitted := false, false
		go func() {
			if err := b.admit(t.Context(), func() { blocked = true }); err == nil {
				admitted = true
			}
		}()
		synctest.Wait()
		if !blocked || admitted {
			t.Fatalf("at the limit: blocked %v, admitted %v; want blocked", blocked, admitted)
		}
		b.give(1)
		synctest.Wait()
		if !admitted {
			t.Error("not admitted although bytes were given back")
		}
	})
}

func TestBudget_OthersCannotStarveAnEmptyShard(t *testing.T) {
	t.Parallel()
	total := newPool(100)
	full, empty := newBudget(total, 1000), newBudget(total, 1000)
	full.take(500)
	if own, all := full.room(); own == nil && all == nil {
		t.Error("a shard with bytes in flight is admitted over the process's limit")
	}
	if own, all := empty.room(); own != nil || all != nil {
		t.Error("a shard with nothing in flight is refused")
	}
}

func TestBudget_WaitEndsWithTheCause(t *testing.T) {
	t.Parallel()
	b := newBudget(newPool(10), 10)
	b.take(10)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errDraining)
	if err := b.admit(ctx, func() {}); !errors.Is(err, errDraining) {
		t.Errorf("got %v, want the context's cause", err)
	}
}
