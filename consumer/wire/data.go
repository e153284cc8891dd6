package wire

import (
	"bytes"
	stdbase64 "encoding/base64"

	"github.com/segmentio/asm/base64"
)

// data reads base64 into the chunk. The text is not looked at before it is
// decoded: what would need that, a quote behind a backslash or a control
// character, is no base64, and the careful way is taken for it.
func (d *decoder) data(r *Record) bool {
	if d.next() != '"' {
		return false
	}
	data, end := d.plainData(d.at + 1)
	if end < 0 {
		return d.carefulData(r)
	}
	d.at = end + 1
	d.keep(r, data)
	return true
}

// plainData decodes the rest of base64 that stands there as it is, and returns it
// with the place of its quote, or -1. What it is in is no record's before it is
// kept.
func (d *decoder) plainData(i int) ([]byte, int) {
	// Data that do not fit, which those that are longer than the last may not, are
	// decoded twice.
	if d.chunk != nil && len(d.chunk.buf)-d.used >= d.last {
		if data, end := d.through(i); end >= 0 {
			return data, end
		}
	}
	text := d.text[i:]
	n := bytes.IndexByte(text, '"')
	if n < 0 {
		return nil, -1
	}
	text = text[:n]
	room := d.room(n / 4 * 3)
	got, err := base64.StdEncoding.Decode(room, text)
	if err != nil || got != decodedLen(text) {
		return nil, -1
	}
	return room[:got], i + n
}

// through decodes base64 into what is left of the chunk until the decoder stops,
// which it does at the quote if not before, and so looks at the text once. If the
// quote is where the text of so many bytes would end, then that was all of it: had
// the decoder skipped line ends it would be behind that place, which it passes if
// there is no quote.
func (d *decoder) through(i int) ([]byte, int) {
	room, text := d.chunk.buf[d.used:], d.text[i:]
	text = text[:min(len(text), len(room)/3*4)]
	got, err := base64.StdEncoding.Decode(room, text)
	end := (got + 2) / 3 * 4
	if err == nil || end >= len(text) || text[end] != '"' || decodedLen(text[:end]) != got {
		return nil, -1
	}
	return room[:got], i + end
}

// decodedLen is how many bytes a text makes that has nothing but base64; -1 if
// it cannot be one. The decoders skip line ends, so that a text which makes fewer
// has some.
func decodedLen(text []byte) int {
	n := len(text)
	switch {
	case n%4 != 0:
		return -1
	case n == 0 || text[n-1] != '=':
		return n / 4 * 3
	case text[n-2] != '=':
		return n/4*3 - 1
	default:
		return n/4*3 - 2
	}
}

func (d *decoder) carefulData(r *Record) bool {
	inner, escaped, ok := d.quoted()
	if !ok || !escaped {
		return false
	}
	if d.scratch, ok = unescape(d.scratch[:0], inner); !ok {
		return false
	}
	room := d.room(stdbase64.StdEncoding.DecodedLen(len(d.scratch)))
	n, err := stdbase64.StdEncoding.Decode(room, d.scratch)
	if err != nil {
		return false
	}
	d.keep(r, room[:n])
	return true
}
