package event

// internedLength is the longest text that an interner keeps.
const internedLength = 256

// interner holds strings that nearly every event repeats, so that they are not
// copied once per event. Each pair of places holds the last two strings of one
// hash, which bounds it whatever is sent.
type interner struct {
	recent [256]string
	// last is, by part, what an event had last: mostly the next one has it again.
	last [parts]string
}

// text returns b, which is an event's part p, as a string.
func (n *interner) text(p part, b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if n.last[p] == string(b) {
		return n.last[p]
	}
	if len(b) > internedLength {
		return string(b)
	}
	pair := n.recent[hash(b)>>57<<1:][:2]
	switch {
	case pair[0] == string(b):
		n.last[p] = pair[0]
	case pair[1] == string(b):
		n.last[p] = pair[1]
	default:
		n.last[p] = string(b)
		pair[1], pair[0] = pair[0], n.last[p]
	}
	return n.last[p]
}
