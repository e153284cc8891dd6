package handlers

import "errors"

// errNotJSON is for bytes that no line can be made of. An event that was
// decoded never has such bytes.
var errNotJSON = errors.New("not valid JSON: a string without an end or with a control character")

// appendCompact appends src without the blanks between its tokens, as
// json.Compact does, but trusts src to be valid JSON and so takes a fraction of
// the time. What it appends never holds a line break, valid or not.
func appendCompact(dst, src []byte) ([]byte, error) {
	from := 0
	for i := 0; i < len(src); {
		switch c := src[i]; {
		case c == '"':
			end := stringEnd(src, i+1)
			if end < 0 {
				return dst, errNotJSON
			}
			i = end
		case isBlank(c):
			dst = append(dst, src[from:i]...)
			for i++; i < len(src) && isBlank(src[i]); i++ {
			}
			from = i
		default:
			i++
		}
	}
	return append(dst, src[from:]...), nil
}

func isBlank(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

// stringEnd returns the index after the closing quote of the string whose text
// begins at i, or -1.
func stringEnd(src []byte, i int) int {
	for ; i < len(src); i++ {
		c := src[i]
		if c == '\\' {
			if i++; i == len(src) {
				return -1
			}
			c = 'x' // whatever is escaped does not end the string
		}
		if src[i] < ' ' {
			return -1
		}
		if c == '"' {
			return i + 1
		}
	}
	return -1
}
