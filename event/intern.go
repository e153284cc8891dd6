package event

// internedLength is the longest text that an interner keeps.
const internedLength = 256

// interner holds strings that nearly every event repeats, so that they are not
// copied once per event. Each pair of places holds the last two strings of one
// hash, which bounds it whatever is sent.
type interner struct {
	recent [256]string
}

// text returns b as a string.
func (n *interner) text(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if len(b) > internedLength {
		return string(b)
	}
	pair := n.recent[hash(b)>>57<<1:][:2]
	switch {
	case pair[0] == string(b):
		return pair[0]
	case pair[1] == string(b):
		return pair[1]
	}
	pair[1], pair[0] = pair[0], string(b)
	return pair[0]
}
