package handlers

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// claimed claims an id that must be free.
func claimed(t *testing.T, m *MemoryDeduper, id string) Claim {
	t.Helper()
	c, err := m.Claim(t.Context(), id)
	if err != nil || c == nil {
		t.Fatalf("Claim(%s): got %v, %v; want a claim", id, c, err)
	}
	return c
}

func wantDuplicate(t *testing.T, m *MemoryDeduper, id string) {
	t.Helper()
	if c, err := m.Claim(t.Context(), id); err != nil || c != nil {
		t.Fatalf("Claim(%s): got %v, %v; want neither: it is done", id, c, err)
	}
}

// remembered returns how many ids are in the window, and how many in progress.
func (m *MemoryDeduper) remembered() (done, busy int) {
	for i := range m.stripes {
		done += m.stripes[i].done.len()
		for _, e := range m.stripes[i].busy {
			for ; e != nil; e = e.next {
				busy++
			}
		}
	}
	return done, busy
}

func TestDedupe_SecondDeliveryWaitsForTheFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := NewMemoryDeduper(10, time.Hour)
		first := claimed(t, m, "EZ1")
		var answered atomic.Int32
		for range 3 {
			go func() {
				if c, err := m.Claim(t.Context(), "EZ1"); c != nil || err != nil {
					t.Errorf("got %v, %v; want a duplicate", c, err)
				}
				answered.Add(1)
			}()
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := answered.Load(); got != 0 {
			t.Fatalf("%d answers while the first delivery is in progress, want none", got)
		}
		first.Done(t.Context())
		synctest.Wait()
		if got := answered.Load(); got != 3 {
			t.Errorf("answers: got %d, want 3", got)
		}
	})
}

func TestDedupe_ExactlyOneTakesOverWhatFailed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := NewMemoryDeduper(10, time.Hour)
		first := claimed(t, m, "EZ1")
		var claims, duplicates atomic.Int32
		for range 5 {
			go func() {
				c, err := m.Claim(t.Context(), "EZ1")
				if err != nil {
					t.Error(err)
				}
				if c == nil {
					duplicates.Add(1)
					return
				}
				claims.Add(1)
				time.Sleep(time.Minute)
				c.Done(t.Context())
			}()
		}
		synctest.Wait()
		first.Release(t.Context())
		synctest.Wait()
		if got := claims.Load(); got != 1 {
			t.Fatalf("claims after the release: got %d, want 1", got)
		}
		time.Sleep(2 * time.Minute)
		if c, d := claims.Load(), duplicates.Load(); c != 1 || d != 4 {
			t.Errorf("got %d claims, %d duplicates; want 1, 4", c, d)
		}
	})
}

func TestDedupe_WaitingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := NewMemoryDeduper(10, time.Hour)
		first := claimed(t, m, "EZ1")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(errLeaseLost) })
		if c, err := m.Claim(ctx, "EZ1"); c != nil || !errors.Is(err, errLeaseLost) {
			t.Errorf("got %v, %v; want %v", c, err, errLeaseLost)
		}
		first.Done(t.Context())
		wantDuplicate(t, m, "EZ1")
	})
}

func TestDedupe_ForgetsByAge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := NewMemoryDeduper(1000, time.Hour)
		for i := range 100 { // more than one call forgets
			claimed(t, m, fmt.Sprint(i)).Done(t.Context())
		}
		time.Sleep(time.Hour - 1)
		wantDuplicate(t, m, "99")
		time.Sleep(time.Nanosecond)
		again := claimed(t, m, "99")
		for i := range 99 {
			claimed(t, m, fmt.Sprint(i)).Done(t.Context())
		}
		again.Done(t.Context())
		wantDuplicate(t, m, "99")
		if n, busy := m.remembered(); n != 100 || busy != 0 {
			t.Errorf("remembered: got %d in the window, %d in progress; want 100 and none", n, busy)
		}
	})
}

func TestDedupe_ForgetsTheOldestOfTooMany(t *testing.T) {
	t.Parallel()
	m := NewMemoryDeduper(3, time.Hour)
	for i := range 5 {
		claimed(t, m, fmt.Sprint(i)).Done(t.Context())
	}
	for i := 2; i < 5; i++ {
		wantDuplicate(t, m, fmt.Sprint(i))
	}
	claimed(t, m, "0").Release(t.Context())
	claimed(t, m, "1").Release(t.Context())
	if n, _ := m.remembered(); n != 3 {
		t.Errorf("remembered: got %d, want 3", n)
	}
}

func TestDedupe_ALargeWindowRemembersAsManyAsItSays(t *testing.T) {
	t.Parallel()
	for _, maxCount := range []int{dedupeStripes * leastOfStripe, 50_000} {
		m := NewMemoryDeduper(maxCount, time.Hour)
		if len(m.stripes) != dedupeStripes {
			t.Fatalf("a window of %d has %d stripes, want %d", maxCount, len(m.stripes), dedupeStripes)
		}
		for i := range 2 * maxCount {
			claimed(t, m, fmt.Sprintf("EZ%032d", i)).Done(t.Context())
			if old := i - maxCount + 1; old >= 0 && i%7 == 0 {
				wantDuplicate(t, m, fmt.Sprintf("EZ%032d", old))
			}
		}
		if n, _ := m.remembered(); n < maxCount || n > maxCount+maxCount/4 {
			t.Errorf("a window of %d remembers %d, want no fewer and at most a quarter more", maxCount, n)
		}
	}
}

