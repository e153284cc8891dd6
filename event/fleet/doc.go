// Package fleet makes up the traffic of fleets of Super SIMs as KORE Event
// Streams would put it on a stream: attachments accepted and refused, data
// sessions that start, report their usage and end, KORE's test events, and as
// large a share of repeated, late, odd and broken records as is asked for.
//
// The same [Config] gives the same bytes, always. Time is the generator's own:
// it begins at Config.Start and goes from event to event, however fast the
// records are drawn.
//
// Every record holds one event. [Kind] says what a correct consumer makes of it,
// so that a whole run can be accounted for.
//
// The partition key is the SIM's sid, and the id for events of no SIM. This is
// our choice: what KORE uses is not published. Nothing in a consumer may rely on
// it beyond what any key gives.
package fleet
