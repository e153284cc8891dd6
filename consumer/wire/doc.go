// Package wire turns Kinesis's answers into records, straight from the body.
//
// The SDK's decoder makes some nine allocations and several copies of each
// record; at full rate that is most of what a consumer does. This one reads the
// body into a buffer that is used again, scans its JSON once, and decodes the
// data of many records into one chunk. It goes in from outside, as the client's
// protocol:
//
//	kinesis.Options.Protocol = NewProtocol(kinesis.Options.Protocol)
//
// # Who owns what
//
//	body ──▶ buffer of the Pool     ours until the call returns
//	     ──▶ Record.Data            in a Chunk, until its last Release
//	     ──▶ Record's strings       the collector's: keep them as you like
//	     ──▶ Page                   the caller's, to be filled again
//
// A [Chunk] is counted. It starts with one reference for each record decoded into
// it, and goes back to its [Pool] with the last [Chunk.Release]; from then on the
// data of all its records is someone else's. Who hands a record on hands its
// reference on; who keeps data beyond that takes another with [Chunk.Retain] first.
// [Page.Reset] releases nothing, because the records may be elsewhere by then;
// [Page.Release] is for a page that nobody was shown.
//
// Chunks are at most 64 KiB unless a single record is larger, so a record that
// stays long keeps 64 KiB from being used again, and no more. [Chunk.OnFree] says
// when memory really comes back, for whoever keeps a budget of it.
//
// Built with the race detector, a chunk's memory is overwritten when it is given
// back and the chunk itself is never used again, so that reading, retaining or
// releasing too late shows at once. Otherwise that costs nothing, and is not seen.
//
// # What is ours and what is the SDK's
//
// Errors, packed or unknown content, and bodies that are unlike what Kinesis
// writes (a member twice, a name with an escape, nesting beyond reason, bytes
// behind the object) are given to the SDK's protocol, which sees the same bytes
// and has the last word; [Page.Filled] tells the two apart. So the scanner may
// refuse whatever it likes, but what it takes must be what the SDK would have
// made of it: the same records, the same times to the millisecond, the same
// refusal of base64. A fuzz test holds the two against each other.
//
// Records of a stream have all of their text in common but for a few scalars. So it
// is learnt from one record, compared in the next, and read only where it differs;
// see shape.
//
// In one thing they differ on purpose. An empty body, or one without a list of
// records, is a success to the SDK, and reads as the end of the shard because it
// has no next iterator: the rest of the shard would be lost. It is [ErrNoRecords].
//
// # AWS CBOR
//
// [CBOR] asks for records in AWS CBOR 1.1, as AWS's SDK for Java does: the same
// members in CBOR, data as bytes and times as milliseconds. Such a body is not read
// whole. It is read into chunks of 64 KiB, and the data of records stay where they
// arrived; what reaches beyond a chunk, one record of it, moves to the next. With
// the whole body as one chunk there would be no copy at all, but a record that
// stays long would keep a page of up to 10 MiB. Reading it whole and copying the
// data costs 6 % more for records of 1 KiB, and 70 % for those of 8 KiB. A chunk
// also has the names and numbers between the data, some 15 % of it with records
// of 1 KiB.
//
// Nobody published what the service writes byte by byte, and the SDK has no
// decoder to fall back on. So all forms are read that are known: definite and
// indefinite lengths; times with the tag 1 or without it, in milliseconds as AWS
// has them and in seconds as some emulators do, which cannot be confused for any
// record younger than 1973; data in pieces, or as base64; undefined for null. What
// is none of these is [ErrDialect]: the page is empty, and the caller asks again
// in AWS JSON with the iterator that it has. An endpoint that answers in something
// else at first, or three times in a row oddly, is asked in AWS JSON only.
//
// An error in AWS CBOR is given to the SDK as AWS JSON, so that it has the type
// that it has there.
//
// Subscriptions are in AWS JSON: their events follow the protocol of the request.
//
// # Direct calls
//
// A call of the SDK's builds a stack of some twenty middlewares, which together cost
// more than sending the request and reading an answer without records. [Reader] makes
// the first call through it, looks on, and makes a template of the request; later
// calls are made from that, with the client's own HTTP client and credentials:
//
//	no template ──a call of the SDK's that succeeds──▶ template ──▶ direct calls
//	     ▲──────────five minutes, or an answer that is no page────────────┘
//
// Who is right about the request is the SDK. A template is taken only if it gives,
// for the same input, time and credentials, the request that the SDK has made, byte
// for byte and with its signature; and only if nothing but the SDK's own middlewares,
// whose names are listed, has seen it. A client that traces, logs, retries, has
// middleware or interceptors of its own, or is of a later SDK that does something
// more, is called through the SDK as before. The one exception is named: [Observer].
//
// Who is right about the answer is the SDK, too, as soon as it is not a page in plain
// JSON or CBOR. An error, an odd body, a connection that failed: the call is made
// again with the SDK, on top of an HTTP client that gives what was answered and sends
// nothing. So there is no second way in which errors come about, and the SDK learns
// of the service's clock what it would have learnt. The next call is the SDK's.
//
// What of the request is each call's own: the date, by the service's clock as the SDK
// knows it; the signature, by a key of the day and of the credentials that are asked
// for each time; the invocation's ID. The SDK adds the time of the deadline where the
// service's clock is ahead; AWS does nothing with it, and it is left out.
//
// # Subscriptions
//
// [Subscribe] makes the SDK's call, takes the answer's body before the SDK makes a
// reader of it, and reads the frames of the event stream itself. The SDK's reader
// cannot be used for two reasons. Its streams share a decoder if they share a
// client, which is a data race. And it reports a stream that was cut in the middle
// of an event as one that ended properly. Here only a page that says so, by having
// no continuation, ends a shard; a stream that stops elsewhere is an error that
// says how.
package wire
