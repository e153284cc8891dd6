package checkpoint

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAssign_IsEvenStickyAndTheSameForAll(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 2))
		workers := make([]string, 1+rng.IntN(6))
		for i := range workers {
			workers[i] = fmt.Sprint("w", i)
		}
		shards := make([]candidate, rng.IntN(30))
		has := map[string]int{}
		for i := range shards {
			shards[i].shard = fmt.Sprintf("s%02d", i)
			switch rng.IntN(4) {
			case 0: // free
			case 1:
				shards[i].worker = "dead"
			default:
				shards[i].worker = workers[rng.IntN(len(workers))]
				has[shards[i].worker]++
			}
		}
		got := assign(workers, shards, 0)
		counts := map[string]int{}
		stayed := map[string]int{}
		for _, s := range shards {
			counts[got[s.shard]]++
			if got[s.shard] == s.worker {
				stayed[s.worker]++
			}
		}
		low, high := len(shards), 0
		for _, w := range workers {
			low, high = min(low, counts[w]), max(high, counts[w])
			if want := min(has[w], counts[w]); stayed[w] != want {
				t.Errorf("seed %d: %s keeps %d of its %d shards though it gets %d", seed, w, stayed[w], has[w], counts[w])
			}
		}
		if high-low > 1 || counts[""] > 0 {
			t.Errorf("seed %d: not even: %v", seed, counts)
		}
		rng.Shuffle(len(workers), func(i, j int) { workers[i], workers[j] = workers[j], workers[i] })
		rng.Shuffle(len(shards), func(i, j int) { shards[i], shards[j] = shards[j], shards[i] })
		if diff := cmp.Diff(got, assign(workers, shards, 0)); diff != "" {
			t.Errorf("seed %d: depends on the order of what it is told:\n%s", seed, diff)
		}
	}
}

func TestAssign_Cases(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		workers []string
		shards  []candidate
		maximum int
		want    map[string]string
	}{
		{"nobody", nil, []candidate{{"s1", "a", 0}}, 0, map[string]string{}},
		{"nothing", []string{"a"}, nil, 0, map[string]string{}},
		{"who has more keeps the odd one", []string{"a", "b"}, []candidate{{"s1", "b", 0}, {"s2", "b", 0}, {"s3", "a", 0}}, 0, map[string]string{"s1": "b", "s2": "b", "s3": "a"}},
		{"a newcomer gets half", []string{"a", "b"}, []candidate{{"s1", "a", 0}, {"s2", "a", 0}, {"s3", "a", 0}, {"s4", "a", 0}}, 0, map[string]string{"s1": "a", "s2": "a", "s3": "b", "s4": "b"}},
		{"the maximum leaves some to nobody", []string{"a", "b"}, []candidate{{"s1", "", 0}, {"s2", "", 0}, {"s3", "", 0}}, 1, map[string]string{"s1": "a", "s2": "b"}},
		{"the dead have nothing", []string{"a"}, []candidate{{"s1", "dead", 0}}, 0, map[string]string{"s1": "a"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, assign(tt.workers, tt.shards, tt.maximum)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
