package checkpoint

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// loads sums up what each worker gets.
func loads(shards []candidate, assigned map[string]string) (load map[string]float64, count map[string]int, heaviest map[string]float64) {
	load, count, heaviest = map[string]float64{}, map[string]int{}, map[string]float64{}
	for _, c := range shards {
		w := assigned[c.shard]
		load[w] += c.weight()
		count[w]++
		heaviest[w] = max(heaviest[w], c.weight())
	}
	return load, count, heaviest
}

func unequalShards(rng *rand.Rand, workers []string) []candidate {
	shards := make([]candidate, 2+rng.IntN(40))
	for i := range shards {
		shards[i] = candidate{shard: fmt.Sprintf("s%02d", i), throughput: rng.ExpFloat64() * 300}
		if rng.IntN(3) > 0 {
			shards[i].worker = workers[rng.IntN(len(workers))]
		}
	}
	shards[0].throughput = 2000
	return shards
}

func names(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprint("w", i)
	}
	return out
}

func TestAssign_SharesUnequalShardsByThroughput(t *testing.T) {
	t.Parallel()
	for seed := range uint64(500) {
		rng := rand.New(rand.NewPCG(seed, 3))
		workers := names(2 + rng.IntN(6))
		shards := unequalShards(rng, workers)
		got := assign(workers, shards, 0)
		load, count, heaviest := loads(shards, got)
		mean := 0.0
		for _, c := range shards {
			mean += c.weight() / float64(len(workers))
		}
		for _, hot := range workers {
			for _, cold := range workers {
				// Otherwise moving the heaviest would have brought them closer.
				if gap := load[hot] - load[cold]; gap > heaviest[hot]+worthwhile*mean && count[hot] > 1 {
					t.Errorf("seed %d: %s has %.0f, %s has %.0f, with a heaviest shard of %.0f and a mean of %.0f",
						seed, hot, load[hot], cold, load[cold], heaviest[hot], mean)
				}
			}
			if count[hot] == 0 && len(shards) >= len(workers) {
				t.Errorf("seed %d: %s gets none of %d shards", seed, hot, len(shards))
			}
		}
		if count[""] > 0 {
			t.Errorf("seed %d: %d shards are nobody's", seed, count[""])
		}
		// Once everybody has theirs nothing moves, nor when throughputs waver.
		for i := range shards {
			shards[i].worker = got[shards[i].shard]
			shards[i].throughput *= 0.98 + 0.04*rng.Float64()
		}
		rng.Shuffle(len(shards), func(i, j int) { shards[i], shards[j] = shards[j], shards[i] })
		rng.Shuffle(len(workers), func(i, j int) { workers[i], workers[j] = workers[j], workers[i] })
		moved := 0
		for shard, w := range assign(workers, shards, 0) {
			if got[shard] != w {
				moved++
			}
		}
		if moved > 3 { // a gap at the very threshold may tip, which takes one exchange
			t.Errorf("seed %d: %d of %d shards move though all have theirs", seed, moved, len(shards))
		}
	}
}

func TestAssign_OneBusyShardGetsAWorkerOfItsOwn(t *testing.T) {
	t.Parallel()
	shards := []candidate{{shard: "busy", worker: "a", throughput: 1500}}
	for i := range 15 {
		shards = append(shards, candidate{shard: fmt.Sprintf("quiet%02d", i), worker: "a"})
	}
	got := assign([]string{"a", "b"}, shards, 0)
	_, count, _ := loads(shards, got)
	if got["busy"] != "b" || count["a"] != 15 {
		t.Errorf("got the busy shard at %s and %v shards, want it alone at b", got["busy"], count)
	}
}

