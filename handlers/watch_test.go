package handlers

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"korestream/consumer"
	"korestream/event"
)

var nobody = &consumer.Delivery{Event: &event.Event{}}

// listed returns how many slabs the watch knows.
func (w *watch) listed() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for s := w.first; s != nil; s = s.after {
		n++
	}
	return n
}

func (w *watch) ticks() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ticking
}

// Of all the attempts of some slabs, begun before and after ticks that found
// nothing, those that are late are named, each once.
func TestWatch_NamesEachThatIsLateOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zapcore.ErrorLevel)
		deaf := HandlerFunc(func(_ context.Context, d *consumer.Delivery) error {
			if d.Event.ID[0] == 'L' {
				time.Sleep(time.Minute)
			}
			return nil
		})
		to := newTimeout(deaf, "deaf", time.Second, &counters{}, zap.New(core))
		late := map[string]bool{}
		var wg sync.WaitGroup
		for i := range 5 * slabAttempts {
			id := fmt.Sprint("E", i)
			if i%7 == 3 {
				id = fmt.Sprint("L", i)
				late[id] = true
			}
			d := delivery(t, id, sessionUpdated)
			wg.Go(func() {
				if err := to.handle(t.Context(), d, time.Now()); err != nil {
					t.Error(err)
				}
			})
			if i%20 == 0 {
				time.Sleep(3 * watchInterval / 2)
			}
		}
		wg.Wait()
		named := map[string]int{}
		for _, line := range logs.All() {
			named[line.ContextMap()[consumer.KeyEventID].(string)]++
		}
		for id := range late {
			if named[id] != 1 {
				t.Errorf("%s: got %d lines, want 1", id, named[id])
			}
		}
		if len(named) != len(late) {
			t.Errorf("got lines of %d attempts, want %d", len(named), len(late))
		}
	})
}

func TestWatch_ForgetsWhatIsOverAndRests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		to := newTimeout(nil, "h", time.Minute, &counters{}, zap.NewNop())
		of := to.watch
		for full := false; !full; { // the pool may lose any slab before
			a := to.begin(t.Context(), nobody, time.Now())
			if a.slab.state.Load()&slabListed == 0 {
				t.Fatal("an attempt has begun in a slab that is not listed")
			}
			a.end()
			if full = a.place == slabAttempts-1; full && a.slab.state.Load()&slabListed != 0 {
				t.Error("a slab is listed after the end of its last attempt")
			}
		}
		to.begin(t.Context(), nobody, time.Now()).end() // a slab that the pool may lose now
		time.Sleep(3 * watchInterval)
		if of.listed() != 0 || of.ticks() {
			t.Errorf("got %d slabs listed, ticking %t; want none, and no timer", of.listed(), of.ticks())
		}
		a := to.begin(t.Context(), nobody, time.Now())
		time.Sleep(3 * watchInterval)
		if of.listed() != 1 || !of.ticks() {
			t.Errorf("got %d slabs listed, ticking %t; want the attempt that runs", of.listed(), of.ticks())
		}
		a.end()
	})
}

// An attempt is seen by every look between its beginning and its end, however
// these meet others' and looks that find nothing.
func TestWatch_SeesWhateverRuns(t *testing.T) {
	t.Parallel()
	to := newTimeout(nil, "h", time.Hour, &counters{}, zap.NewNop())
	gone, cancel := context.WithCancel(t.Context())
	cancel() // so that whoever is seen counts as late
	stop := make(chan struct{})
	var looker, wg sync.WaitGroup
	looker.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				to.watch.hanging(time.Now())
				runtime.Gosched()
			}
		}
	})
	for range 4 {
		wg.Go(func() {
			for i := range 2000 {
				a := to.begin(gone, nobody, time.Now())
				if i%64 == 0 {
					to.watch.hanging(time.Now())
					to.watch.mu.Lock()
					seen := to.watch.late[a] != nil
					to.watch.mu.Unlock()
					if !seen {
						t.Error("an attempt that runs was not seen")
					}
				}
				a.end()
			}
		})
	}
	wg.Wait()
	close(stop)
	looker.Wait()
	to.watch.hanging(time.Now())
	if n := len(to.watch.late); n != 0 || to.watch.listed() != 0 {
		t.Errorf("got %d late attempts and %d slabs, want none when all are over", n, to.watch.listed())
	}
}

// The allocator has the classes 1024, 1152 and 1280, and puts a word before an
// object that has pointers and is larger than 512 bytes.
func TestAttemptSlab_FillsASizeClass(t *testing.T) {
	t.Parallel()
	if size := unsafe.Sizeof(attemptSlab{}) + 8; size > 1152 || size+unsafe.Sizeof(attempt{}) <= 1152 {
		t.Errorf("a slab has %d bytes; want all of 1152 used", size)
	}
}
