package webhook

import "net/http"

// outcome is what became of a request. Its name is a metric's label.
type outcome uint8

const (
	// accepted: every event is on the stream.
	accepted outcome = iota
	// repeated: a repeat of a request that was accepted.
	repeated
	// empty: a GET without a body, which only asks whether someone is there.
	empty
	// What is refused, and with it nothing is put.
	badPath
	badMethod
	badType
	encoded
	tooLarge
	tooSlow
	unsigned
	badSignature
	badBody
	limited
	// What is to be sent again: KORE does so after a 503.
	overloaded
	unavailable
	outcomes // how many there are
)

// answers say what each outcome looks like. The texts tell a stranger nothing
// about us that the status does not.
var answers = [outcomes]struct {
	name   string
	status int
	text   string
}{
	accepted:     {"accepted", http.StatusOK, "ok"},
	repeated:     {"repeated", http.StatusOK, "ok"},
	empty:        {"empty", http.StatusOK, "ok"},
	badPath:      {"bad_path", http.StatusNotFound, "no such path"},
	badMethod:    {"bad_method", http.StatusMethodNotAllowed, "want POST or GET"},
	badType:      {"bad_type", http.StatusUnsupportedMediaType, "want application/json or application/x-www-form-urlencoded, in UTF-8"},
	encoded:      {"encoded", http.StatusUnsupportedMediaType, "want a body without Content-Encoding"},
	tooLarge:     {"too_large", http.StatusRequestEntityTooLarge, "body too large"},
	tooSlow:      {"too_slow", http.StatusRequestTimeout, "body took too long"},
	unsigned:     {"unsigned", http.StatusUnauthorized, "no signature"},
	badSignature: {"bad_signature", http.StatusUnauthorized, "wrong signature"},
	badBody:      {"bad_body", http.StatusBadRequest, "no events in the body"},
	limited:      {"limited", http.StatusTooManyRequests, "too many requests were refused"},
	overloaded:   {"overloaded", http.StatusServiceUnavailable, "too much at once, try again"},
	unavailable:  {"unavailable", http.StatusServiceUnavailable, "not stored, try again"},
}

// String returns the outcome's name.
func (o outcome) String() string { return answers[o].name }

// charged tells whether the sender is to blame for work that was done in vain. A
// wrong path or method cost none, and may be the health check of a load balancer.
func (o outcome) charged() bool { return o >= badType && o < limited }
