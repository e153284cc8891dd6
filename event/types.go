package event

import "strings"

// The suffixes of Super SIM connection events, as [Event.Suffix] returns them.
// KORE writes the part before as a wildcard, so match these and no full types.
// See https://docs.korewireless.com/en-us/supersim/how-to/how-to-use-super-sim-connection-events.
const (
	// SuffixAttachmentAccepted: the SIM was authenticated and let in.
	SuffixAttachmentAccepted = "attachment.accepted"
	// SuffixAttachmentRejected: a network or a policy refused the SIM.
	SuffixAttachmentRejected = "attachment.rejected"
	// SuffixAttachmentFailed: the attachment failed for an internal reason.
	SuffixAttachmentFailed = "attachment.failed"
	// SuffixDataSessionStarted: a data session is up.
	SuffixDataSessionStarted = "data-session.started"
	// SuffixDataSessionUpdated: the usage of a data session so far.
	SuffixDataSessionUpdated = "data-session.updated"
	// SuffixDataSessionEnded: a data session is over, with its final usage.
	SuffixDataSessionEnded = "data-session.ended"
	// SuffixDataSessionFailed: a data session could not be established.
	SuffixDataSessionFailed = "data-session.failed"
)

// TypeTest is the type of the test event that KORE's portal sends.
const TypeTest = "com.kore.eventstreams.test.event"

// connectionPart stands before the suffix, whatever the prefix.
const connectionPart = "supersim.connection."

var suffixes = []string{
	SuffixAttachmentAccepted, SuffixAttachmentRejected, SuffixAttachmentFailed,
	SuffixDataSessionStarted, SuffixDataSessionUpdated, SuffixDataSessionEnded, SuffixDataSessionFailed,
}

// shortForms maps spellings such as data-session-updated, which KORE's own
// dashboard sample copes with, to the suffix.
var shortForms = func() map[string]string {
	m := make(map[string]string, 2*len(suffixes))
	for _, s := range suffixes {
		m[s] = s
		m[strings.ReplaceAll(s, ".", "-")] = s
	}
	return m
}()

// Suffix returns what follows "supersim.connection." in the type, whatever the
// prefix: one of the Suffix constants or, for a connection event of a kind not
// known here, the text as it is. Short forms, with or without the part before,
// are normalised: "data-session-updated" is "data-session.updated". Other types
// give the empty string.
func (e *Event) Suffix() string {
	i := strings.LastIndex(e.Type, connectionPart)
	if i < 0 || i > 0 && e.Type[i-1] != '.' {
		return shortForms[e.Type]
	}
	suffix := e.Type[i+len(connectionPart):]
	if s, ok := shortForms[suffix]; ok {
		return s
	}
	return suffix
}

// IsTest reports whether this is a test event, KORE's or that of the legacy
// producer, which writes a hyphen.
func (e *Event) IsTest() bool {
	for _, name := range []string{"eventstreams.test.event", "eventstreams.test-event"} {
		before, ok := strings.CutSuffix(e.Type, name)
		if ok && (before == "" || strings.HasSuffix(before, ".")) {
			return true
		}
	}
	return false
}
