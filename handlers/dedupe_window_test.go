package handlers

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// TestDoneWindow_IsTheListThatItStandsFor plays it against a plain list, with many
// ids, and with few hashes.
func TestDoneWindow_IsTheListThatItStandsFor(t *testing.T) {
	t.Parallel()
	for _, mask := range []uint64{^uint64(0), 3, 0} {
		for seed := range uint64(10) {
			t.Run(fmt.Sprintf("mask=%x/seed=%d", mask, seed), func(t *testing.T) {
				t.Parallel()
				rng := rand.New(rand.NewPCG(seed, mask))
				const most, maxAge = 150, 400
				w := newDoneWindow(most)
				w.mask = mask
				type entry struct {
					id string
					at time.Duration
				}
				var list []entry
				for now := time.Duration(0); now < 2000; now += time.Duration(rng.IntN(4)) {
					id := strings.Repeat("x", rng.IntN(60)) + fmt.Sprint(rng.IntN(200))
					want, known := time.Duration(0), false
					for _, e := range list {
						if e.id == id {
							want, known = e.at, true
						}
					}
					if at, ok := w.doneAt(id); at != want || ok != known {
						t.Fatalf("%s at %d: got %d, %t, want %d, %t", id, now, at, ok, want, known)
					}
					w.add(id, now)
					list = append(list, entry{id, now})
					w.trim(now, maxAge)
					for i := 0; len(list) > 0 && (len(list) > most || i < forgetAtOnce && now-list[0].at >= maxAge); i++ {
						list = list[1:]
					}
					if w.len() != len(list) || len(w.long) > w.len() {
						t.Fatalf("at %d: got %d ids (%d long ones), want %d", now, w.len(), len(w.long), len(list))
					}
				}
			})
		}
	}
}
