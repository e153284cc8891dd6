package expr

import "strings"

// kind is what a token is.
type kind uint8

const (
	end    kind = iota
	word        // an attribute's name, a keyword or a function
	name        // #name
	value       // :value
	number      // of a list's element
	symbol      // = <> < <= > >= ( ) [ ] , . + -
)

// token is one word of an expression and where it is.
type token struct {
	kind kind
	text string
	at   int
}

// is tells whether the token is the keyword, which is in capitals.
func (t token) is(keyword string) bool {
	return t.kind == word && strings.EqualFold(t.text, keyword)
}

func isWordByte(b byte) bool {
	return b == '_' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
}

// tokenize splits an expression; ok is false at a byte that begins no token,
// which is then the last token's.
func tokenize(src string) (tokens []token, ok bool) {
	for i := 0; i < len(src); {
		b := src[i]
		if b == ' ' || b == '\t' || b == '\n' || b == '\r' {
			i++
			continue
		}
		t := token{at: i}
		n := 1
		switch {
		case b == '#' || b == ':':
			t.kind = name
			if b == ':' {
				t.kind = value
			}
			n = 1 + wordLen(src[i+1:])
		case b >= '0' && b <= '9':
			t.kind = number
			n = wordLen(src[i:])
		case isWordByte(b):
			t.kind = word
			n = wordLen(src[i:])
		case strings.IndexByte("=<>()[],.+-", b) >= 0:
			t.kind = symbol
			if two := src[i:min(i+2, len(src))]; two == "<>" || two == "<=" || two == ">=" {
				n = 2
			}
		default:
			t.text = src[i : i+1]
			return append(tokens, t), false
		}
		t.text = src[i : i+n]
		tokens = append(tokens, t)
		i += n
	}
	return append(tokens, token{kind: end, text: "<EOF>", at: len(src)}), true
}

func wordLen(s string) int {
	n := 0
	for n < len(s) && isWordByte(s[n]) {
		n++
	}
	return n
}
