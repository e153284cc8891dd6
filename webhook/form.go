package webhook

import (
	"encoding/json"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// TypeCallback is the type of the events that older callbacks of KORE become, which
// are forms and no CloudEvents. Their data has the form's fields, each a list of
// values, and the body as received.
const TypeCallback = "korestream.webhook.callback"

// maxForm is more than a callback has. As an event it may become several times as
// large, for its text is escaped, and should fit in a record.
const maxForm = 64 << 10

// callback is the event of a form.
type callback struct {
	Data            callbackData `json:"data"`
	ID              string       `json:"id"`
	Time            string       `json:"time"`
	Type            string       `json:"type"`
	Source          string       `json:"source"`
	SpecVersion     string       `json:"specversion"`
	DataContentType string       `json:"datacontenttype"`
}

type callbackData struct {
	// SIM has the name that KORE's events have for it, so that lanes and
	// handlers find it.
	SIM    string              `json:"sim_sid,omitempty"`
	Fields map[string][]string `json:"fields"`
	Body   string              `json:"body"`
}

// wrapForm makes an event of a form. Its ID is made of the token and the body, so
// that a repeat is the same event; without a token a repeat cannot be told from a
// second callback that says the same, and each gets an ID of its own.
func wrapForm(token string, body []byte) ([]byte, bool) {
	if len(body) == 0 || len(body) > maxForm {
		return nil, false
	}
	for _, c := range body {
		if c <= ' ' || c > '~' {
			return nil, false
		}
	}
	fields, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, false
	}
	for name, values := range fields {
		if !utf8.ValidString(name) || !utf8.ValidString(strings.Join(values, "")) {
			return nil, false
		}
	}
	c := callback{
		Data: callbackData{Fields: fields, Body: string(body)}, ID: uuid.NewString(), Time: time.Now().UTC().Format(time.RFC3339Nano),
		Type: TypeCallback, Source: "korestream/webhook", SpecVersion: "1.0", DataContentType: "application/json",
	}
	if token != "" {
		c.ID = "callback-" + fingerprint([]byte(token), body)
	}
	for _, name := range []string{"SimSid", "sim_sid"} {
		if c.Data.SIM == "" {
			c.Data.SIM = fields.Get(name)
		}
	}
	text, err := json.Marshal(c)
	return text, err == nil
}
