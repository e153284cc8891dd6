package wire

import (
	"context"
	"fmt"
	"io"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// streamReader is what the SDK calls the step that reads an answer's events.
const streamReader = "OperationEventStreamDeserializer"

// takeBody puts a step in the place of the SDK's that makes a reader of events,
// and leaves the rest of the call as it is: signing, endpoints, errors.
func takeBody(to *io.ReadCloser) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		if _, err := stack.Deserialize.Swap(streamReader, bodyTaker{to}); err != nil {
			return fmt.Errorf("take the event stream over: %w", err)
		}
		return nil
	}
}

type bodyTaker struct{ to *io.ReadCloser }

// ID implements middleware.DeserializeMiddleware.
func (bodyTaker) ID() string { return streamReader }

// HandleDeserialize implements middleware.DeserializeMiddleware.
func (m bodyTaker) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	middleware.DeserializeOutput, middleware.Metadata, error,
) {
	out, meta, err := next.HandleDeserialize(ctx, in)
	resp, ok := out.RawResponse.(*smithyhttp.Response)
	if !ok {
		return out, meta, err
	}
	if err != nil {
		resp.Body.Close()
		return out, meta, err
	}
	*m.to = resp.Body
	return out, meta, nil
}
