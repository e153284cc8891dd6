package consumer

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// quickScript makes n tasks that take no time, but one in rarely, which takes up to
// 50 ms.
func quickScript(seed uint64, n, keyCount, rarely int) (keys []string, durations []time.Duration) {
	r := rand.New(rand.NewPCG(seed, 2))
	for range n {
		keys = append(keys, fmt.Sprint("key-", r.IntN(keyCount)))
		d := time.Duration(0)
		if r.IntN(rarely) == 0 {
			d = time.Duration(1+r.IntN(50)) * time.Millisecond
		}
		durations = append(durations, d)
	}
	return keys, durations
}

// passAll passes all tasks, so many at a time, and returns in how many calls they
// were run at once. No call may take longer than the reader's patience.
func passAll(t *testing.T, l *lanes, keys []string, atOnce int) (ran int) {
	for i := 0; i < len(keys); i += atOnce {
		var pieces []*piece
		for n := i; n < min(i+atOnce, len(keys)); n++ {
			pieces = append(pieces, pieceOf(keys[n], n+1))
		}
		began := time.Now()
		if l.pass(pieces) {
			ran++
		}
		if took := time.Since(began); took > burstPatience {
			t.Errorf("the reader was held for %s, want %s at most", took, burstPatience)
		}
		time.Sleep(time.Millisecond) // it reads on
	}
	return ran
}

func TestBurst_OneKeyInOrderWhateverWaitsInBetween(t *testing.T) {
	t.Parallel()
	for seed := range uint64(15) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				keys, durations := quickScript(seed, 10_000, 12, 1000)
				l, r := scriptedLanes(5, keys, durations)
				ran := passAll(t, l, keys, 50)
				<-l.finish()
				if ran == 0 {
					t.Error("no burst was run, though nearly all tasks are quick")
				}
				r.wantInOrder(t, len(keys))
				if r.peak > 5 {
					t.Errorf("%d tasks ran at once, want 5 at most", r.peak)
				}
				if st := l.status(); st.running != 0 || st.waiting != 0 {
					t.Errorf("at the end %d tasks run and %d wait", st.running, st.waiting)
				}
			})
		})
	}
}

// The worker comes back for its next task at the very moment at which the reader's
// patience ends, and the reader uses its slice again.
func TestBurst_NothingIsLostWhenPatienceEndsAsATaskDoes(t *testing.T) {
	t.Parallel()
	for seed := range uint64(10) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				keys, durations := quickScript(seed, 3_000, 500, 150)
				for i, d := range durations {
					durations[i] = min(d, 1) * burstPatience
				}
				ran := make([]atomic.Int32, len(keys))
				l := newLanes(5, func(p *piece) {
					time.Sleep(durations[p.order-1])
					ran[p.order-1].Add(1)
				})
				l.pace = pace{}
				var pieces []*piece
				for i := 0; i < len(keys); i += 50 {
					for n := i; n < i+50; n++ {
						pieces = append(pieces, pieceOf(keys[n], n+1))
					}
					l.pass(pieces)
					clear(pieces)
					pieces = pieces[:0]
				}
				<-l.finish()
				for i := range ran {
					if n := ran[i].Load(); n != 1 {
						t.Errorf("task %d ran %d times, want once", i+1, n)
					}
				}
			})
		})
	}
}

func TestBurst_DrainLeavesNoGapBelowWhatRan(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				// The last tasks are those of a burst that is taken over: one waits.
				keys, durations := quickScript(seed, 2000+int(seed), 30, 400)
				durations[1960+seed%40] = 40 * time.Millisecond
				l, r := scriptedLanes(3, keys, durations)
				passAll(t, l, keys, 64)
				time.Sleep(time.Duration(seed) * time.Millisecond)
				<-l.drain()
				synctest.Wait()
				r.wantNoGap(t)
				var late []*piece
				for i := range leastBurst {
					late = append(late, pieceOf("late", len(keys)+1+i))
				}
				l.pace = pace{} // as if all had been quick
				if before := len(r.ran); l.pass(late) || len(r.ran) != before {
					t.Error("a burst was run after the drain")
				}
			})
		})
	}
}

// quickLanes returns lanes whose handlers have been quick, and what passes a burst of
// n tasks with keys of their own.
func quickLanes(run func(*piece)) (l *lanes, burst func(n int) bool) {
	l = newLanes(4, run)
	l.pace = pace{}
	order := 0
	return l, func(n int) bool {
		var pieces []*piece
		for range n {
			order++
			pieces = append(pieces, pieceOf(fmt.Sprint("key-", order), order))
		}
		return l.pass(pieces)
	}
}

func TestBurst_OthersGoOnBehindOneThatWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		free := make(chan struct{})
		var ran atomic.Int64
		l, burst := quickLanes(func(p *piece) {
			if p.order == 3 {
				<-free
				return
			}
			ran.Add(1)
		})
		if burst(20) {
			t.Error("a burst counts as run though one of its tasks waits")
		}
		synctest.Wait()
		if ran.Load() != 19 {
			t.Errorf("%d tasks ran beside the one that waits, want 19", ran.Load())
		}
		st := l.status()
		if st.running != 1 || st.waiting != 0 || st.slowest.Since.IsZero() {
			t.Errorf("got %d running, %d waiting, since %v: want the one that waits alone", st.running, st.waiting, st.slowest.Since)
		}
		// The next ones go to the lanes, those of its key behind it.
		next := make([]*piece, 0, 20)
		for i := range 20 {
			next = append(next, pieceOf("key-3", 21+i))
		}
		l.pass(next)
		synctest.Wait()
		if st := l.status(); ran.Load() != 19 || st.waiting != 20 {
			t.Errorf("%d tasks ran and %d wait, want 19 and 20 behind the one of their key", ran.Load(), st.waiting)
		}
		close(free)
		<-l.finish()
		if ran.Load() != 39 {
			t.Errorf("%d tasks ran in the end, want 39", ran.Load())
		}
	})
}

func TestBurst_StatusShowsWhatRunsAndWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen []lanesStatus
		var l *lanes
		l, burst := quickLanes(func(p *piece) {
			if p.order == 1 || p.order == 20 {
				seen = append(seen, l.status())
			}
		})
		if !burst(20) {
			t.Fatal("no burst was run")
		}
		for i, want := range []int{19, 0} {
			if st := seen[i]; st.running != 1 || st.waiting != want || st.slowest.Since.IsZero() {
				t.Errorf("look %d: %d running, %d waiting, since %v; want 1 and %d", i, st.running, st.waiting, st.slowest.Since, want)
			}
		}
		if st := l.status(); st.running != 0 || st.waiting != 0 {
			t.Errorf("afterwards %d run and %d wait", st.running, st.waiting)
		}
	})
}

func TestBurst_SlowHandlersAreLeftToTheLanes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var took atomic.Int64
		took.Store(int64(time.Millisecond))
		l, burst := quickLanes(func(*piece) { time.Sleep(time.Duration(took.Load())) })
		burst(20)
		l.mu.Lock()
		quick := l.pace.quick()
		l.mu.Unlock()
		if quick {
			t.Error("handlers that take a millisecond count as quick")
		}
		if burst(20); l.burst != nil {
			t.Error("a burst is run though handlers are slow")
		}
		took.Store(0)
		time.Sleep(time.Second)
		for range 40 {
			burst(20)
			synctest.Wait()
		}
		if !burst(20) {
			t.Error("handlers have been quick for 800 pieces, and nothing is run as a burst")
		}
		<-l.finish()
	})
}
