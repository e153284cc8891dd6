package kinesis

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"

	"korestream/localstack/embed/internal/awsjson"
)

// eventStreamType is the content type of a stream of events; its frames are
// described at https://smithy.io/2.0/aws/amazon-eventstream.html.
const eventStreamType = "application/vnd.amazon.eventstream"

// writeFrame writes one frame in one Write. The type's header is named after
// the kind of message.
func writeFrame(w io.Writer, kind, typ, contentType string, payload []byte) error {
	msg := eventstream.Message{Payload: payload}
	msg.Headers.Set(":message-type", eventstream.StringValue(kind))
	msg.Headers.Set(":"+kind+"-type", eventstream.StringValue(typ))
	msg.Headers.Set(":content-type", eventstream.StringValue(contentType))
	var frame bytes.Buffer
	if err := eventstream.NewEncoder().Encode(&frame, msg); err != nil {
		return err
	}
	_, err := w.Write(frame.Bytes())
	return err
}

// writeInitialResponse writes the answer proper, which in JSON 1.1 is the first
// event.
func writeInitialResponse(w io.Writer) error {
	return writeFrame(w, "event", "initial-response", "application/x-amz-json-1.1", []byte("{}"))
}

func writeEvent(w io.Writer, payload []byte) error {
	return writeFrame(w, "event", "SubscribeToShardEvent", "application/json", payload)
}

// writeException writes an error, after which nothing follows.
func writeException(w io.Writer, cause error) error {
	var e *awsjson.Error
	if !errors.As(cause, &e) {
		return cause
	}
	payload, err := json.Marshal(map[string]string{"message": e.Message})
	if err != nil {
		return err
	}
	return writeFrame(w, "exception", e.Code, "application/json", payload)
}
