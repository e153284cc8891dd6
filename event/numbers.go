package event

import "errors"

var errNumberEnd = errors.New("unexpected end of a number")

// number reads the number at i, which begins with a minus or a digit.
func (s *scanner) number(i int) int {
	src, start := s.src, i
	if src[i] == '-' {
		i++
	}
	switch {
	case i == len(src):
		return s.fail(start, errNumberEnd)
	case src[i] == '0':
		i++
	default:
		if i = s.digits(i, start); i < 0 {
			return -1
		}
	}
	if i < len(src) && src[i] == '.' {
		if i = s.digits(i+1, start); i < 0 {
			return -1
		}
	}
	if i < len(src) && src[i]|' ' == 'e' {
		i++
		if i < len(src) && (src[i] == '+' || src[i] == '-') {
			i++
		}
		return s.digits(i, start)
	}
	return i
}

// digits reads at least one digit of the number that begins at start.
func (s *scanner) digits(i, start int) int {
	first := i
	for i < len(s.src) && '0' <= s.src[i] && s.src[i] <= '9' {
		i++
	}
	switch {
	case i > first:
		return i
	case i == len(s.src):
		return s.fail(start, errNumberEnd)
	default:
		return s.odd(i, "in a number")
	}
}

// literal reads true, false or null at i; anything else does not begin a value.
func (s *scanner) literal(i int) int {
	var want string
	switch s.src[i] {
	case 't':
		want = "true"
	case 'f':
		want = "false"
	case 'n':
		want = "null"
	default:
		return s.odd(i, "at the start of a value")
	}
	if end := i + len(want); end <= len(s.src) && string(s.src[i:end]) == want {
		return end
	}
	for n := range len(want) {
		if i+n == len(s.src) {
			return s.fail(i+n, errEnd)
		}
		if s.src[i+n] != want[n] {
			return s.odd(i+n, "in "+want)
		}
	}
	return i + len(want)
}
