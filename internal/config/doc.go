// Package config is the daemon's configuration: what can be set, where it is
// read from, and what is wrong with it.
//
// Sources go in this order, the last one first: defaults, a YAML file,
// KORESTREAM_* variables, flags. Every mistake is reported, not only the first,
// each with its key, where it was found, and how to mend it. A key that is not
// known is a mistake: a misspelt setting that silently does nothing is worse
// than a process that does not start.
package config
