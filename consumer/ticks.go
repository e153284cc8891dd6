package consumer

import "time"

// tickLength is how far apart the times are at which the shards of a process do what
// they do again and again while nothing comes: poll, and look for a checkpoint to
// write. A process that wakes up for one shard at a time finds nothing of what it
// needs in the processor's caches, and goes to sleep again after it, which together
// cost more than what it woke up for.
const tickLength = 50 * time.Millisecond

// ticks are these times, from since on. Each shard keeps to its own of them, so
// they do not all act at once.
type ticks struct{ since time.Time }

// over is how far a time is behind the last tick.
func (t ticks) over(at time.Time) time.Duration { return at.Sub(t.since) % tickLength }

// next is how long it is to the next tick.
func (t ticks) next(now time.Time) time.Duration { return tickLength - t.over(now) }
