package event

import "bytes"

// traceParent is a member of CloudEvents' distributed tracing extension, traceState
// the other one:
// https://github.com/cloudevents/spec/blob/main/cloudevents/extensions/distributed-tracing.md
const (
	traceParent = "traceparent"
	traceState  = "tracestate"
)

// maxTraceState is what https://www.w3.org/TR/trace-context/#tracestate-limits says
// is to be passed on at least.
const maxTraceState = 512

// TraceContext returns the event's traceparent and tracestate: the trace in which
// its producer made it. Both are empty where the traceparent is absent or not of
// the form of https://www.w3.org/TR/trace-context/, the state alone where no header
// could hold it. It reads the event anew each time.
func (e *Event) TraceContext() (parent, state string) {
	if !bytes.Contains(e.Raw, []byte(traceParent)) {
		return "", "" // nearly all events
	}
	if parent = e.Field(traceParent); !isTraceParent(parent) {
		return "", ""
	}
	if state = e.Field(traceState); !isTraceState(state) {
		state = ""
	}
	return parent, state
}

// isTraceParent recognises version, trace, span and flags in lower-case hex, with
// dashes between them. Trace and span of zeros are none, and ff is no version. Later
// versions may have more behind a fourth dash.
func isTraceParent(s string) bool {
	const zeros, length = "00000000000000000000000000000000", 55
	if len(s) < length || len(s) > length && (s[length] != '-' || s[:2] == "00") {
		return false
	}
	for i, c := range []byte(s) {
		switch {
		case i == 2 || i == 35 || i == 52:
			if c != '-' {
				return false
			}
		case i >= length:
			if c < 0x21 || c > 0x7e {
				return false
			}
		case c < '0' || c > '9' && c < 'a' || c > 'f':
			return false
		}
	}
	return s[:2] != "ff" && s[3:35] != zeros && s[36:52] != zeros[:16]
}

// isTraceState tells whether a header can hold s. What is in it is for those who
// wrote it.
func isTraceState(s string) bool {
	for _, c := range []byte(s) {
		if c < 0x20 || c > 0x7e {
			return false
		}
	}
	return len(s) <= maxTraceState
}
