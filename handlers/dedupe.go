package handlers

import (
	"context"
	"hash/maphash"
	"math"
	"math/bits"
	"time"
)

// The bounds of a [MemoryDeduper] that is given none. KORE repeats an event at
// most three times with growing waits, so the window need not be long:
// https://docs.korewireless.com/en-us/v/developers/event-streams.
const (
	DefaultDedupeCount = 200_000
	DefaultDedupeAge   = time.Hour
)

// MemoryDeduper remembers the ids of events in this process. It is exact: it
// compares whole ids, not fingerprints, and an id counts as handled only when
// its event was, or was durably buried.
//
// It remembers the last max ids that were done, each for maxAge; whichever
// bound is met first. The repeat of an id does not prolong it. Events in
// progress come on top and are never forgotten: there are as many as the
// consumer has lanes. What is remembered is lost when the process ends.
//
// Ids are spread over stripes by their hashes, so that processors seldom want the
// same one: a large window has several, each with its share of max and as much more
// as chance may put into one.
//
// An id of 34 bytes, the length of KORE's, takes some 100 bytes in all while it is
// remembered, and no allocation of its own. Memory is given back only with the
// process.
type MemoryDeduper struct {
	seed maphash.Seed
	// mask is all ones; tests take some away to have hashes that are alike.
	mask    uint64
	stripes []dedupeStripe // as many as a power of two
	shift   int            // what is left of a hash then is its stripe
}

var _ Deduper = (*MemoryDeduper)(nil)

const (
	// dedupeStripes is how many stripes a large window has: several for each
	// processor of a machine that reads what one process may.
	dedupeStripes = 16
	// leastOfStripe is the fewest ids that a stripe is for; a smaller window is
	// one stripe, and remembers max ids to the letter.
	leastOfStripe = 1024
)

// NewMemoryDeduper returns a deduper of max ids for maxAge each; what is not
// above 0 takes its default.
func NewMemoryDeduper(maxCount int, maxAge time.Duration) *MemoryDeduper {
	if maxCount <= 0 {
		maxCount = DefaultDedupeCount
	}
	if maxAge <= 0 {
		maxAge = DefaultDedupeAge
	}
	n, each := 1, maxCount
	if maxCount >= dedupeStripes*leastOfStripe {
		n = dedupeStripes
		each = maxCount/n + overEven(maxCount/n)
	}
	m := &MemoryDeduper{
		seed: maphash.MakeSeed(), mask: ^uint64(0),
		stripes: make([]dedupeStripe, n), shift: 64 - bits.TrailingZeros(uint(n)),
	}
	epoch := time.Now()
	for i := range m.stripes {
		m.stripes[i].init(each, maxAge, epoch)
	}
	return m
}

// overEven is how many more ids than its share a stripe must hold: eight standard
// deviations of how many of the last ids fall to it, which no stripe will see.
func overEven(share int) int { return int(8 * math.Sqrt(float64(share))) }

// Claim implements [Deduper].
func (m *MemoryDeduper) Claim(ctx context.Context, id string) (Claim, error) {
	hash := maphash.String(m.seed, id) & m.mask
	s := &m.stripes[hash>>m.shift]
	for {
		e, settled := s.enter(hash, id)
		switch {
		case e == nil:
			return nil, nil
		case settled == nil:
			return e, nil
		}
		select {
		case <-settled:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		// The entry is asked, not the window: a small one may have forgotten the id
		// between its being done and our waking up, and would then let us handle
		// the event a second time.
		if s.isDone(e) {
			return nil, nil
		}
	}
}
