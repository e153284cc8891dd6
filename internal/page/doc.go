// Package page is the status page of the admin server: what an operator who is
// woken at night looks at first. It answers whether anything is wrong, where, and
// what to do.
//
// A [Page] asks for a [Moment] every [Every], judges it, and keeps of each shard how
// far behind and how fast it was, for the last [Span]: so what a browser shows does
// not begin anew when it is reloaded, and who looks costs the process no more than
// the answer. Two paths are served:
//
//	/           one document with its style and script in it, nothing else is loaded
//	/page.json  what it shows; ?after=N&boot=B leaves out the plots up to point N
//
// # What is not on it
//
// Nothing that identifies a SIM. A Moment has no field for a free text but names
// that a configuration or AWS gives (shards, workers, handlers, versions) and the
// constant messages of the log; whoever fills it in must not put the text of an
// error there, for that may quote a payload.
//
// # What a browser may do with it
//
// The policy that goes with the document allows its own style and script, by their
// hashes, and requests to the place that it came from. The script writes data as
// text and never as markup, so a worker may be named <script> without effect.
package page
