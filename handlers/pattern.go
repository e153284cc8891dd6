package handlers

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxPattern bounds a pattern's length; no event type of KORE's is near it.
const maxPattern = 256

// notInPatterns are the characters that make sense in a regular expression or
// a shell glob but in no event type. They are refused because a pattern that
// silently matches nothing is worse than one that is refused.
const notInPatterns = `^$[](){}|\?`

// Pattern selects events by type. Its '*' stands for any run of characters,
// dots and the empty run included; everything else stands for itself, in the
// case it is written. The zero Pattern matches nothing.
type Pattern struct {
	text string
	// parts are the literals between the stars: one part and no star, or
	// at least two. Those in the middle are never empty.
	parts []string
}

// ParsePattern reads a pattern such as "*.supersim.connection.*".
func ParsePattern(text string) (Pattern, error) {
	if err := checkPattern(text); err != nil {
		return Pattern{}, fmt.Errorf("pattern %q: %w", text, err)
	}
	all := strings.Split(text, "*")
	parts := []string{all[0]}
	for i, part := range all[1:] {
		if last := i == len(all)-2; part != "" || last {
			parts = append(parts, part)
		}
	}
	return Pattern{text: text, parts: parts}, nil
}

func checkPattern(text string) error {
	switch {
	case text == "":
		return errors.New("empty; * matches every event")
	case len(text) > maxPattern:
		return fmt.Errorf("%d bytes long; at most %d are allowed", len(text), maxPattern)
	case !utf8.ValidString(text):
		return errors.New("not valid UTF-8")
	}
	for _, r := range text {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			return fmt.Errorf("holds %q; an event type has neither blanks nor control characters", r)
		case strings.ContainsRune(notInPatterns, r):
			return fmt.Errorf("holds %q; this is not a regular expression: * stands for any run of characters, all else for itself", r)
		}
	}
	return nil
}

// Match tells whether the pattern covers all of eventType.
func (p Pattern) Match(eventType string) bool {
	switch len(p.parts) {
	case 0:
		return false
	case 1:
		return eventType == p.parts[0]
	}
	first, last := p.parts[0], p.parts[len(p.parts)-1]
	// The length is compared first: "ab*bc" must not match "abc" by using
	// its b twice.
	if len(eventType) < len(first)+len(last) || !strings.HasPrefix(eventType, first) || !strings.HasSuffix(eventType, last) {
		return false
	}
	rest := eventType[len(first) : len(eventType)-len(last)]
	for _, part := range p.parts[1 : len(p.parts)-1] {
		// The leftmost place leaves most room for the parts that follow, so
		// there is nothing to go back for.
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return true
}

// String is the pattern as it was written.
func (p Pattern) String() string { return p.text }

// Everything is the pattern of every event.
func Everything() []Pattern { return []Pattern{{text: "*", parts: []string{"", ""}}} }
