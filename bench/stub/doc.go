// Package stub is a Kinesis that costs next to nothing: its pages of records are
// made once, and only the digits that differ from page to page are filled in
// when one is asked for. What a consumer of it spends is the consumer's own.
//
// Every shard holds the same fixed number of records and then stays empty. No
// event comes twice: its id holds the numbers of its shard and page. So what a
// consumer handled can be compared with [Service.Served].
//
// It is no emulator: it knows one stream, does not check signatures, and answers
// only what consumers ask. For anything else there is localstack/embed.
package stub
