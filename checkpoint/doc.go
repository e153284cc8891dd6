// Package checkpoint keeps who reads which shard, and how far: leases and
// checkpoints in a DynamoDB table laid out as Amazon's KCL lays it out, so that
// an application can be moved from it and back while nothing runs.
//
// What it promises:
//
//   - One owner. Every write to a lease is conditional on its owner and counter,
//     and the counter is raised at each change of owner. A worker that was
//     thought dead finds its counter gone and can write nothing.
//   - Checkpoints only rise, also when a write that was given up arrives late:
//     each names the values that it may replace.
//   - Parents before children: a shard is not leased before all its parents are
//     at SHARD_END or gone from the stream.
//   - No clocks are compared. A worker is dead when its heartbeat has not moved
//     for Config.Failover by the clock of who looks. It stops by its own clock
//     when it could not write one for a little less.
//   - A planned hand-over is no failover: the owner drains the shard, checkpoints
//     it and releases it, naming its heir.
//
// A worker's life shows in one row of its own, not in its leases: one write per
// heartbeat whatever the number of shards.
//
//	Store      what this process knows of the table, and what it holds
//	Lease      one ownership of one shard
//	Tracker    the highest position of a shard with nothing undone below it
//	KCL        the store as the KCL's Checkpointer (kcl.go; it only translates)
package checkpoint
