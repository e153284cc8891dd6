// Package iam knows which AWS actions a configuration needs, on which resources,
// and for which calls. There is one table of them, rules: the policy that
// korestream iam-policy prints and what doctor exercises are made from it, and a
// test of internal/app compares it with the calls that the code makes, both ways.
//
// Two sorts of calls are told apart: what a daemon does, and what somebody does
// who operates it (dead letters, doctor, verify). A daemon's role needs the first
// alone.
package iam
