package catalogue

import (
	"strings"
	"unicode"
)

// What a text may have that goes from the wire into logs and reports.
const (
	maxPart   = 64
	maxText   = 200
	maxDigits = 7 // a SIM's numbers have more, dates and codes fewer
)

// mask makes a text of the wire fit to be shown: a part of it, between dots,
// slashes or colons, that has as many digits as somebody's number, is long or
// cannot be printed becomes a star.
func mask(text string) string {
	var b strings.Builder
	for text != "" && b.Len() < maxText {
		end := strings.IndexAny(text, "./:")
		part, rest := text, ""
		if end >= 0 {
			part, rest = text[:end], text[end:]
		}
		if hidden(part) {
			part = "*"
		}
		b.WriteString(part)
		if rest != "" {
			b.WriteByte(rest[0])
			rest = rest[1:]
		}
		text = rest
	}
	if text != "" {
		b.WriteString("…")
	}
	return b.String()
}

func hidden(part string) bool {
	if len(part) > maxPart {
		return true
	}
	digits := 0
	for _, r := range part {
		if unicode.IsDigit(r) {
			digits++
		}
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar || digits > maxDigits {
			return true
		}
	}
	return false
}