// TestAssign_TwoBusyShardsDoNotStayTogether: each of a's is worth more than half of the
// gap to b, so that moving one turns it round, as does swapping one for a quiet one.
func TestAssign_TwoBusyShardsDoNotStayTogether(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		a, b    []float64
		maximum int
		want    map[string]float64 // load by worker
	}{
		"one for two":                    {a: []float64{90, 90}, b: []float64{0, 0, 0, 0}, want: map[string]float64{"a": 154, "b": 154}},
		"two for one":                    {a: []float64{100, 100, 100, 100, 0}, b: []float64{150, 150, 0}, want: map[string]float64{"a": 382, "b": 382}},
		"b's maximum allows no exchange": {a: []float64{140, 140, 140}, b: []float64{230, 0, 0}, maximum: 3, want: map[string]float64{"a": 420, "b": 294}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var shards []candidate
			for w, throughputs := range map[string][]float64{"a": tt.a, "b": tt.b} {
				for i, kib := range throughputs {
					shards = append(shards, candidate{shard: fmt.Sprint(w, i), worker: w, throughput: kib})
				}
			}
			got, _, _ := loads(shards, assign([]string{"a", "b"}, shards, tt.maximum))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOneForTwo_FindsWhatTryingThemAllFinds(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2000) {
		rng := rand.New(rand.NewPCG(seed, 9))
		some, others := make([]candidate, 1+rng.IntN(6)), make([]candidate, rng.IntN(7))
		for _, list := range [][]candidate{some, others} {
			for i := range list {
				list[i].throughput = float64(rng.IntN(6)) * 20 // many alike, and quiet ones
			}
			slices.SortFunc(list, heaviestFirst)
		}
		differ, most := float64(rng.IntN(200)-100), 1+float64(rng.IntN(100))
		want := most
		for _, c := range some {
			for j, d := range others {
				for _, e := range others[j+1:] {
					want = min(want, 2*math.Abs(c.weight()-d.weight()-e.weight()-differ))
				}
			}
		}
		left, one, two := oneForTwo(some, others, differ, most)
		if left != want || (one == nil) != (want == most) {
			t.Errorf("seed %d: %v is left by %v for %v, want %v", seed, left, one, two, want)
		}
		if one != nil {
			if at := 2 * math.Abs(some[one[0]].weight()-others[two[0]].weight()-others[two[1]].weight()-differ); at != left || two[0] >= two[1] {
				t.Errorf("seed %d: %v for %v leaves %v, said is %v", seed, one, two, at, left)
			}
		}
	}
}

func BenchmarkAssign(b *testing.B) {
	for _, workers := range []int{2, 16} {
		b.Run(fmt.Sprint("shards=512/workers=", workers), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 1))
			shards, ws := make([]candidate, 512), names(workers)
			for i := range shards {
				shards[i] = candidate{shard: fmt.Sprintf("s%03d", i), worker: ws[rng.IntN(workers)], throughput: rng.ExpFloat64() * 300}
			}
			b.ReportAllocs()
			for b.Loop() {
				assign(ws, shards, 0)
			}
		})
	}
}

func TestAssign_KeepsToTheMaximumByWeightToo(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(7, 7))
	workers := names(3)
	shards := unequalShards(rng, workers)[:2]
	for i := range 8 {
		shards = append(shards, candidate{shard: fmt.Sprint("x", i), worker: "w0", throughput: float64(100 * i)})
	}
	_, count, _ := loads(shards, assign(workers, shards, 3))
	if diff := cmp.Diff(map[string]int{"w0": 3, "w1": 3, "w2": 3, "": 1}, count); diff != "" {
		t.Error(diff)
	}
}

func TestStore_AsksForABusyShardAndNoMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-0", "shardId-1", "shardId-2", "shardId-3")
		a, b := w.start("a"), w.start("b")
		var held []*Lease
		for _, s := range w.shards {
			if l, err := a.Acquire(t.Context(), s.ID); err == nil {
				held = append(held, l)
			} else {
				b.take(s.ID)
			}
		}
		if len(held) != 2 {
			t.Fatalf("a got %d of 4 shards, want 2", len(held))
		}
		asked := func() (n int) {
			for _, l := range held {
				select {
				case <-l.HandOver():
					n++
				default:
				}
			}
			return n
		}
		time.Sleep(time.Minute)
		for range 100 {
			for _, l := range held {
				w.must(l.ReportThroughput(t.Context(), 500))
			}
			time.Sleep(time.Second)
		}
		if n := asked(); n != 1 {
			t.Errorf("a has both busy shards: asked for %d of them, want 1", n)
		}
		if got := w.row(held[0].Shard()).Throughput; got != 500 {
			t.Errorf("throughput in the table: got %v, want 500", got)
		}
		a.stop()
		b.stop()
	})
}

// TestStore_AWriteUnderLoadSharesNothingOutAnew: hundreds of shards write a checkpoint
// a second, each with another throughput, and each sharing out looks at them all, with
// the lock held that a heartbeat needs.
func TestStore_AWriteUnderLoadSharesNothingOutAnew(t *testing.T) {
	t.Parallel()
	s := New(nil, DefaultConfig())
	s.shards["a"] = Shard{ID: "a"}
	shared := func(row LeaseRow) bool {
		s.assigned = nil
		s.learn(row)
		return s.assigned != nil
	}
	first := LeaseRow{Shard: "a", Owner: "w", Counter: 1, Throughput: 10}
	if !shared(first) {
		t.Error("a lease that was not known changes nothing")
	}
	next := first
	next.Throughput, next.Counter, next.Checkpoint = 900, 2, Position{SequenceNumber: "7"}
	if shared(next) {
		t.Error("shards are shared out anew for a checkpoint with another throughput")
	}
	next.Owner = ""
	if !shared(next) {
		t.Error("a lease that was let go changes nothing")
	}
}
