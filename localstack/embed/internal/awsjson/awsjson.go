// Package awsjson holds what the embedded services share of AWS's JSON
// protocols (1.0 and 1.1): errors and the shape of a service.
package awsjson

import (
	"context"
	"fmt"
	"net/http"
)

// Error is an error as AWS answers it: HTTP status, __type, message and, for
// some, further members of the error's JSON object.
type Error struct {
	Status  int
	Code    string // without a namespace: ResourceNotFoundException
	Message string
	// Fields are further members (DynamoDB's Item, CancellationReasons).
	Fields map[string]any
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errorf returns an Error with status 400, which nearly all have.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Service answers the operations of one AWS service.
type Service interface {
	// Call runs one operation: its name without the target's prefix and the
	// request's body. It returns a value for encoding/json, nil for an empty
	// answer, or an error, which is an *Error wherever AWS would answer one. It
	// is called concurrently.
	Call(ctx context.Context, operation string, body []byte) (any, error)
}
