// Package embed is an AWS endpoint with Kinesis and DynamoDB inside the
// process: for tests in virtual time, and for trying things on a laptop.
//
// An Endpoint answers in two ways. HTTPClient and Config give the SDK's clients
// a transport that calls the endpoint directly: no socket, no goroutine except
// for an open SubscribeToShard, nothing but channels and timers to wait on, so
// that it works inside a bubble of testing/synctest (make the clients inside
// the bubble). And an Endpoint is an http.Handler, for any client that speaks
// AWS JSON 1.0 or 1.1, or AWS CBOR 1.1 to Kinesis, as the SDK for Java does. Any
// credentials are accepted, but some must be given, as AWS refuses requests that
// are not signed at all.
//
// Everything is kept in memory. What goes wrong with AWS now and then goes wrong
// here on demand: see Faults.
package embed
