package consumer

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestLaneIndex_IsLikeAMap plays the same changes into an index and a map, with
// hashes that are often alike.
func TestLaneIndex_IsLikeAMap(t *testing.T) {
	t.Parallel()
	for _, hashes := range []uint64{1, 7, 1 << 40} {
		t.Run(fmt.Sprint("hashes=", hashes), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(hashes, 1))
			hash := func(id laneID) uint64 { return id.hash() % hashes }
			var x laneIndex
			model := make(map[laneID]*lane)
			for range 20_000 {
				id := laneID{laneKind(r.IntN(3)), fmt.Sprint(r.IntN(300))}
				got := x.find(id, hash(id))
				if got != model[id] {
					t.Fatalf("find %v: got %p, want %p", id, got, model[id])
				}
				switch {
				case got == nil:
					ln := &lane{id: id, hash: hash(id)}
					x.add(ln)
					model[id] = ln
				case r.IntN(3) > 0:
					x.remove(got)
					delete(model, id)
				}
				if x.lanes != len(model) {
					t.Fatalf("lanes: got %d, want %d", x.lanes, len(model))
				}
			}
			for id, ln := range model {
				if got := x.find(id, ln.hash); got != ln {
					t.Errorf("find %v: got %p, want %p", id, got, ln)
				}
			}
		})
	}
}
