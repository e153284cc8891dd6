// Package webhook is a second entrance to the stream: it receives KORE's webhooks,
// verifies them and puts their events where KORE's Kinesis destination would have
// put them. One consumer, one set of handlers and one set of guarantees then serve
// both.
//
// # The way of a request
//
//	connection ─▶ head ─▶ body ─▶ signature ─▶ events ─▶ slot ─▶ token ─▶ PutRecords ─▶ 2xx
//	     │          │       │         │           │        │       │           │
//	   closed      4xx     4xx       401         400      503    2xx at      503
//	                                                             once
//
// # What is guaranteed
//
// A 2xx is sent only when Kinesis has taken every event of the request, or had taken
// it before. Whatever goes wrong before that is no 2xx, and KORE sends the request
// again after a 503 or no answer at all: up to three times, with growing pauses (see
// https://docs.korewireless.com/en-us/v/developers/event-streams). An outage that is
// longer than these tries loses what KORE gives up, and so does a 4xx. A 4xx is
// therefore only for what could not become better by being sent again.
//
// An answer comes within Config.Timeout of a request's head, which may itself take
// half of Config.ReadTimeout, whatever Kinesis and DynamoDB do: less than the 5 s
// that KORE waits. Records that Kinesis refuses are put again within that time, the
// others of the call are not.
//
// # Whom to believe
//
// A request counts as KORE's if its signature was made with one of the secrets over
// its method, the configured URL and its body (see [Sign]). The URL is taken from the
// configuration and never put together from the request. The signature is a plain
// hash that anyone can prolong who has seen one, and so nothing may follow the end of
// a body: JSON is read by [event.Decode], a form may have no bytes outside of its
// alphabet.
//
// The signature covers neither time nor token, so a request that was overheard can be
// sent again for ever. It brings nothing new: its events are left out while their IDs
// are remembered here, and by the consumer's dedupe after that.
//
// # Repeats
//
//   - A request with the token and the body of one that was accepted gets the same
//     2xx at once. With [WithTokens] and a DynamoDB table all processes know of it.
//     The body counts, since a token that came with other events says nothing of these.
//   - An event whose ID this process has put is not put again, for an hour or the last
//     hundred thousand.
//   - Everything else is up to the consumer's dedupe. After a crash, or an answer of
//     Kinesis that was lost, an event may be on the stream twice. That is what the
//     same table is for, with dedupe.store: dynamodb.
//
// A token that another process holds is waited for 300 ms and no longer. If that
// process died, its claim would otherwise outlast KORE's patience; see claim.
//
// # What is put
//
// An event is put as it arrived, byte for byte, one to a record. The partition key is
// its lane's (see [consumer.LaneKey.PartitionKey]), so that the events of a SIM meet
// in one shard. KORE does not promise their order, and neither is it kept when one of
// them is put a second time. A form becomes an event of [TypeCallback]. What is JSON
// but no event is put too, for the consumer to bury with the reason.
//
// # What is bounded
//
// Connections, the time that a head and a body take, the bytes of both, requests at the
// stream, refusals by source, and the memory of tokens, events and sources. Compressed
// bodies are refused unread. A source that sent too much that was refused gets a 429,
// which KORE would not send again: behind a load balancer Config.TrustedProxies must
// name it, or all senders are one source. At worst the bodies take Config.MaxConns
// times Config.MaxBodyBytes of memory, with as many clients sending at once.
//
// # What is authoritative
//
// The stream. This package keeps nothing that is needed after a restart: killed at any
// moment, it has answered only for what is there.
package webhook
