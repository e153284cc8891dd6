package handlers

import (
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func at(now time.Duration) func() time.Duration { return func() time.Duration { return now } }

// TestDoneWindow_IsTheListThatItStandsFor plays it against a plain list, with many
// ids, with few hashes, and where the lower halves of its numbers begin anew.
func TestDoneWindow_IsTheListThatItStandsFor(t *testing.T) {
	t.Parallel()
	for _, mask := range []uint64{^uint64(0), 3, 0} {
		for seed := range uint64(20) {
			t.Run(fmt.Sprintf("mask=%x/seed=%d", mask, seed), func(t *testing.T) {
				t.Parallel()
				rng := rand.New(rand.NewPCG(seed, mask))
				const most, maxAge = 150, 400
				w := newDoneWindow(most, maxAge)
				if seed%2 > 0 {
					w.first = 1<<32 - rng.Uint64N(300)
					w.next = w.first
				}
				keys := maphash.MakeSeed()
				hash := func(id string) uint64 { return maphash.String(keys, id) & mask }
				type entry struct {
					id string
					at time.Duration
				}
				var list []entry
				for now := time.Duration(0); now < 2000; now += time.Duration(rng.IntN(4)) {
					id := strings.Repeat("x", rng.IntN(60)) + fmt.Sprint(rng.IntN(200))
					want := false
					for _, e := range list {
						if e.id == id {
							want = now-e.at < maxAge // the last one's
						}
					}
					if got := w.has(hash(id), id, at(now)); got != want {
						t.Fatalf("%s at %d: got %t, want %t", id, now, got, want)
					}
					for i := 0; w.next%trimEvery == 0 && i < 2*trimEvery && len(list) > 0 && now-list[0].at >= maxAge; i++ {
						list = list[1:]
					}
					w.add(hash(id), id, now)
					list = append(list, entry{id, now})
					list = list[max(0, len(list)-most):]
					if w.len() != len(list) || len(w.long) > w.len() {
						t.Fatalf("at %d: got %d ids (%d long ones), want %d", now, w.len(), len(w.long), len(list))
					}
				}
			})
		}
	}
}

// TestDoneWindow_AnOldBucketNamesNothing: what a bucket holds of 2^32 entries ago looks
// like the number of one that is there.
func TestDoneWindow_AnOldBucketNamesNothing(t *testing.T) {
	t.Parallel()
	w := newDoneWindow(64, 10)
	w.add(7, "old", 0)
	w.forget()
	w.first, w.next = 1<<32, 1<<32
	for i := range uint64(3) { // the second has the number that the bucket of 7 names
		w.add(100+i, fmt.Sprint(i), 1)
	}
	if w.has(7, "old", at(1)) {
		t.Error("what was forgotten is done")
	}
	w.add(7, "new", 2)
	if !w.has(7, "new", at(3)) || !w.has(101, "1", at(3)) {
		t.Error("what was added is not there")
	}
}
