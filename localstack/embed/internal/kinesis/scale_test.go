package kinesis

import (
	"math/rand/v2"
	"testing"
)

func TestScale_GivesEqualShardsThatDescendFromTheOldOnes(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(5, 6))
	for range 50 {
		st := &stream{}
		st.addShard(hashKey{}, lastHashKey, epoch)
		for range 6 {
			n := 1 + rng.IntN(2*len(st.open))
			before := len(st.shards)
			st.scale(n, epoch)
			checkUniform(t, st, n)
			for _, sh := range st.shards[before:] {
				checkLineage(t, sh)
			}
		}
		// Uneven shards, too, become even.
		sh := st.open[rng.IntN(len(st.open))]
		if at := (hashKey{sh.start.hi, sh.start.lo + 12345}); sh.start.less(at) && at.less(sh.end) {
			st.split(sh, at, epoch)
		}
		n := len(st.open)
		st.scale(n, epoch)
		checkUniform(t, st, n)
	}
}

// checkUniform claims that n equal open shards divide up all keys.
func checkUniform(t *testing.T, st *stream, n int) {
	t.Helper()
	starts := uniformStarts(n)
	if len(st.open) != n {
		t.Fatalf("open shards: got %d, want %d", len(st.open), n)
	}
	for i, sh := range st.open {
		end := lastHashKey
		if i+1 < n {
			end = starts[i+1].prev()
		}
		if sh.start != starts[i] || sh.end != end || sh.closed {
			t.Fatalf("shard %d of %d: got %s to %s (closed: %v), want %s to %s", i, n, sh.start, sh.end, sh.closed, starts[i], end)
		}
		if got := st.route(sh.end); got != sh {
			t.Fatalf("last key of %s: goes to %s", sh.id, got.id)
		}
	}
}

// checkLineage claims that a shard's parents are closed, name it as a child and
// have only smaller sequence numbers.
func checkLineage(t *testing.T, sh *shard) {
	t.Helper()
	for _, parent := range []*shard{sh.parent, sh.adjacentParent} {
		if parent == nil {
			continue
		}
		named := false
		for _, child := range parent.children {
			named = named || child == sh
		}
		if !parent.closed || !named {
			t.Errorf("%s, parent of %s: closed %v and names it %v, want both", parent.id, sh.id, parent.closed, named)
		}
		if parent.endSequence() >= sh.startSequence() {
			t.Errorf("%s ends at %s, want less than the beginning of its child %s, %s",
				parent.id, parent.endSequence(), sh.id, sh.startSequence())
		}
	}
	if sh.parent == nil {
		t.Errorf("%s has no parent", sh.id)
	}
}
