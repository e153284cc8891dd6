package checkpoint

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// says lists which of n records, numbered from 1, a progress says to be done.
func says(t *testing.T, p Progress, n int) []bool {
	t.Helper()
	it := LeaseRow{Shard: "s", Checkpoint: p.Position, Above: p.Above}.item()
	row, err := leaseOf(it)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]bool, n+1)
	tr := ResumeTracker(Progress{row.Checkpoint, row.Above})
	tr.SeenStart()
	for i := 1; i <= n; i++ {
		if at(i).Compare(p.Position) <= 0 || tr.AddDone(at(i)) {
			out[i] = true
		}
	}
	return out
}

func TestTracker_ForgetsNothingFromOwnerToOwner(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 5))
		const n = 120
		done := make([]bool, n+1)
		saved := Progress{Position: Position{SequenceNumber: TrimHorizon}}
		before := make([]bool, n+1)
		for range 12 { // owners that die
			tr := ResumeTracker(saved)
			var open []struct {
				k Ticket
				i int
			}
			read := 0 // the last record read
			for i := 1; i <= n; i++ {
				if at(i).Compare(saved.Position) == 0 {
					tr.SeenStart()
				}
				if at(i).Compare(saved.Position) <= 0 {
					read = i
				}
			}
			for range rng.IntN(60) {
				switch {
				case read < n && rng.IntN(2) == 0:
					read++
					if tr.AddDone(at(read)) {
						if !done[read] {
							t.Fatalf("seed %d: %d counts as done and is not", seed, read)
						}
						continue
					}
					open = append(open, struct {
						k Ticket
						i int
					}{tr.Add(at(read), 1), read})
				case len(open) > 0:
					i := rng.IntN(len(open))
					tr.Done(open[i].k)
					done[open[i].i] = true
					open = append(open[:i], open[i+1:]...)
				}
				if rng.IntN(4) > 0 {
					continue
				}
				saved = tr.Progress()
				now := says(t, saved, n)
				for i := range now {
					if now[i] && !done[i] {
						t.Fatalf("seed %d: %d is saved as done and is not", seed, i)
					}
					if before[i] && !now[i] {
						t.Fatalf("seed %d: %d was saved as done and is forgotten in %+v", seed, i, saved)
					}
				}
				before = now
			}
		}
	}
}

func TestTracker_TrustsNoPlacesWhenTheStreamWasTrimmed(t *testing.T) {
	t.Parallel()
	for _, p := range []Progress{
		{at(10), Above{First: "11", Runs: []int{1, 3}}},
		{at(10), Above{Runs: []int{1, 3}}},
	} {
		tr := ResumeTracker(p) // and the record at 10 is not there any more, nor is 11
		for i := 12; i < 20; i++ {
			if tr.AddDone(at(i)) {
				t.Errorf("%s: record %d counts as done though those before it were trimmed", fmt.Sprint(p), i)
			}
		}
	}
}
