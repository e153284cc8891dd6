package checkpoint

import (
	"cmp"
	"slices"
)

// candidate is a shard to be read now.
type candidate struct {
	shard string
	// worker has it, or is its heir; empty if nobody is.
	worker string
}

// assign says which worker should have each shard. Every worker computes it
// from its own view of the table and comes to the same answer from the same
// view. The numbers of two workers differ by one at most, and no more shards
// move than that takes. A worker gets no more than maximum, 0 being no bound;
// shards over that are assigned to nobody.
func assign(workers []string, shards []candidate, maximum int) map[string]string {
	out := make(map[string]string, len(shards))
	if len(workers) == 0 {
		return out
	}
	shards = slices.SortedFunc(slices.Values(shards), func(a, b candidate) int { return cmp.Compare(a.shard, b.shard) })
	has := make(map[string]int, len(workers))
	for _, w := range workers {
		has[w] = 0
	}
	for _, s := range shards {
		if _, alive := has[s.worker]; alive {
			has[s.worker]++
		}
	}
	// Those who have most may keep the odd ones: then fewest move.
	workers = slices.SortedFunc(slices.Values(workers), func(a, b string) int {
		return cmp.Or(cmp.Compare(has[b], has[a]), cmp.Compare(a, b))
	})
	room := make(map[string]int, len(workers))
	for i, w := range workers {
		room[w] = len(shards) / len(workers)
		if i < len(shards)%len(workers) {
			room[w]++
		}
		if maximum > 0 {
			room[w] = min(room[w], maximum)
		}
	}
	var free []string
	for _, s := range shards {
		if room[s.worker] > 0 {
			room[s.worker]--
			out[s.shard] = s.worker
		} else {
			free = append(free, s.shard)
		}
	}
	for _, w := range workers {
		n := min(room[w], len(free))
		for _, s := range free[:n] {
			out[s] = w
		}
		free = free[n:]
	}
	return out
}
