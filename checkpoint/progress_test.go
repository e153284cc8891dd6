package checkpoint

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
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

func TestLease_IsNotTakenInByPlacesOfAnotherCheckpoint(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0")
		a := w.start("a")
		l := a.take("shardId-0")
		for _, above := range []Above{{Runs: []int{1, 3}}, {First: "11", Runs: []int{1, 3}}} {
			w.must(l.Save(t.Context(), Progress{Position{SequenceNumber: "10", SubSequenceNumber: 3}, above}))
			w.must(l.Release(t.Context()))
			if got := w.row("shardId-0").Above; !got.equal(above) {
				t.Errorf("got %+v, want %+v", got, above)
			}
			// As Amazon's library does, which leaves alone what it does not know.
			w.edit("shardId-0", "SET checkpoint = :at, checkpointSubSequenceNumber = :sub", item{":at": str("500"), ":sub": num(0)})
			time.Sleep(5 * time.Second)
			if l = a.take("shardId-0"); !l.Above().IsEmpty() || l.Start() != at(500) {
				t.Errorf("got %+v at %s, want nothing above 500", l.Above(), l.Start())
			}
			w.must(l.Release(t.Context()))
			w.edit("shardId-0", "SET checkpoint = :at", item{":at": str("9")})
			time.Sleep(5 * time.Second)
			l = a.take("shardId-0")
		}
		a.stop()
	})
}
