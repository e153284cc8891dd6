package handlers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"sync/atomic"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// rule is one entry of a [Shape] at work.
type rule struct {
	// setting is redact or project, text the entry as it was written.
	setting, text string
	mode          redactMode
	key           []byte
	// matches counts the members that it has matched.
	matches atomic.Int64
}

// disguise returns the JSON string that takes the place of a JSON value, which
// is neither an object nor a list nor null.
func (r *rule) disguise(value []byte) []byte {
	text := value
	if value[0] == '"' {
		text = unquote(value)
	}
	quoted, _ := jsontext.AppendQuote(nil, r.disguiseText(string(text))) // valid, for it was
	return quoted
}

// disguiseText is what of a text is to be seen; nothing if it is removed.
func (r *rule) disguiseText(text string) string {
	switch r.mode {
	case redactMask:
		return mask(text)
	case redactHash:
		mac := hmac.New(sha256.New, r.key)
		mac.Write([]byte(text))
		return hex.EncodeToString(mac.Sum(nil))
	}
	return ""
}

const (
	stars = "****"
	// maskShows is how many characters a mask leaves, and maskFrom how many a
	// text must have for that: of a shorter one they would be most.
	maskShows, maskFrom = 4, 8
)

func mask(text string) string {
	if utf8.RuneCountInString(text) < maskFrom {
		return stars
	}
	at := len(text)
	for range maskShows {
		_, size := utf8.DecodeLastRuneInString(text[:at])
		at -= size
	}
	return stars + text[at:]
}
