package event

import (
	"fmt"
	"unicode/utf8"
)

// The reasons why a payload, or one event of it, is refused. They are metric
// labels and part of dead letters, so they do not change.
const (
	// ReasonUTF8: the bytes are not UTF-8.
	ReasonUTF8 = "invalid_utf8"
	// ReasonSyntax: the text is not JSON, or ends too early.
	ReasonSyntax = "invalid_json"
	// ReasonDuplicateKey: an object has two members of one name.
	ReasonDuplicateKey = "duplicate_key"
	// ReasonTrailing: something other than white space follows the JSON value.
	ReasonTrailing = "trailing_bytes"
	// ReasonMissingID: the id is absent, null or empty.
	ReasonMissingID = "missing_id"
	// ReasonMissingType: the type is absent, null or empty.
	ReasonMissingType = "missing_type"
	// ReasonWrongKind: the event is not an object, or its id or type is not a string.
	ReasonWrongKind = "wrong_kind"
	// ReasonDepth: the nesting goes beyond MaxDepth.
	ReasonDepth = "too_deep"
	// ReasonSize: the payload is larger than MaxSize, or an array of more than
	// MaxEvents.
	ReasonSize = "too_large"
	// ReasonEmpty: the payload holds no event: no bytes at all, nothing but
	// white space, or an empty array.
	ReasonEmpty = "empty"
)

// DecodeError says why a payload, or one event of it, cannot be an [Event].
type DecodeError struct {
	// Reason is one of the Reason constants.
	Reason string
	// Offset is the byte of the payload, counted from 0, at which the reason
	// shows. Where the reason is that something is absent, it is the first byte
	// of the event; where the text ends too early, it is the payload's length;
	// where the reason lies in the text of a data string, it is the first byte
	// of that string.
	Offset int64
	// Err says more, and may be nil.
	Err error
}

// Error names the reason, the offset and the detail.
func (e *DecodeError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("decode event: %s at byte %d", e.Reason, e.Offset)
	}
	return fmt.Sprintf("decode event: %s at byte %d: %v", e.Reason, e.Offset, e.Err)
}

// Unwrap returns the detail.
func (e *DecodeError) Unwrap() error { return e.Err }

// maxNameInError bounds what an error message repeats of the input.
const maxNameInError = 64

// invalidUTF8 returns the index of the first byte that does not belong to a
// valid sequence, -1 if there is none.
func invalidUTF8(b []byte) int64 {
	if utf8.Valid(b) {
		return -1
	}
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			return int64(i)
		}
		i += size
	}
	return -1
}
