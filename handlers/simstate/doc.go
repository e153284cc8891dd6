// Package simstate keeps what is last known of a SIM: whether it is attached,
// to which network and how, its data sessions and their bytes, its last error,
// and how often it attached within an hour.
//
// # Order
//
// KORE promises no order and delivers some events twice, so a [State] goes by
// when an event happened and not by when it came. Whatever order the events of
// a SIM are applied in, and however often each, the state is the same:
//
//   - What can only be known last (attached, network, error) is a [Known], which
//     only a younger event replaces.
//   - What grows (the bytes of a session) is a maximum, or a sum over a set of
//     windows each of which counts once.
//   - What is a list (sessions, attachments) is the youngest part of a set in a
//     fixed order, so that what was once left out would never have stayed.
//
// An event happened at the timestamp of its data or, where it has none, at the
// time of its envelope. Two events of one second, which is as fine as KORE's
// timestamps are, go by the envelope's time and then by their ids.
//
// # Limits
//
// The order matters where the events contradict one another (two starts of one
// session, one id with two contents), and where one comes so late that there is
// no room for it any more: a session behind the latest 16, or the first sight
// of a schema version 1 window behind the latest 256 of its session. The
// latter is not counted, because it cannot be told from a repetition. An event
// dated in the future keeps its values until then.
//
// A state has a largest size, whatever events say: its lists are bounded, and a
// text of more than 256 bytes is cut and ends in a hash of the whole. Its JSON
// stays below 1 MiB; that of a SIM as they are has a few KiB.
package simstate
