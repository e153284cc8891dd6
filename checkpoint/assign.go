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
	// throughput is what is read of it, in KiB a second.
	throughput float64
}

const (
	// quiet is the throughput below which shards count as equal: reading them
	// costs what asking for them costs.
	quiet = 32.0
	// unequal is how many times the least throughput the most may be for all
	// shards to count as equal.
	unequal = 2.0
	// worthwhile is by which share of the mean load the gap between two workers
	// must shrink for a shard to be moved, so that noise moves none.
	worthwhile = 0.2
)

// assign says which worker should have each shard. Every worker computes it
// from its own view of the table and comes to the same answer from the same
// view. Equal shards are shared out by number: those of two workers differ by
// one at most. Others are shared out by throughput. No more shards move than
// that takes. A worker gets no more than maximum, 0 being no bound; shards over
// that are assigned to nobody.
func assign(workers []string, shards []candidate, maximum int) map[string]string {
	if len(workers) == 0 || len(shards) == 0 {
		return map[string]string{}
	}
	if maximum <= 0 {
		maximum = len(shards)
	}
	shards = slices.SortedFunc(slices.Values(shards), func(a, b candidate) int { return cmp.Compare(a.shard, b.shard) })
	least, most := shards[0].weight(), shards[0].weight()
	for _, s := range shards {
		least, most = min(least, s.weight()), max(most, s.weight())
	}
	if most <= unequal*least {
		return assignByNumber(workers, shards, maximum)
	}
	return assignByWeight(workers, shards, maximum)
}

func (c candidate) weight() float64 { return max(c.throughput, quiet) }

func assignByNumber(workers []string, shards []candidate, maximum int) map[string]string {
	out := make(map[string]string, len(shards))
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
		room[w] = min(room[w], maximum)
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
