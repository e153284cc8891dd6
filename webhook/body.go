package webhook

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"

	"korestream/event"
)

// content is what a body holds.
type content uint8

const (
	contentNone content = iota
	contentJSON
	contentForm
)

// contentOf reads the headers that describe the body. A compressed one is refused
// unread: KORE sends none, and its size would be known only by unpacking it.
func contentOf(h http.Header) (content, outcome) {
	if e := h.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return contentNone, encoded
	}
	if len(h.Values("Content-Type")) > 1 {
		return contentNone, badType
	}
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if charset := params["charset"]; err != nil || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return contentNone, badType
	}
	switch kind {
	case "application/json", "application/cloudevents+json", "application/cloudevents-batch+json":
		return contentJSON, accepted
	case "application/x-www-form-urlencoded":
		return contentForm, accepted
	}
	return contentNone, badType
}

// readBody reads all of the body, most bytes of it.
func readBody(w http.ResponseWriter, r *http.Request, most int64) ([]byte, outcome) {
	if r.ContentLength > most {
		return nil, tooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	var large *http.MaxBytesError
	switch {
	case err == nil:
		return body, accepted
	case errors.As(err, &large):
		return nil, tooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, tooSlow
	}
	return nil, badBody
}

// record is one event on its way to the stream.
type record struct {
	// id is what repeats of the event are recognised by, empty if by nothing.
	id string
	// key is the partition key.
	key  string
	data []byte
	// event is what the data hold, nil if that is no event.
	event *event.Event
}

// decode reads a verified body. It is strict about the body's end: bytes behind the
// JSON value or outside of a form's alphabet are how a hash is prolonged by someone
// who does not know the secret.
//
// What is well-formed but no event, one without an id for instance, is a record
// nevertheless. The consumer buries it with the reason; refused here, it would take
// the other events of its request along, for KORE repeats no request that got a 4xx.
func (h *Handler) decode(c content, token string, body []byte) ([]record, outcome) {
	if c == contentForm {
		text, ok := wrapForm(token, body)
		if !ok {
			return nil, badBody
		}
		body = text
	}
	items, err := event.Decode(body)
	if err != nil {
		return nil, badBody
	}
	records := make([]record, len(items))
	for i, item := range items {
		records[i] = h.record(item)
	}
	return records, accepted
}

// maxKey is the longest partition key, see
// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecordsRequestEntry.html.
const maxKey = 256

func (h *Handler) record(item event.Item) record {
	r := record{data: item.Raw, event: item.Event}
	if e := item.Event; e != nil {
		r.id, r.key = h.identity(e), h.cfg.LaneKey.PartitionKey(e)
		if r.key == "" {
			r.key = e.ID
		}
	}
	if r.key == "" || len(r.key) > maxKey {
		r.key = fingerprint([]byte(r.key), item.Raw)
	}
	return r
}

// fingerprint is short and the same for the same parts.
func fingerprint(parts ...[]byte) string {
	h := sha256.New()
	for _, p := range parts {
		sum := sha256.Sum256(p) // of one length, so that parts have borders
		h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
