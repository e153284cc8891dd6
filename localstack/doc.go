// Package localstack is the place of everything that stands in for AWS: the
// in-process endpoint (embed), the engines of others that tests run beside it
// (emulators, engines), and what LocalStack runs when it comes up (ready.d).
//
// It has no code of its own. Its tests are the conformance suite: one table of
// cases, each a claim about AWS, that runs against the embedded endpoint in
// process and over HTTP, against kinesis-local and against dynalite. Where an
// engine does something else, the disagreement is written down with the page of
// AWS's documentation that settles it.
package localstack
