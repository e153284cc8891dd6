package tally_test

import (
	"fmt"
	"sync"
	"testing"

	"korestream/bench/tally"
)

func ids(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("EZ%032x", i)
	}
	return out
}

func tallyOf(ids ...string) tally.Tally {
	var t tally.Tally
	for _, id := range ids {
		t.Add([]byte(id))
	}
	return t
}

func TestTally_TellsWhatWasHandledFromWhatWasServed(t *testing.T) {
	t.Parallel()
	all := ids(100)
	want := tallyOf(all...)
	reversed := make([]string, 0, len(all))
	for i := range all {
		reversed = append(reversed, all[len(all)-1-i])
	}
	for _, c := range []struct {
		name string
		ids  []string
		same bool
	}{
		{"another order", reversed, true},
		{"one is missing", all[1:], false},
		{"one comes twice", append(ids(100), all[3]), false},
		{"one is missing and another comes twice", append(ids(100)[1:], all[3]), false},
		{"one differs in its last digit", append(ids(100)[:99], all[99][:33]+"0"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := tallyOf(c.ids...); (got == want) != c.same {
				t.Errorf("tally %+v, of all %+v: same %t, want %t", got, want, got == want, c.same)
			}
		})
	}
}

func TestHash_ChangesWithEveryByte(t *testing.T) {
	t.Parallel()
	for _, length := range []int{1, 7, 8, 9, 34, 36} {
		id := make([]byte, length)
		seen := map[uint64]string{tally.Hash(id): "nothing changed"}
		for i := range id {
			for bit := range 8 {
				id[i] ^= 1 << bit
				h, what := tally.Hash(id), fmt.Sprintf("bit %d of byte %d", bit, i)
				if before, ok := seen[h]; ok {
					t.Errorf("length %d: %s and %s hash to the same", length, what, before)
				}
				seen[h] = what
				id[i] ^= 1 << bit
			}
		}
	}
}

func TestCounter_SaysOnceThatThereIsEnough(t *testing.T) {
	t.Parallel()
	reached := 0
	var mu sync.Mutex
	c := tally.NewCounter(1000, func() {
		mu.Lock()
		defer mu.Unlock()
		reached++
	})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for _, id := range ids(300) {
				c.Add(id)
			}
		})
	}
	wg.Wait()
	if reached != 1 {
		t.Errorf("said %d times that there is enough, want once", reached)
	}
	one := tallyOf(ids(300)...)
	if got, want := c.Tally(), (tally.Tally{Records: 1200, Checksum: 4 * one.Checksum}); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
}
