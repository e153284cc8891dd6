package main

import "bytes"

// idOf returns the value of the member id of a JSON object, nil if there is none
// or the object does not end where the text does. It walks through the whole
// object, strings and nesting included, but does not check what it need not
// understand to find its way.
func idOf(object []byte) []byte {
	if len(object) == 0 || object[0] != '{' {
		return nil
	}
	var id []byte
	for i := 1; i < len(object); {
		name, after := text(object, i)
		if after < 0 || after >= len(object) || object[after] != ':' {
			return nil
		}
		end := skip(object, after+1)
		if end < 0 || end >= len(object) {
			return nil
		}
		if string(name) == "id" && object[after+1] == '"' {
			id = object[after+2 : end-1]
		}
		switch object[end] {
		case ',':
			i = end + 1
		case '}':
			if end != len(object)-1 {
				return nil
			}
			return id
		default:
			return nil
		}
	}
	return nil
}

// text returns the string that begins at i, without its quotes, and where what
// follows it begins, -1 if there is no string.
func text(b []byte, i int) (value []byte, after int) {
	if i >= len(b) || b[i] != '"' {
		return nil, -1
	}
	begin := i + 1
	for at := begin; ; at++ {
		n := bytes.IndexByte(b[at:], '"')
		if n < 0 {
			return nil, -1
		}
		at += n
		if !escaped(b[begin:at]) {
			return b[begin:at], at + 1
		}
	}
}

// escaped tells whether what follows s is escaped: an odd number of backslashes
// stands at its end.
func escaped(s []byte) bool {
	n := 0
	for n < len(s) && s[len(s)-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

// skip returns where what follows the value at i begins, -1 if it has no end.
func skip(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			_, i = text(b, i)
			if i < 0 {
				return -1
			}
			if depth == 0 {
				return i
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i // a number or a word ended before
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return -1
}
