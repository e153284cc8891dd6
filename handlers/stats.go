package handlers

import "sync/atomic"

// Stats counts what a [Mux] did since it was made. All but Parked only grow.
type Stats struct {
	// Retries counts attempts after the first, Panics and Timeouts the
	// attempts that ended so.
	Retries, Panics, Timeouts int64
	// Unrouted counts events that no route matched.
	Unrouted int64
	// Filtered counts events that matched a route's patterns and not its
	// condition, FilterFailures those of which that cannot be told; both once
	// for each route.
	Filtered, FilterFailures int64
	// Buried counts dead letters; an event that several routes gave up on has
	// several. BuryFailures counts tries to bury that failed.
	Buried, BuryFailures int64
	// Parked is how many events wait now because a handler has given up on them
	// and is to go on.
	Parked int64
	// Dropped counts events that a route gave up on and nobody keeps.
	Dropped int64
	// Duplicates counts events that were handled before.
	Duplicates int64
	// Batches counts the calls of handlers with several events at once.
	Batches int64
	// Paths counts, for each entry of the routes' shapes, the members that it has
	// matched. One that stays at 0 may be misspelt.
	Paths []PathStats
}

// PathStats counts what one entry of a [Shape] has matched.
type PathStats struct {
	// Setting is redact or project; the entry is as it was written.
	Route, Setting, Entry string
	Matches               int64
}

// counters are the live numbers behind Stats.
type counters struct {
	retries, panics, timeouts, unrouted, filtered, filterFailures, buried, buryFailures, parked, dropped, duplicates, batches atomic.Int64
}

func (c *counters) snapshot() Stats {
	return Stats{
		Retries: c.retries.Load(), Panics: c.panics.Load(), Timeouts: c.timeouts.Load(),
		Unrouted: c.unrouted.Load(), Filtered: c.filtered.Load(), FilterFailures: c.filterFailures.Load(), Buried: c.buried.Load(), BuryFailures: c.buryFailures.Load(),
		Parked: c.parked.Load(), Dropped: c.dropped.Load(), Duplicates: c.duplicates.Load(), Batches: c.batches.Load(),
	}
}