// TestDedupe_IDsOfOneHashAreSeveral: they are in progress and done each by itself.
func TestDedupe_IDsOfOneHashAreSeveral(t *testing.T) {
	t.Parallel()
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {1, 0, 2}} {
		m := NewMemoryDeduper(0, 0)
		m.mask = 0
		claims := make([]Claim, 3)
		for i := range claims {
			claims[i] = claimed(t, m, fmt.Sprint(i))
		}
		claims[order[0]].Done(t.Context())
		claims[order[1]].Release(t.Context())
		wantDuplicate(t, m, fmt.Sprint(order[0]))
		claimed(t, m, fmt.Sprint(order[1])).Release(t.Context())
		claims[order[2]].Done(t.Context())
		wantDuplicate(t, m, fmt.Sprint(order[2]))
		if n, busy := m.remembered(); n != 2 || busy != 0 {
			t.Errorf("order %v: got %d done, %d in progress; want 2 and none", order, n, busy)
		}
	}
}

func TestDedupe_NeverForgetsWhatIsInProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := NewMemoryDeduper(2, time.Minute)
		slow := claimed(t, m, "slow")
		for i := range 100 {
			claimed(t, m, fmt.Sprint(i)).Done(t.Context())
			time.Sleep(time.Minute)
		}
		answer := make(chan Claim, 1)
		go func() {
			c, _ := m.Claim(t.Context(), "slow")
			answer <- c
		}()
		synctest.Wait()
		select {
		case c := <-answer:
			t.Fatalf("Claim of what is in progress: got %v at once, want it to wait", c)
		default:
		}
		slow.Done(t.Context())
		if c := <-answer; c != nil {
			t.Errorf("got %v, want a duplicate", c)
		}
	})
}

// The window is so small that it forgets the id before who waits for it wakes.
func TestDedupe_WhoWaitedLearnsTheResultThoughItIsForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := NewMemoryDeduper(1, time.Hour)
		first, other := claimed(t, m, "EZ1"), claimed(t, m, "EZ2")
		answer := make(chan Claim, 1)
		go func() {
			c, _ := m.Claim(t.Context(), "EZ1")
			answer <- c
		}()
		synctest.Wait()
		first.Done(t.Context())
		other.Done(t.Context())
		if c := <-answer; c != nil {
			t.Errorf("got %v, want a duplicate", c)
		}
	})
}

// A part of a page of records as an id must not keep the page alive.
func TestDedupe_DoesNotHoldOnToThePayload(t *testing.T) {
	t.Parallel()
	m := NewMemoryDeduper(1000, time.Hour)
	heap := func() uint64 {
		var s runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	before := heap()
	const page = 1 << 20
	for _, length := range []int{20, 100} { // within an entry of the window, and beside it
		for i := range 64 {
			text := strings.Repeat("x", page) + fmt.Sprint(i)
			claimed(t, m, text[page-length:]).Done(t.Context())
		}
		if after := heap(); after > before+16*page {
			t.Errorf("heap grew by %d bytes for 64 ids of %d bytes out of 1 MiB each", after-before, length)
		}
	}
	runtime.KeepAlive(m)
}

func TestDedupe_ConcurrentDeliveriesAreHandledOnce(t *testing.T) {
	t.Parallel()
	m := NewMemoryDeduper(0, 0)
	var handled, failed atomic.Int32
	var wg sync.WaitGroup
	for lane := range 8 {
		wg.Go(func() {
			for i := range 200 {
				c, err := m.Claim(context.Background(), fmt.Sprint(i))
				switch {
				case err != nil:
					t.Error(err)
				case c == nil:
				case (i+lane)%3 == 0 && failed.Add(1) < 300:
					c.Release(context.Background())
				default:
					handled.Add(1)
					c.Done(context.Background())
				}
			}
		})
	}
	wg.Wait()
	if got := handled.Load(); got > 200 || got < 190 {
		t.Errorf("handled: got %d, want each of 200 at most once, and few not at all", got)
	}
}

func TestDedupe_SettlingTwicePanics(t *testing.T) {
	t.Parallel()
	c := claimed(t, NewMemoryDeduper(1, time.Hour), "EZ1")
	c.Done(t.Context())
	defer func() {
		if recover() == nil {
			t.Error("second settling: got no panic, want one")
		}
	}()
	c.Release(t.Context())
}

func BenchmarkMemoryDeduper(b *testing.B) {
	m := NewMemoryDeduper(0, 0)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	ctx := context.Background()
	var next atomic.Int64
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		const block = 128 // a burst is one processor's
		var i, end int64
		for pb.Next() {
			if i == end {
				end = next.Add(block)
				i = end - block
			}
			id := string(strconv.AppendInt([]byte("EZ0000000000000000000000000"), 1_000_000+i, 10))
			i++
			c, err := m.Claim(ctx, id)
			if err != nil || c == nil {
				b.Errorf("%s: %v, %v", id, c, err)
				return
			}
			c.Done(ctx)
		}
	})
	runtime.GC()
	runtime.ReadMemStats(&after)
	remembered, _ := m.remembered()
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(remembered), "B/id")
}
