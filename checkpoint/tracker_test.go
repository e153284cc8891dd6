package checkpoint

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
)

func at(n int) Position { return Position{SequenceNumber: strconv.Itoa(n)} }

func TestTracker_NeverPassesWhatIsNotDone(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 1))
			tr := NewTracker(at(0))
			type part struct {
				ticket Ticket
				record int
			}
			var open []part
			left := map[int]int{} // parts that are not done, by record
			added := 0
			for range 2000 {
				if added < 600 && rng.IntN(3) > 0 || len(open) == 0 {
					added++
					parts := rng.IntN(4)
					k := tr.Add(at(added), parts)
					left[added] = parts
					for range parts {
						open = append(open, part{k, added})
					}
				} else {
					i := rng.IntN(len(open))
					p := open[i]
					open = append(open[:i], open[i+1:]...)
					tr.Done(p.ticket)
					left[p.record]--
				}
				want := 0
				for want < added && left[want+1] == 0 {
					want++
				}
				if got := tr.Watermark(); got != at(want) {
					t.Fatalf("watermark: got %s, want %d", got, want)
				}
				if got := tr.Pending(); got != added-want {
					t.Fatalf("pending: got %d, want %d", got, added-want)
				}
				oldest, ok := tr.Oldest()
				if ok != (want < added) || ok && oldest != at(want+1) {
					t.Fatalf("oldest: got %s, %t, want %d", oldest, ok, want+1)
				}
			}
		})
	}
}

func TestTracker_DoneTwicePanics(t *testing.T) {
	t.Parallel()
	tr := NewTracker(at(0))
	blocked := tr.Add(at(1), 1)
	once := tr.Add(at(2), 1)
	tr.Done(once)
	mustPanic(t, "a record that was done", func() { tr.Done(once) })
	mustPanic(t, "a record that was never added", func() { tr.Done(once + 1) })
	tr.Done(blocked)
	mustPanic(t, "a record below the watermark", func() { tr.Done(blocked) })
	if got := tr.Watermark(); got != at(2) {
		t.Errorf("watermark: got %s, want 2", got)
	}
}

func mustPanic(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s: Done did not panic", what)
		}
	}()
	f()
}

func BenchmarkTracker(b *testing.B) {
	for _, inFlight := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprint("inFlight=", inFlight), func(b *testing.B) {
			b.ReportAllocs()
			tr := NewTracker(at(0))
			tickets := make([]Ticket, 0, inFlight)
			p := at(1)
			for b.Loop() {
				tickets = append(tickets, tr.Add(p, 1))
				if len(tickets) == inFlight {
					for i := range tickets { // the worst order
						tr.Done(tickets[len(tickets)-1-i])
					}
					tickets = tickets[:0]
				}
			}
		})
	}
}

// BenchmarkTracker_Record is what a record of one event costs a shard, with others
// in flight that are done in turn.
func BenchmarkTracker_Record(b *testing.B) {
	b.ReportAllocs()
	tr := NewTracker(at(0))
	var tickets [32]Ticket
	p := at(1)
	for i := range tickets {
		tickets[i] = tr.Add(p, 1)
	}
	i := 0
	for b.Loop() {
		if tr.AddDone(p) {
			b.Fatal("done already")
		}
		tr.Done(tickets[i%len(tickets)])
		tickets[i%len(tickets)] = tr.Add(p, 1)
		i++
	}
}
