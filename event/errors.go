package event

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
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
	// ReasonSize: the payload is larger than MaxSize.
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

// classify turns what the tokenizer returned into a DecodeError. The tokenizer
// counts from the beginning of src, which is the payload from byte base on.
//
// The tokenizer has no exported error for invalid UTF-8, so that is looked for
// here; it is the reason only if it comes no later than where the tokenizer
// gave up, since what follows a syntax error was never read.
func classify(err error, src []byte, base int64) *DecodeError {
	var decodeErr *DecodeError
	if errors.As(err, &decodeErr) {
		return decodeErr
	}
	var syntaxErr *jsontext.SyntacticError
	if !errors.As(err, &syntaxErr) {
		return &DecodeError{Reason: ReasonSyntax, Offset: base, Err: err}
	}
	at := syntaxErr.ByteOffset
	if errors.Is(err, jsontext.ErrDuplicateName) {
		name := syntaxErr.JSONPointer.LastToken()
		if len(name) > maxNameInError {
			name = name[:maxNameInError]
		}
		return &DecodeError{Reason: ReasonDuplicateKey, Offset: base + at, Err: fmt.Errorf("%w %q", syntaxErr.Err, name)}
	}
	if bad := invalidUTF8(src); bad >= 0 && bad <= at {
		return &DecodeError{Reason: ReasonUTF8, Offset: base + bad, Err: syntaxErr.Err}
	}
	return &DecodeError{Reason: ReasonSyntax, Offset: base + at, Err: syntaxErr.Err}
}

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
