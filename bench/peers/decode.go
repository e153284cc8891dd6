package peers

import (
	"encoding/json"
	"fmt"
	"time"

	"korestream/event"
)

// Decoder says what reads the envelope of an event.
type Decoder string

// The decoders.
const (
	// DecodeJSON is encoding/json into a struct, as most programs have it.
	DecodeJSON Decoder = "json"
	// DecodeEvent is korestream's own decoder, so that a peer can be compared
	// without the difference that the decoder makes.
	DecodeEvent Decoder = "event"
)

// MarshalText implements encoding.TextMarshaler.
func (d Decoder) MarshalText() ([]byte, error) { return []byte(d), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Decoder) UnmarshalText(text []byte) error {
	switch got := Decoder(text); got {
	case DecodeJSON, DecodeEvent:
		*d = got
		return nil
	default:
		return fmt.Errorf("no decoder %q", text)
	}
}

// envelope is what a program that uses encoding/json has for a CloudEvent.
type envelope struct {
	ID              string          `json:"id"`
	Source          string          `json:"source"`
	SpecVersion     string          `json:"specversion"`
	Type            string          `json:"type"`
	DataSchema      string          `json:"dataschema"`
	DataContentType string          `json:"datacontenttype"`
	Time            time.Time       `json:"time"`
	Data            json.RawMessage `json:"data"`
}

// ID decodes an event and returns its id.
func (d Decoder) ID(payload []byte) (string, error) {
	if d == DecodeJSON {
		var e envelope
		if err := json.Unmarshal(payload, &e); err != nil {
			return "", fmt.Errorf("decode event: %w", err)
		}
		return e.ID, nil
	}
	items, err := event.Decode(payload)
	if err != nil {
		return "", fmt.Errorf("decode event: %w", err)
	}
	if len(items) != 1 || items[0].Err != nil {
		return "", fmt.Errorf("decode event: want one, got %d", len(items))
	}
	return items[0].Event.ID, nil
}
