package handlers

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// redactMode is what is put in a value's place.
type redactMode string

const (
	redactRemove redactMode = "remove"
	redactMask   redactMode = "mask"
	redactHash   redactMode = "hash"
)

// Redaction says what a handler may not see of an event's data, and what it sees
// in its place.
type Redaction struct {
	text string
	mode redactMode
	// names are those of a group, which are redacted wherever in data they are;
	// nil with a path.
	names []string
	path  Path
}

// redactGroups are the names of members under which KORE sends what identifies
// or locates a SIM. They are looked for at any depth: payloads are said to
// evolve.
var redactGroups = map[string][]string{
	"iccid":    {"iccid", "sim_iccid"},
	"imsi":     {"imsi"},
	"imei":     {"imei"},
	"ip":       {"ip", "ip_address"},
	"location": {"location", "cell_id", "lac", "lat", "lon"},
}

// ParseRedaction reads what is to be redacted: a path, such as data.network.sid,
// or one of the groups iccid, imei, imsi, ip and location, which mean every
// member of data that KORE sends such a thing in. After it may stand
//
//	=remove  the member goes, as if it had not been there; this is the default
//	=mask    **** and the last four characters, or only **** for what has fewer than eight
//	=hash    HMAC-SHA-256 of the text in hexadecimal: equal values stay equal
//
// A mask or a hash of an object or a list is that of each value in it; null
// stays null, and a number becomes a string.
func ParseRedaction(text string) (Redaction, error) {
	what, mode, given := strings.Cut(text, "=")
	r := Redaction{text: text, mode: redactMode(mode), names: redactGroups[what]}
	switch {
	case !given:
		r.mode = redactRemove
	case r.mode != redactRemove && r.mode != redactMask && r.mode != redactHash:
		return Redaction{}, fmt.Errorf("%q: %q is none of remove, mask and hash", text, mode)
	}
	if r.names == nil && !strings.Contains(what, ".") {
		return Redaction{}, fmt.Errorf("%q: %q is neither one of %s nor a path such as data.network.sid",
			text, what, strings.Join(slices.Sorted(maps.Keys(redactGroups)), ", "))
	}
	if what == "location" && r.mode != redactRemove {
		// The last digits of a coordinate are the fine ones, and who reads typed
		// events wants a number or none.
		return Redaction{}, fmt.Errorf("%q: a location can only be removed", text)
	}
	if r.names == nil {
		var err error
		if r.path, err = ParsePath(what); err != nil {
			return Redaction{}, err
		}
	}
	return r, nil
}

// NeedsKey tells whether it hashes.
func (r Redaction) NeedsKey() bool { return r.mode == redactHash }

// String is the redaction as it was written.
func (r Redaction) String() string { return r.text }
