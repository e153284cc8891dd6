// Package tally counts what a consumer handled, in a form that can be compared
// with what was served: how many events, and a checksum over their ids that does
// not depend on their order.
package tally
