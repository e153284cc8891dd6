package event

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// refClassify turns what the tokenizer returned into a DecodeError. The tokenizer
// counts from the beginning of src, which is the payload from byte base on.
//
// The tokenizer has no exported error for invalid UTF-8, so that is looked for
// here; it is the reason only if it comes no later than where the tokenizer
// gave up, since what follows a syntax error was never read.
func refClassify(err error, src []byte, base int64) *DecodeError {
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
