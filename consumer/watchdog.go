package consumer

import (
	"fmt"
	"time"
)

// stuckAfter is how long something may stand still without a named reason
// before it counts as a defect of this process. It is several call time-outs:
// only a defect gets there.
const stuckAfter = 2 * time.Minute

// Stuck returns what stands still in this process though nothing that we know
// of holds it, in words; nothing if all is well. A process of which this is said
// should be restarted. A stream that cannot be reached, a throttle, a handler
// that hangs or a full process are no such thing: a restart mends none of them.
func (c *Consumer) Stuck(now time.Time) []string {
	if !c.consuming() {
		return nil
	}
	var out []string
	for _, s := range c.Status().Shards {
		if why := s.stuck(now); why != "" {
			out = append(out, why)
		}
	}
	out = append(out, c.idle(now)...)
	if at := c.listing.tried(); now.Sub(at) > stuckAfter {
		out = append(out, fmt.Sprintf("the stream's shards were not listed for %s", now.Sub(at).Round(time.Second)))
	}
	return append(out, c.leases.Stuck(now, stuckAfter)...)
}

// idle tells of leases that are held and not run, as the KCL would leave them if
// it dropped a processor without a word. A lease is so for a moment when it
// begins and when it ends.
func (c *Consumer) idle(now time.Time) []string {
	var out []string
	held := c.leases.HeldShards()
	c.mu.Lock()
	defer c.mu.Unlock()
	running := make(map[string]bool, len(c.runs))
	for l := range c.runs {
		running[l.Shard()] = true
	}
	idle := make(map[string]time.Time)
	for _, shard := range held {
		if running[shard] {
			continue
		}
		since, known := c.idleSince[shard]
		if !known {
			since = now
		}
		idle[shard] = since
		if now.Sub(since) > stuckAfter {
			out = append(out, fmt.Sprintf("shard %s is leased and nothing was done with it for %s", shard, now.Sub(since).Round(time.Second)))
		}
	}
	c.idleSince = idle
	return out
}

// stuck tells in words if a loop of the shard stands still.
func (s ShardStatus) stuck(now time.Time) string {
	still := func(at time.Time) bool { return now.Sub(at) > stuckAfter }
	reads := s.State == StateReading || s.State == StateThrottled || s.State == StateFailing
	switch {
	case reads && still(s.TriedAt):
		return fmt.Sprintf("shard %s was not read for %s and nothing is known to hold it", s.Shard, now.Sub(s.TriedAt).Round(time.Second))
	case s.InFlight > 0 && s.Running == 0 && still(s.ProgressAt):
		return fmt.Sprintf("shard %s has %d events that wait and none in its handlers for %s", s.Shard, s.InFlight, now.Sub(s.ProgressAt).Round(time.Second))
	case s.State != StateDraining && s.State != StateEnded && still(s.CheckpointTriedAt):
		return fmt.Sprintf("shard %s was not looked at for a checkpoint for %s", s.Shard, now.Sub(s.CheckpointTriedAt).Round(time.Second))
	}
	return ""
}
