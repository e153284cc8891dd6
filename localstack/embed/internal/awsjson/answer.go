package awsjson

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Raw is an answer that the service encoded itself, for operations whose
// answers are large or frequent.
type Raw []byte

// Stream is an answer that goes on after its head was sent.
type Stream struct {
	ContentType string
	// Run writes until the answer is over, its error then being how the
	// connection ends, or until ctx ends. Every Write is one whole frame, and is
	// on its way to the client when it returns. Run is called at most once.
	Run func(ctx context.Context, w io.Writer) error
}

// Decode reads a request's body into the given struct, whose fields are named
// as AWS names the members. Members that are not known are ignored, as AWS
// does. The error is a SerializationException.
func Decode(body []byte, into any) error {
	err := json.Unmarshal(body, into)
	if err == nil {
		return nil
	}
	var refused *Error // by a member's own decoder
	if errors.As(err, &refused) {
		return refused
	}
	var semantic *json.SemanticError
	if errors.As(err, &semantic) {
		return Serialization(conversion(semantic))
	}
	return Serialization("")
}

// Serialization returns the SerializationException that answers a body that
// cannot be read.
func Serialization(message string) *Error {
	return &Error{Status: http.StatusBadRequest, Code: "SerializationException", Message: message}
}

// conversion words a mismatch of kinds as AWS's services do, as far as the
// kinds can be told from the error.
func conversion(e *json.SemanticError) string {
	target := "requested type"
	if e.GoType != nil {
		target = e.GoType.String()
	}
	switch jsontext.Kind(e.JSONKind) {
	case '{':
		return "Start of structure or map found where not expected."
	case '[':
		return "Start of list found where not expected"
	case '"':
		return "class java.lang.String can not be converted to " + target
	case 't', 'f':
		return "class java.lang.Boolean can not be converted to " + target
	}
	return "value can not be converted to " + target
}
