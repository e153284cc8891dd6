package checkpoint

import (
	"math/rand/v2"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
)

// number is the record that a position of at stands for.
func number(t *testing.T, p Position) int {
	t.Helper()
	n, err := strconv.Atoi(p.SequenceNumber)
	if err != nil {
		t.Errorf("position %s: %v", p, err)
	}
	return n
}

// noPartOf fails for each record that counts as done and has a part that nobody has
// said is done. A part is marked in left before Done is called.
func noPartOf(t *testing.T, left []atomic.Int32, from, to int) {
	t.Helper()
	for n := from; n <= to; n++ {
		if left[n].Load() != 0 {
			t.Errorf("record %d counts as done with %d parts left", n, left[n].Load())
		}
	}
}

// Records are added by one goroutine and done by four, in any order, while others
// ask for everything. The ring grows and shrinks meanwhile.
func TestTracker_CountsNothingAsDoneBeforeItIs(t *testing.T) {
	t.Parallel()
	const records = 6000
	type part struct {
		ticket Ticket
		record int
	}
	tr := NewTracker(at(0))
	left := make([]atomic.Int32, records+1)
	parts := make(chan part, 500)
	var workers, askers sync.WaitGroup
	for w := range uint64(4) {
		workers.Go(func() {
			rng := rand.New(rand.NewPCG(w, 2))
			var held []part
			finish := func(p part) {
				left[p.record].Add(-1)
				tr.Done(p.ticket)
			}
			for p := range parts {
				if held = append(held, p); len(held) < 100 && rng.IntN(4) > 0 {
					continue
				}
				i := rng.IntN(len(held))
				finish(held[i])
				held[i] = held[len(held)-1]
				held = held[:len(held)-1]
			}
			for _, p := range held {
				finish(p)
			}
		})
	}
	over := make(chan struct{})
	for _, ask := range []func(last int) int{
		func(last int) int {
			now := number(t, tr.Watermark())
			noPartOf(t, left, last+1, now)
			return now
		},
		func(int) int {
			p := tr.Progress()
			now := number(t, p.Position)
			n := now
			for i, run := range p.Above.Runs {
				if i%2 == 1 {
					noPartOf(t, left, n+1, n+run)
				}
				n += run
			}
			return now
		},
		func(last int) int {
			tr.Pending()
			if p, ok := tr.Oldest(); ok {
				return number(t, p) - 1
			}
			return last
		},
	} {
		askers.Go(func() {
			for last := 0; ; {
				now := ask(last)
				if now < last {
					t.Errorf("the watermark went back from %d to %d", last, now)
				}
				last = now
				select {
				case <-over:
					return
				default:
					runtime.Gosched()
				}
			}
		})
	}
	rng := rand.New(rand.NewPCG(3, 3))
	for n := 1; n <= records; n++ {
		count := rng.IntN(3)
		left[n].Store(int32(count))
		k := tr.Add(at(n), count)
		for range count {
			parts <- part{k, n}
		}
	}
	close(parts)
	workers.Wait()
	close(over)
	askers.Wait()
	if got := tr.Watermark(); got != at(records) || tr.Pending() != 0 {
		t.Errorf("got %s with %d pending, want all done", got, tr.Pending())
	}
}

// Of many who say that the only part is done exactly one is believed, also when the
// entry has gone to a later record meanwhile.
func TestTracker_BelievesOneOfMany(t *testing.T) {
	t.Parallel()
	tr := NewTracker(at(0))
	var believed atomic.Int32
	var wg sync.WaitGroup
	const records = 2000
	for n := 1; n <= records; n++ {
		k := tr.Add(at(n), 1)
		for range 3 {
			wg.Go(func() {
				defer func() { _ = recover() }() // two of them panic
				tr.Done(k)
				believed.Add(1)
			})
		}
		if n%200 == 0 {
			wg.Wait()
		}
	}
	if got := believed.Load(); got != records || tr.Pending() != 0 {
		t.Errorf("%d were believed and %d are pending, want %d and none", got, tr.Pending(), records)
	}
}

func TestTracker_AStaleTicketDoesNothingToTheNextOfItsEntry(t *testing.T) {
	t.Parallel()
	tr := NewTracker(at(0))
	stale := tr.Add(at(1), 1)
	tr.Done(stale)
	entry := tr.ring.Load().at(stale)
	for n := 2; n <= 10*minBlocks*blockRecords; n++ {
		k := tr.Add(at(n), 1)
		mustPanic(t, "a record below the watermark", func() { tr.Done(stale) })
		if tr.ring.Load().at(k) == entry {
			if got := tr.Pending(); got != 1 {
				t.Fatalf("pending: got %d, want the later record of the entry", got)
			}
		}
		tr.Done(k)
	}
}

func TestTracker_MemoryIsForWhatWasPendingLately(t *testing.T) {
	t.Parallel()
	tr := NewTracker(at(0))
	n := 0
	burst := func(size int) {
		tickets := make([]Ticket, size)
		for i := range tickets {
			n++
			tickets[i] = tr.Add(at(n), 1)
		}
		for i := range tickets {
			tr.Done(tickets[len(tickets)-1-i])
		}
	}
	burst(10_000)
	const want = 256 // blocks of 64, a power of two
	if got := len(tr.ring.Load().blocks); got != want {
		t.Errorf("got %d blocks for 10000 records, want %d", got, want)
	}
	for range 20 {
		burst(10_000)
		if got := len(tr.ring.Load().blocks); got != want {
			t.Errorf("got %d blocks in another burst, want the same %d", got, want)
		}
	}
	for range 2 * want * blockRecords * 2 {
		burst(1)
	}
	if got := len(tr.ring.Load().blocks); got != minBlocks {
		t.Errorf("got %d blocks when one record is pending at a time, want %d", got, minBlocks)
	}
	if got := tr.Watermark(); got != at(n) || tr.Pending() != 0 {
		t.Errorf("got %s, want %d", got, n)
	}
	// Passed entries keep no text, which may be a part of something larger.
	for _, b := range tr.ring.Load().blocks {
		for i := range b {
			if b[i].position.SequenceNumber != "" {
				t.Fatal("an entry keeps the text of a record that is below the watermark")
			}
		}
	}
}
