package simstate

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"korestream/event"
)

// Stamp is an event's place in the history of its SIM.
type Stamp struct {
	// At is when the event happened, in UTC; zero when it does not say.
	At time.Time `json:"at,omitzero"`
	// Sent is the envelope's time. It decides between events of equal At.
	Sent time.Time `json:"sent,omitzero"`
	// ID is the event's identity, the same in every copy of it. It decides
	// where the times do not.
	ID string `json:"id"`
}

// compare orders stamps from the oldest to the youngest. The zero stamp, which
// has no ID, comes before that of any event.
func (s Stamp) compare(o Stamp) int {
	return cmp.Or(s.At.Compare(o.At), s.Sent.Compare(o.Sent), cmp.Compare(s.ID, o.ID))
}

// stampOf places an event whose data is c.
func stampOf(e *event.Event, c *event.Connection) Stamp {
	s := Stamp{At: moment(c.Timestamp), Sent: moment(e.Time), ID: clean(e.DedupeID())}
	if s.At.IsZero() {
		s.At = s.Sent
	}
	return s
}

// Known is a value of which only the youngest is of interest. The zero Known
// says that nothing is known.
type Known[T comparable] struct {
	Value T `json:"value"`
	// By is the event that told.
	By Stamp `json:"by"`
}

// IsKnown tells whether any event told the value.
func (k *Known[T]) IsKnown() bool { return k.By.ID != "" }

// tell takes the value over if it is younger, and says whether it did.
func (k *Known[T]) tell(v T, by Stamp) bool {
	if k.By.compare(by) >= 0 {
		return false
	}
	k.Value, k.By = v, by
	return true
}

// moment is t as a state can store it: in UTC, and zero when its year cannot be
// written in RFC 3339, which a time at the edge of the calendar and its zone
// may amount to.
func moment(t time.Time) time.Time {
	t = t.UTC()
	if y := t.Year(); y < 1 || y > 9999 {
		return time.Time{}
	}
	return t
}

// longestText bounds the texts of a state, and with them what a SIM takes up:
// KORE's own are far shorter.
const longestText = 256

// clean replaces NUL characters, which JSON has and neither PostgreSQL's text
// nor its jsonb can hold, and cuts what is too long. A hash takes the place of
// what was cut, so that texts that differ stay different.
func clean(s string) string {
	if len(s) > longestText {
		sum := sha256.Sum256([]byte(s))
		tail := "~" + hex.EncodeToString(sum[:])
		s = strings.ToValidUTF8(s[:longestText-len(tail)], "") + tail
	}
	return strings.ReplaceAll(s, "\x00", "\uFFFD")
}
