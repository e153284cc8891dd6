// Package pgtest gives tests a real PostgreSQL: [Database] an empty database of
// a server that all tests of one binary share, [Start] a server of the test's
// own, to be stopped and started again.
//
// The server comes from Debian's package postgresql or from the PATH. Where it
// cannot be had the test is skipped, with the reason. It listens on a socket in
// a directory of its own and on no network address. A shell stands between it
// and the test binary: when the binary's end of a pipe closes, for whatever
// reason, the shell stops the server and removes its files, so that nothing
// outlives even a binary that was killed.
//
// PostgreSQL refuses to run as root. For root the server runs as the user
// postgres, whom Debian's package creates.
package pgtest
