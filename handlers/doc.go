// Package handlers takes decoded events to the code that acts on them.
//
// A [Mux] is the consumer's dispatcher. An event goes through it like this:
//
//	Dispatch ─▶ dedupe ─▶ schema ─▶ every route that matches, in parallel ─▶ done
//	               │         │        shape ─▶ retry ─▶ time-out ─▶ recover ─▶ Handler
//	               │         │                   └ given up ─▶ bury (again and again until durable)
//	               │         └ does not match, and is to be buried then ─▶ bury
//	               └ handled before ─▶ Duplicate
//
// A Mux without a [SchemaCheck] has no such stage.
//
// # What is guaranteed
//
// Dispatch reports an event as done only when each matching route succeeded or
// its dead letter is durable. Each route has a retry state of its own: a retry
// of one never reruns another that succeeded. While the process lives nothing
// is given up without a dead letter; when the dispatch's context ends first,
// Dispatch says so with an error, and the event comes again to whoever holds
// the shard next. It is then handled by all of its routes again, also by those
// that had succeeded: handlers must tolerate repeats, and the event's id is
// the key to recognise them by.
//
// Routes of one event run in parallel, not in the order of the configuration:
// an event takes as long as its slowest route instead of the sum, and a sink
// that is down holds up nothing but itself. Order per key still holds for
// every route, because the next event of the key is dispatched only when all
// routes of this one are done. A handler that must run after another belongs
// into one Handler with it.
//
// A route matches an event if one of its patterns matches the type and its
// condition ([Where]), if it has one, holds. An event that a condition fails on is
// buried for that route, with the reason filter_failed. A [Shape] is what a
// route's handler sees of the event, and nobody else: lanes, dedupe and dead
// letters have the whole.
//
// An event that no route matches is [consumer.Handled], the same as one whose
// handlers had nothing to do. It is counted on its own ([Stats].Unrouted), so
// that a pattern with a typing error shows.
//
// # Writing a handler
//
// A [Handler] returns nil when the event is as durable as it promises, an
// error to be tried again, and [Permanent] of an error when trying again is
// pointless. It is called concurrently for different keys. It must stop when
// its context ends: one that does not keeps its key waiting, for order per key
// comes before speed, and is named in the log.
package handlers
