// Package consumer reads a Kinesis stream shard by shard and takes its events
// to handlers: at least once, in order per key, and with no checkpoint above
// anything that is not done.
//
// # The way of a record
//
//	source   GetRecords, prefetching within a budget, endlessly patient     source.go
//	cutter   KPL aggregates and JSON arrays become single events            pieces.go, aggregate.go
//	lanes    one event per key at a time, many keys side by side            lanes.go
//	         or, where handlers are quick, one event after another          burst.go
//	handle   dispatch or bury; what can be neither parks its key            handling.go
//	tracker  the highest position with nothing unfinished below it          package checkpoint
//
// One shard under one lease is a [shard]: its source and its lanes run
// concurrently, coupled only by the budget of bytes in flight; for a burst what is
// read waits, five milliseconds at most.
//
// # What is bound to the lease
//
// Everything that runs for a lease hangs on the lease's context, which the
// lease store cancels when the lease is lost or released. Two contexts derive
// from it: one stops the fetching (a drain, a hand-over), the other the
// handling (the drain time-out). Between the two the shard settles: the lanes
// make a cut at the latest event begun, run all that stands before it and drop
// the rest, so that the last checkpoint leaves nothing handled above it.
//
// # The KCL
//
// The Worker of vmware-go-kcl-v2 drives the life of each lease and carries no
// data. Its Kinesis client is ours (kcl_claim.go): a middleware answers
// ListShards from the listing, and GetRecords with a single record, the claim
// check. The processor redeems it by running the shard for the whole lease
// (kcl_processor.go). When that returns, the next GetRecords either has no
// further iterator, and the KCL ends the shard, or fails, and the KCL releases
// the lease.
//
//	Worker            acquires through checkpoint.KCL
//	  Initialize      claim offered
//	  GetRecords      one record: the claim
//	  ProcessRecords  the shard runs: minutes, hours
//	  GetRecords      no iterator: shard end      error: lost, handed over, draining
//	  Shutdown        TERMINATE: SHARD_END        (REQUESTED after a drain: nothing left to do)
//	  RemoveLeaseOwner, always
package consumer
