// Package doctor examines what a configuration depends on: its stream, its
// tables, its places for dead letters, the permissions of who asks, and the
// processes of its application as far as the lease table shows them.
//
// It changes nothing. A permission is exercised by the call that needs it, made
// so that it has no effect: a write whose condition cannot hold, a read of a row
// that is not there, a dry run. Where there is no such call, as for a message
// that is sent, the answer says that it was not exercised.
package doctor
