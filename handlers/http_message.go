package handlers

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"korestream/consumer"
	"korestream/event"
)

// cloudEvents is the version that the messages have.
const cloudEvents = "1.0"

// sourceOf is an event's source, or the stream for one that has none.
func sourceOf(d *consumer.Delivery) string {
	if d.Event.Source != "" {
		return d.Event.Source
	}
	return "/kinesis/" + d.Stream
}

// binaryMessage puts the attributes into headers. What is absent is left out.
func binaryMessage(d *consumer.Delivery) httpMessage {
	e := d.Event
	parent, state := e.TraceContext()
	h := http.Header{}
	contentType := e.DataContentType
	if contentType == "" || headerText(contentType) != strings.ReplaceAll(contentType, " ", "%20") {
		contentType = "application/json" // it has none, or one that no header can hold
	}
	h.Set("Content-Type", contentType)
	for name, value := range map[string]string{
		"ce-specversion": cloudEvents, "ce-id": e.ID, "ce-type": e.Type, "ce-source": sourceOf(d),
		"ce-subject": e.Subject, "ce-dataschema": e.DataSchema, "ce-time": timeText(e),
		"ce-traceparent": parent, "ce-tracestate": state,
	} {
		if value != "" {
			h.Set(name, headerText(value))
		}
	}
	return httpMessage{h, bytes.Clone(e.Data)}
}

// timeText is the event's time as received if it is one, or nothing.
func timeText(e *event.Event) string {
	if e.Time.IsZero() {
		return ""
	}
	return e.TimeText
}

// headerText encodes what a header cannot hold, as the binding wants it: what is
// not printable ASCII, the space, the quote and the percent sign, byte by byte.
func headerText(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c < 0x21 || c > 0x7e || c == '"' || c == '%' {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func structuredMessage(d *consumer.Delivery) httpMessage {
	return httpMessage{http.Header{"Content-Type": {"application/cloudevents+json; charset=utf-8"}}, bytes.Clone(structured(d))}
}

func batchMessage(ds []*consumer.Delivery) httpMessage {
	body := []byte{'['}
	for i, d := range ds {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, structured(d)...)
	}
	return httpMessage{http.Header{"Content-Type": {"application/cloudevents-batch+json; charset=utf-8"}}, append(body, ']')}
}

// structured is the event as received, or made anew if it lacks what a
// CloudEvent must have.
func structured(d *consumer.Delivery) []byte {
	e := d.Event
	if e.SpecVersion == cloudEvents && e.Source != "" && (e.TimeText == "" || !e.Time.IsZero()) {
		return e.Raw
	}
	whole := struct {
		SpecVersion     string          `json:"specversion"`
		ID              string          `json:"id"`
		Type            string          `json:"type"`
		Source          string          `json:"source"`
		Time            string          `json:"time,omitempty"`
		Subject         string          `json:"subject,omitempty"`
		DataSchema      string          `json:"dataschema,omitempty"`
		DataContentType string          `json:"datacontenttype,omitempty"`
		Data            json.RawMessage `json:"data,omitempty"`
	}{cloudEvents, e.ID, e.Type, sourceOf(d), timeText(e), e.Subject, e.DataSchema, e.DataContentType, e.Data}
	text, err := json.Marshal(whole)
	if err != nil {
		return e.Raw // never: the data are valid JSON, the rest is text
	}
	return text
}

// signature signs a body and the time.
func signature(secret string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// secretFile is a file with a secret, read again when it changes. It is safe for
// concurrent use.
type secretFile struct {
	path string

	mu    sync.Mutex // guards the fields below
	value string
	size  int64
	at    time.Time
}

func newSecretFile(path string) *secretFile { return &secretFile{path: path} }

// read returns the secret, without the white space around it; nothing if there is
// no file to read.
func (s *secretFile) read() (string, error) {
	if s.path == "" {
		return "", nil
	}
	info, err := os.Stat(s.path)
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.value != "" && info.Size() == s.size && info.ModTime().Equal(s.at) {
		return s.value, nil
	}
	text, err := os.ReadFile(s.path)
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	value := strings.TrimSpace(string(text))
	if value == "" {
		return "", fmt.Errorf("read secret: %s is empty", s.path)
	}
	s.value, s.size, s.at = value, info.Size(), info.ModTime()
	return value, nil
}
