package consumer

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"korestream/checkpoint"
)

// simSchedules is how many schedules a run of the tests plays; SIM_SCHEDULES
// says otherwise, SIM_FIRST with which seed to begin, and SIM_SEED plays one seed
// alone.
const simSchedules = 12

// TestSimulation plays schedules of what a fleet lives through and checks each
// step against the guarantees: no gap below a checkpoint, no checkpoint that
// moves back, one owner, order per key, parents before children, everything
// delivered, and no repeat unless a worker was disturbed. A seed decides the
// schedule; how goroutines interleave within it differs from run to run.
func TestSimulation(t *testing.T) {
	t.Parallel()
	var played, events, repeats, violations atomic.Int64
	t.Cleanup(func() {
		t.Logf("simulation: %d schedules, %d records, %d repeats after a crash, a pause or a partition, %d violations",
			played.Load(), events.Load(), repeats.Load(), violations.Load())
	})
	for _, seed := range simSeeds(t) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSim(t, seed)
				defer s.end()
				s.play()
				s.finish()
				played.Add(1)
				events.Add(int64(len(s.ledger.events)))
				repeats.Add(int64(s.ledger.repeats))
				violations.Add(int64(len(s.ledger.violations)))
			})
		})
	}
}

// end reports what went wrong, and ends what still runs, also when the test was
// broken off: nothing may outlive it.
func (s *sim) end() {
	for _, v := range s.ledger.violations {
		s.t.Error(v)
	}
	for _, w := range s.live() {
		w.kill()
	}
	s.background.Wait()
	for _, w := range s.workers {
		<-w.done
	}
	if s.t.Failed() {
		s.t.Logf("reproduce: SIM_SEED=%d go test -race ./consumer -run 'TestSimulation$' -count=5", s.seed)
		s.t.Logf("schedule of seed %d (%d shards, calm: %t):\n%s", s.seed, s.shards, s.calm, strings.Join(s.history, "\n"))
	}
}

func simSeeds(t *testing.T) []uint64 {
	t.Helper()
	number := func(name string) (uint64, bool) {
		text := os.Getenv(name)
		n, err := strconv.ParseUint(text, 10, 64)
		if text != "" && err != nil {
			t.Fatalf("%s=%s is no number", name, text)
		}
		return n, text != ""
	}
	if seed, ok := number("SIM_SEED"); ok {
		return []uint64{seed}
	}
	n := uint64(simSchedules)
	if m, ok := number("SIM_SCHEDULES"); ok {
		n = m
	}
	first, _ := number("SIM_FIRST")
	seeds := make([]uint64, n)
	for i := range seeds {
		seeds[i] = first + uint64(i)
	}
	return seeds
}

func newSim(t *testing.T, seed uint64) *sim {
	t.Helper()
	s := &sim{seed: seed, ledger: newLedger(), verbose: os.Getenv("SIM_VERBOSE") != ""}
	s.plan()
	s.world = newWorld(t, s.shards)
	s.ep.Faults().Seed(seed)
	s.begun = time.Now()
	s.table = &simTable{sim: s, turn: make(chan struct{}, 1)}
	s.table.turn <- struct{}{}
	cfg := checkpoint.DefaultConfig()
	cfg.Table, cfg.Worker = "korestream", "reader"
	s.reader = checkpoint.New(s.db, cfg)
	return s
}

// finish lets the fleet come to rest, stops it, and sees that nothing is left.
func (s *sim) finish() {
	s.ep.Faults().Clear()
	if len(s.live()) == 0 {
		s.join()
	}
	s.note("all troubles are over")
	open := s.openShards()
	if !s.settles("every event handled", func() bool { return s.ledger.remaining() == 0 }) {
		s.t.Logf("missing: %s", s.ledger.missing())
	}
	s.settles("an even share of all open shards", s.even)
	// Only then is a repeat after the stop nobody's leftover. A shard that is closed
	// counts as well: it may have been handled by who lost it, and wait for its next
	// owner, which is as good as owning its child to s.even.
	s.settles("everything checkpointed", s.ledger.checkpointed)
	for _, w := range s.live() {
		s.stop(w)
	}
	for _, w := range s.workers {
		<-w.done
	}
	before := s.ledger.repeats
	w := s.launch("last")
	s.workers = append(s.workers, w)
	s.settles("the last worker to have all shards", s.even)
	time.Sleep(5 * time.Second)
	s.stop(w)
	if n := s.ledger.repeats - before; n > 0 {
		s.ledger.violated("%d events were handled again after everything had stopped in order, the last one %s", n, s.ledger.lastRepeat)
	}
	s.ledger.close(open)
}

// settles waits for something that must come true, in virtual time.
func (s *sim) settles(what string, ok func() bool) bool {
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if ok() {
			s.note("%s", what)
			return true
		}
	}
	s.ledger.violated("3 minutes after the last trouble: not yet %s", what)
	return false
}

// even tells whether the live workers own all open shards, in numbers that
// differ by one at most.
func (s *sim) even() bool {
	least, most, sum := 1<<30, 0, 0
	for _, w := range s.live() {
		n := 0
		for _, sh := range w.c.Status().Shards {
			if sh.State != StateEnded {
				n++
			}
		}
		least, most, sum = min(least, n), max(most, n), sum+n
	}
	return most-least <= 1 && sum == len(s.openShards())
}

var _ aws.HTTPClient = (*link)(nil)
