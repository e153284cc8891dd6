package event

import (
	"bytes"
	"time"
)

// Event is one CloudEvent as KORE sent it. Decode fills it; nothing changes it
// afterwards, so that several goroutines may read one Event at once.
//
// Its strings are its own. Data and Raw are parts of the payload, so that both
// are good only while that is left as it is.
type Event struct {
	// ID is the CloudEvents id, never empty. It is the key for idempotence, but
	// for the test events of the legacy producer; see [Event.DedupeID].
	ID string
	// Type is the CloudEvents type with whatever prefix it came, never empty.
	Type string
	// Source, SpecVersion, DataSchema, DataContentType and Subject are as
	// received, empty when absent, null or not a string.
	Source          string
	SpecVersion     string
	DataSchema      string
	DataContentType string
	Subject         string
	// Time is the envelope's time in UTC, zero when absent or not a time;
	// TimeText is its text as received, empty when absent or null.
	Time     time.Time
	TimeText string
	// Data is the JSON value of data: the bytes as received or, where data was
	// a JSON string holding a JSON object or array, the text inside. Nil when
	// absent or null. It is a part of the payload unless that text had escapes.
	Data []byte
	// Raw is the whole event as received: a part of the record's payload, not a
	// copy. It is valid JSON with no bytes around it.
	Raw []byte

	// sim and eventSID were found in Data on the way through, empty when absent
	// or not a string.
	sim, eventSID string
}

// Clone returns an event whose Raw and Data are memory of its own: for events that
// outlive the payload that they were decoded from.
func (e *Event) Clone() *Event {
	c := *e
	c.Raw = bytes.Clone(e.Raw)
	if at := bytes.Index(e.Raw, e.Data); at >= 0 && len(e.Data) > 0 {
		c.Data = c.Raw[at : at+len(e.Data) : at+len(e.Data)]
	} else {
		c.Data = bytes.Clone(e.Data)
	}
	return &c
}

// SIM identifies the SIM that the event is about: the sim_sid of its data, or
// the sim_iccid where there is no sid. It is empty for events of no SIM, and
// for an Event that Decode did not make.
func (e *Event) SIM() string { return e.sim }

// DedupeID is the same for every copy of one event and differs between events.
// It is the event_sid of the data, which stays the same where several producers
// sent one event under different ids, and the ID where there is none.
//
// It is empty where no copy can be told from another event: the legacy
// producer's test events all have the account's sid for an id. They are to be
// handled each time.
func (e *Event) DedupeID() string {
	if e.eventSID != "" {
		return e.eventSID
	}
	return e.EnvelopeID()
}

// EnvelopeID is the ID, but empty where that is no event's own, as in DedupeID.
// Unlike that it differs between copies that several producers sent.
func (e *Event) EnvelopeID() string {
	if e.IsTest() && isAccountSID(e.ID) {
		return ""
	}
	return e.ID
}

// Rewritten returns a copy of the event with other bytes and another SIM, for
// somebody who is to see less of it. What else was read from it stays. The bytes
// must be what Raw and Data are said to be.
func (e *Event) Rewritten(raw, data []byte, sim string) *Event {
	c := *e
	c.Raw, c.Data, c.sim = raw, data, sim
	return &c
}

// isAccountSID recognises an account's sid: AC (legacy) or CO (KORE) and 32
// letters or digits. KORE's test events have UUIDs, which are not that.
func isAccountSID(id string) bool {
	const length = 34
	if len(id) != length || id[:2] != "AC" && id[:2] != "CO" {
		return false
	}
	for _, c := range []byte(id[2:]) {
		if c < '0' || c > '9' && c < 'A' || c > 'Z' && c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}
