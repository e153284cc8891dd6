package checkpoint

// succession tells which shards without a lease were finished under Amazon's
// library. It removes the lease of a finished shard once all its children are
// under way, long before the shard expires, and never waits for a parent without
// a lease; so must we, or we would read all of it again.
type succession struct {
	leased   func(shard string) bool
	children map[string][]string
	known    map[string]bool
}

func newSuccession(shards []Shard, leased func(shard string) bool) *succession {
	s := &succession{leased: leased, children: make(map[string][]string), known: make(map[string]bool)}
	for _, sh := range shards {
		for _, parent := range sh.Parents {
			s.children[parent] = append(s.children[parent], sh.ID)
		}
	}
	return s
}

// done tells whether all children of a shard without a lease have been begun
// with.
func (s *succession) done(id string) bool {
	if known, ok := s.known[id]; ok {
		return known
	}
	done := len(s.children[id]) > 0
	for _, child := range s.children[id] {
		if !s.leased(child) && !s.done(child) {
			done = false
		}
	}
	s.known[id] = done
	return done
}
