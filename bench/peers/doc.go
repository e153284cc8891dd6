// Package peers is what the consumers that are compared have in common; each is
// a program in a folder below, for some cannot be linked together. Each reads all shards of
// one stream from the beginning, decodes the envelope of every event, counts it,
// and does nothing else with it.
//
// Each is run as its users run it and in its default settings, as far as one
// worker then gets to all of the shards. The two kinds of loop that are no
// product bound the field: bare is the least that the SDK costs, and floor the
// least that the work costs, whoever does it.
package peers
