package checkpoint

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// readAll returns what a reader says of records 0 to n-1, named so.
func readAll(a Above, n int) []bool {
	r, out := aboveReader{above: a}, make([]bool, n)
	for i := range out {
		out[i] = r.next(fmt.Sprint("seq", i))
	}
	return out
}

func TestAbove_SaysOfEachRecordWhatTheTrackerKnew(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 4))
		tr := NewTracker(Position{SequenceNumber: TrimHorizon})
		n := 1 + rng.IntN(400)
		done := make([]bool, n)
		for i := range n {
			k := tr.Add(Position{SequenceNumber: fmt.Sprint("seq", i)}, 1)
			if done[i] = rng.IntN(3) > 0; done[i] {
				tr.Done(k)
			}
		}
		base := 0
		for base < n && done[base] {
			base++
		}
		p := tr.Progress()
		if p.Position != tr.Watermark() {
			t.Fatalf("seed %d: position: got %s, want %s", seed, p.Position, tr.Watermark())
		}
		above, err := decodeAbove(p.Above.First, p.Above.encode())
		if err != nil {
			t.Fatal(err)
		}
		r := aboveReader{above: above}
		for i := base; i < n; i++ {
			if got := r.next(fmt.Sprint("seq", i)); got != done[i] {
				t.Fatalf("seed %d: record %d: got %t, want %t", seed, i, got, done[i])
			}
		}
		if r.next("more") {
			t.Errorf("seed %d: a record that came later counts as done", seed)
		}
	}
}

func TestAbove_MeansNothingWhenAnotherRecordComesFirst(t *testing.T) {
	t.Parallel()
	a := Above{First: "seq7", Runs: []int{1, 5}}
	for i, done := range readAll(a, 10) {
		if done {
			t.Errorf("record %d counts as done though the first one is not that of the set", i)
		}
	}
}

func TestAbove_LeavesOutWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	a := Above{First: "seq0"}
	for range 5000 {
		a.Runs = append(a.Runs, 200, 1)
	}
	b := a.encode()
	if len(b) > maxAbove || len(b) < maxAbove-8 {
		t.Errorf("got %d bytes, want nearly %d and no more", len(b), maxAbove)
	}
	short, err := decodeAbove("seq0", b)
	if err != nil {
		t.Fatal(err)
	}
	whole, cut := readAll(a, 300_000), readAll(short, 300_000)
	for i := range whole {
		if cut[i] && !whole[i] {
			t.Fatalf("record %d counts as done and is not", i)
		}
	}
	if !cut[200] {
		t.Error("nothing of it is left")
	}
}

func TestAbove_RefusesWhatIsNoListOfRuns(t *testing.T) {
	t.Parallel()
	for _, b := range [][]byte{{1}, {0x80}, {1, 2, 3}, {1, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}} {
		if a, err := decodeAbove("x", b); err == nil {
			t.Errorf("%v: got %+v, want an error", b, a)
		}
	}
}
