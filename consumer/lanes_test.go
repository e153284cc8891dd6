package consumer

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"korestream/event"
)

// lanesRecorder runs tasks that take some virtual time and notes which ran.
type lanesRecorder struct {
	mu       sync.Mutex
	ran      []uint64
	byKey    map[string][]uint64
	active   map[string]int
	peak     int
	overlaps int
}

func (r *lanesRecorder) run(key string, order uint64, d time.Duration) {
	r.mu.Lock()
	r.active[key]++
	if r.active[key] > 1 {
		r.overlaps++
	}
	total := 0
	for _, n := range r.active {
		total += n
	}
	r.peak = max(r.peak, total)
	r.mu.Unlock()
	time.Sleep(d)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.active[key]--
	r.ran = append(r.ran, order)
	r.byKey[key] = append(r.byKey[key], order)
}

// wantInOrder wants n tasks to have run, those of one key one after another and in
// order.
func (r *lanesRecorder) wantInOrder(t *testing.T, n int) {
	t.Helper()
	if len(r.ran) != n {
		t.Errorf("ran %d tasks, want %d", len(r.ran), n)
	}
	if r.overlaps > 0 {
		t.Errorf("tasks of one key ran at the same time %d times", r.overlaps)
	}
	for key, orders := range r.byKey {
		for i := 1; i < len(orders); i++ {
			if orders[i] < orders[i-1] {
				t.Errorf("key %s: task %d ran after %d", key, orders[i], orders[i-1])
			}
		}
	}
}

// wantNoGap wants all tasks to have run that stand before one that did.
func (r *lanesRecorder) wantNoGap(t *testing.T) {
	t.Helper()
	var highest uint64
	for _, o := range r.ran {
		highest = max(highest, o)
	}
	if int(highest) != len(r.ran) {
		t.Errorf("ran %d tasks up to order %d: there is a gap", len(r.ran), highest)
	}
}

// scriptedLanes returns lanes whose tasks look up key and duration by order.
func scriptedLanes(limit int, keys []string, durations []time.Duration) (*lanes, *lanesRecorder) {
	r := &lanesRecorder{byKey: map[string][]uint64{}, active: map[string]int{}}
	l := newLanes(limit, func(p *piece) { r.run(keys[p.order-1], p.order, durations[p.order-1]) })
	return l, r
}

func TestLanes_OneKeyInOrderManyKeysSideBySide(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				keys, durations := script(seed, 300, 12)
				l, r := scriptedLanes(5, keys, durations)
				for i := range keys {
					l.submit(pieceOf(keys[i], i+1))
				}
				<-l.finish()
				r.wantInOrder(t, len(keys))
				if r.peak != 5 {
					t.Errorf("at most %d tasks ran at once, want the limit of 5 reached and kept", r.peak)
				}
			})
		})
	}
}

func TestLanes_DrainLeavesNoGapBelowWhatRan(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				keys, durations := script(seed, 200, 9)
				l, r := scriptedLanes(4, keys, durations)
				for i := range keys {
					l.submit(pieceOf(keys[i], i+1))
				}
				time.Sleep(time.Duration(seed*7) * time.Millisecond)
				<-l.drain()
				synctest.Wait()
				r.wantNoGap(t)
				if st := l.status(); st.running != 0 || (len(r.ran) == len(keys) && st.waiting != 0) {
					t.Errorf("after the drain %d tasks wait and %d run", st.waiting, st.running)
				}
			})
		})
	}
}

func TestLanes_DrainWithNothingToDoIsImmediate(t *testing.T) {
	t.Parallel()
	l := newLanes(1, func(*piece) {})
	select {
	case <-l.drain():
	default:
		t.Error("drain of empty lanes is not done at once")
	}
	l.submit(pieceOf("a", 1))
	if st := l.status(); st.waiting+st.running != 0 {
		t.Errorf("a task submitted after the drain is kept: %d waiting, %d running", st.waiting, st.running)
	}
}

func pieceOf(key string, order int) *piece {
	return &piece{order: uint64(order), lane: laneID{kind: laneKindSIM, key: key}, delivery: Delivery{Event: &event.Event{ID: fmt.Sprint(order)}}}
}

// script makes n tasks over some keys with durations up to 20 ms.
func script(seed uint64, n, keyCount int) (keys []string, durations []time.Duration) {
	r := rand.New(rand.NewPCG(seed, 1))
	for range n {
		keys = append(keys, fmt.Sprint("key-", r.IntN(keyCount)))
		durations = append(durations, time.Duration(r.IntN(20))*time.Millisecond)
	}
	return keys, durations
}
