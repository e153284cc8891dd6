// Package report writes what was measured: a document in Markdown and its
// pictures, both from the same numbers, which are kept beside them.
package report
