// Package engines runs the Kinesis, the DynamoDB and the SQS of others beside a
// test: kinesis-local, dynalite and fauxqs, npm packages that are pinned by the
// lock file in localstack/emulators.
//
// The first start of a given lock file installs the packages into the user's
// cache directory; later ones, of whatever process, find them there. Node and
// npm have to be on the path. Where they are not, or where the packages cannot
// be had, ErrNoNode says so, and a test skips with that as its reason.
//
// An engine is a child process with a server on a free port of loopback. It
// ends with Stop, and also when the process that started it dies.
package engines
