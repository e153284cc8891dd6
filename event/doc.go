// Package event decodes what KORE Event Streams put on a stream: CloudEvents 1.0
// in JSON, one to a record. It is a leaf: it knows neither Kinesis nor handlers.
//
// # What is tolerated
//
// KORE's documentation, its samples and its legacy producer disagree in places,
// and payloads are said to evolve. So [Decode] accepts
//
//   - members in any order, absent and null members, and members it does not
//     know (extension attributes), which stay in [Event.Raw];
//   - any type prefix, unknown types and schemas, any specversion;
//   - data as a JSON object or as a JSON string with an object or array inside;
//     any other data stays the JSON value that it is;
//   - any time of RFC 3339 with any number of fractional digits; other times
//     leave [Event.Time] zero and [Event.TimeText] as received;
//   - an attribute of the wrong JSON type, other than id and type: it counts as
//     absent and stays in [Event.Raw];
//   - an array of events in one record;
//   - white space around the value, and one UTF-8 byte order mark before it,
//     which .NET writers emit unasked and RFC 8259, section 8.1 lets a reader skip.
//
// # What is refused
//
// Everything that would let two readers of the same bytes see two different
// events, or that has no identity: invalid UTF-8, names that occur twice in one
// object at any level (in the text of a data string too), bytes after the
// value, an id or type that is absent, null, empty or not a string, nesting
// beyond [MaxDepth] and payloads beyond [MaxSize]. The [DecodeError] says which,
// and at which byte of the payload.
//
// # Whose error it is
//
// If the record's JSON as a whole cannot be read, Decode returns an error and
// no items. Once the text can be divided into events, each event stands for
// itself: one without an id is an [Item] with an error, and in an array its
// neighbours are kept.
//
// # Memory
//
// Raw and Data are parts of the payload, not copies, so an Event keeps its
// record's payload alive, and the payload must not be changed while the event is
// in use. No string of an Event is a part of the payload: those may be kept.
// A [Decoder] makes events and strings in blocks, see there for what one of them
// keeps alive.
package event
