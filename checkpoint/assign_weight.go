package checkpoint

import (
	"cmp"
	"math"
	"slices"
)

// share is what one worker should have.
type share struct {
	worker string
	shards []candidate // heaviest first
	load   float64
}

func (s *share) add(c candidate) {
	at, _ := slices.BinarySearchFunc(s.shards, c, heaviestFirst)
	s.shards = slices.Insert(s.shards, at, c)
	s.load += c.weight()
}

func (s *share) remove(i int) candidate {
	c := s.shards[i]
	s.shards = slices.Delete(s.shards, i, i+1)
	s.load -= c.weight()
	return c
}

func heaviestFirst(a, b candidate) int {
	return cmp.Or(cmp.Compare(b.weight(), a.weight()), cmp.Compare(a.shard, b.shard))
}

// assignByWeight leaves shards where they are, gives free ones to who has least,
// and then moves single shards, or swaps a few, between who has most and who has
// least, while that is worth a hand-over.
func assignByWeight(workers []string, shards []candidate, maximum int) map[string]string {
	byName := make(map[string]*share, len(workers))
	shares := make([]*share, 0, len(workers))
	for _, w := range slices.Sorted(slices.Values(workers)) {
		byName[w] = &share{worker: w}
		shares = append(shares, byName[w])
	}
	shards = slices.SortedFunc(slices.Values(shards), heaviestFirst)
	var free []candidate
	total := 0.0
	for _, c := range shards {
		total += c.weight()
		if s, alive := byName[c.worker]; alive && len(s.shards) < maximum {
			s.add(c)
		} else {
			free = append(free, c)
		}
	}
	for _, c := range free {
		if s := lightest(shares, maximum); s != nil {
			s.add(c)
		}
	}
	mean := total / float64(len(shares))
	for range shards {
		if !level(shares, maximum, worthwhile*mean) {
			break
		}
	}
	out := make(map[string]string, len(shards))
	for _, s := range shares {
		for _, c := range s.shards {
			out[c.shard] = s.worker
		}
	}
	return out
}

// lightest returns the share with the least load that has room, nil if none has.
func lightest(shares []*share, maximum int) *share {
	var least *share
	for _, s := range shares {
		if len(s.shards) < maximum && (least == nil || s.load < least.load) {
			least = s
		}
	}
	return least
}

// level makes the one move or swap between a heavy share and the lightest that
// brings them closest, and tells whether there was one worth it. The heaviest
// comes first, but a worker with one huge shard cannot give any of it away. Only
// where no two shards would do are three looked at.
func level(shares []*share, maximum int, worth float64) bool {
	order := slices.SortedFunc(slices.Values(shares), func(a, b *share) int {
		return cmp.Or(cmp.Compare(b.load, a.load), cmp.Compare(a.worker, b.worker))
	})
	cold := order[len(order)-1]
	for _, step := range []func(hot, cold *share, maximum int, worth float64) bool{even, exchange} {
		for _, hot := range order[:len(order)-1] {
			if step(hot, cold, maximum, worth) {
				return true
			}
		}
	}
	return false
}

// even moves or swaps between two shares, if that is worth it. A worker that has
// nothing is always worth a move.
func even(hot, cold *share, maximum int, worth float64) bool {
	gap := hot.load - cold.load
	best, give, take := gap-worth, -1, -1
	if len(cold.shards) == 0 && len(hot.shards) > 1 {
		best = math.Inf(1)
	}
	for i, c := range hot.shards {
		if left := math.Abs(gap - 2*c.weight()); left < best && len(cold.shards) < maximum {
			best, give, take = left, i, -1
		}
		for j, d := range cold.shards {
			if left := math.Abs(gap - 2*(c.weight()-d.weight())); left < best {
				best, give, take = left, i, j
			}
		}
	}
	if give < 0 {
		return false
	}
	var taken []int
	if take >= 0 {
		taken = []int{take}
	}
	swap(hot, cold, []int{give}, taken)
	return true
}

// exchange swaps one shard for two, or two for one, if that is worth it. Two busy
// shards at one worker and many quiet ones at the other need it: no move and no swap
// of two brings those closer.
func exchange(hot, cold *share, maximum int, worth float64) bool {
	gap := hot.load - cold.load
	best := gap - worth
	if best <= 0 {
		return false
	}
	var give, take []int
	if len(hot.shards) < maximum {
		best, give, take = oneForTwo(hot.shards, cold.shards, gap/2, best)
	}
	if len(cold.shards) < maximum {
		if left, t, g := oneForTwo(cold.shards, hot.shards, -gap/2, best); left < best {
			give, take = g, t
		}
	}
	if give == nil {
		return false
	}
	swap(hot, cold, give, take)
	return true
}

// oneForTwo finds the shard of some, and the two of others, whose weights differ by
// as close to a number as can be. It returns what twice the difference is off, which
// is the gap that an exchange leaves, and their places, nil if nothing is below most.
func oneForTwo(some, others []candidate, differ, most float64) (left float64, one, two []int) {
	left = most
	for i, c := range some {
		if i > 0 && c.weight() == some[i-1].weight() {
			continue // so would the one before it
		}
		for j, d := range others {
			if j > 0 && d.weight() == others[j-1].weight() {
				continue
			}
			k := nearest(others[j+1:], c.weight()-d.weight()-differ)
			if k < 0 {
				continue
			}
			k += j + 1
			if off := 2 * math.Abs(c.weight()-d.weight()-others[k].weight()-differ); off < left {
				left, one, two = off, []int{i}, []int{j, k}
			}
		}
	}
	return left, one, two
}

// nearest returns the place of the shard whose weight is closest to one that is
// wished for, -1 if there are none. The heaviest comes first.
func nearest(shards []candidate, weight float64) int {
	at, _ := slices.BinarySearchFunc(shards, weight, func(c candidate, w float64) int { return cmp.Compare(w, c.weight()) })
	if at == len(shards) || at > 0 && shards[at-1].weight()-weight < weight-shards[at].weight() {
		at--
	}
	return at
}

// swap gives shards of hot to cold and takes others for them. Places are in order.
func swap(hot, cold *share, give, take []int) {
	var given, taken []candidate
	for _, i := range slices.Backward(give) {
		given = append(given, hot.remove(i))
	}
	for _, i := range slices.Backward(take) {
		taken = append(taken, cold.remove(i))
	}
	for _, c := range given {
		cold.add(c)
	}
	for _, c := range taken {
		hot.add(c)
	}
}
