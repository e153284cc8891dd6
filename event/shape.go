package event

import "encoding/binary"

const (
	// shapeNodes, shapeTexts and shapeLength bound what is learnt: places of
	// scalars, different texts between them, and the scalars of one event. KORE's
	// seven types with and without what they may lack take about a third.
	shapeNodes  = 1 << 10
	shapeTexts  = 1 << 8
	shapeLength = 128
	// shapeWords is how long a text that is learnt is at most, in words. The
	// longest of KORE's ends one object and has a name of 30 letters.
	shapeWords  = 6
	longestText = 8 * shapeWords
	// longestEvent is the longest event that is learnt. A longer one has long
	// strings, which are most of the work anyway, or lists, and then it does not
	// come again.
	longestEvent = 4 << 10
	// shapeBranches is how many texts are known to follow one.
	shapeBranches = 8
)

// shapes is what a scanner learnt of the form of earlier events: of all their
// text that is not a scalar, which is to say names, brackets, colons, commas and
// white space. Nearly every event has it byte for byte in common with one of the
// last events. Such an event is compared instead of read.
//
// It is a tree. A path from its root to an end is the text of an event that was
// read and found to be good, cut up where its scalars were. So an event whose
// text is that of a path, with a valid scalar of any kind wherever one was, is
// good as well: put one valid scalar for another, and JSON stays JSON, no name
// comes twice, no object is nested deeper, and the members that are wanted are
// the same ones. There is nothing more to it, and each scalar is still read as
// strictly as any other. An event of which this cannot be said is read anew from
// its beginning, as if it had never been compared.
type shapes struct {
	// known is made when the first event is read.
	known *shapeTree
	// scalars are those of the event that is learnt.
	scalars []element
	// full says that there was no room for an event. Then all is forgotten and
	// learnt again, but for what no event has any more. A stream whose names are
	// never the same would have it learnt in vain again and again: so if that was
	// not long ago, measured in events by age, what is known is kept first for pause
	// events, of which rest are left, and each time for twice as many.
	full             bool
	age, rest, pause uint32
	// endings is made when the first ending is kept, and holds none but of nodes
	// that are known.
	endings *endings
}

const (
	// learntLong is for how many events what was learnt must have done.
	learntLong               = 1000
	shortPause, longestPause = 64, 1 << 16
)

// shapeTree has neither slices nor pointers: there are many Decoders, the
// garbage collector need not look into them, and the places in it need no check.
type shapeTree struct {
	// node holds what is known, from the root on, which is no text.
	node  [shapeNodes]shapeNode
	nodes int
	// text holds the different texts.
	text  [shapeTexts]shapeText
	texts int
}

// shapeNode is a text where an event had it, and the scalar behind it.
type shapeNode struct {
	// text is which text it is, and length how long.
	text, length uint8
	// last says that the text ends the event, so that no scalar follows.
	last bool
	// part is what the scalar means. That depends on the path alone, since a
	// scanner always looks the same number of levels deep into its events.
	part part
	// begins and ends are 0 unless the object or array that is the data does so
	// in this text: then begins is one more than the bytes before its first
	// bracket, and ends the bytes up to its last one.
	begins, ends uint8
	// child is the youngest of the nodes that come next, and sibling the next of
	// the same parent's children; 0 if there is none.
	child, sibling uint16
	// turn is the node's own place if an ending may begin behind its scalar, the
	// last one that is no part that many events have alike; otherwise 0.
	turn uint16
}

// shapeText is a text in words: the first and the last, the second and the second
// to last, the third and the third to last. They overlap unless the text's length
// makes that needless. A text that is shorter than a word is the first and the
// last, and mask are the bits of them that belong to it.
type shapeText struct {
	word [shapeWords]uint64
	mask uint64
}

// begin makes the scanner expect an event.
func (h *shapes) begin() {
	if h.known == nil {
		h.known, h.full, h.age = new(shapeTree), true, learntLong
	}
	h.age++
	if h.full {
		h.forget()
	}
}

// forget empties the tree, or lets another event pass before it does.
func (h *shapes) forget() {
	if h.rest > 0 {
		h.rest--
		return
	}
	*h.known, h.full = shapeTree{}, false
	h.known.nodes = 1
	if h.endings != nil {
		*h.endings = endings{}
	}
	if h.age > learntLong {
		h.pause = 0
	} else {
		h.pause = min(max(2*h.pause, shortPause), longestPause)
	}
	h.rest, h.age = h.pause, 0
}

// compare reads the event at i if it is of a known shape, and returns the place
// behind it; otherwise -1, and nothing is wrong with it yet.
func (s *scanner) compare(i int) int {
	src, t, found := s.src, s.shapes.known, &s.wanted.found
	n := &t.node[0]
	s.survey(i)
	turn, turned := uint16(0), 0
	for {
		if n.turn > 0 {
			if end := s.ending(n.turn, i); end >= 0 {
				return end
			}
			turn, turned = n.turn, i
		}
		if n = t.next(n.child, src[i:]); n == nil {
			return -1
		}
		if n.begins|n.ends > 0 {
			found[partData].limit(i, n)
		}
		i += int(n.length)
		if n.last {
			if turn > 0 {
				s.keepEnding(turn, turned, i)
			}
			return i
		}
		begin := i
		if src[i] == '"' {
			if end := s.skip(i + 1); end < len(src) && src[end] == '"' {
				i = end + 1
				if n.part != nothing {
					found[n.part] = span{start: begin, end: i}
				}
				continue
			}
		}
		if i = s.scalar(i); i < 0 {
			return -1
		}
		if n.part != nothing {
			found[n.part] = span{start: begin, end: i, escaped: s.escape >= begin}
		}
	}
}

// scalar reads the scalar at i, whichever it is.
func (s *scanner) scalar(i int) int {
	switch c := s.src[i]; {
	case c == '"':
		return s.str(i)
	case c == '-' || c-'0' <= 9:
		return s.number(i)
	default:
		return s.literal(i)
	}
}

// limit sets the beginning or end, or both, of data that is no scalar, of which
// the node whose text is at i knows.
func (v *span) limit(i int, n *shapeNode) {
	if n.begins > 0 {
		v.start = i + int(n.begins) - 1
	}
	if n.ends > 0 {
		v.end = i + int(n.ends)
	}
}

// sight is how far next looks: as far as a text may reach and the scalar behind
// it begins, and as far as a place of six bits can be with a word behind it.
const sight = 64 + 8

// next returns the first of a node and its siblings that is what rest begins
// with; nil if none is.
func (t *shapeTree) next(at uint16, rest []byte) *shapeNode {
	if len(rest) < sight {
		// No text has the zeros that are put behind the end.
		rest = append(make([]byte, 0, sight), rest...)[:sight]
	}
	b := (*[sight]byte)(rest)
	for head := word(b, 0); at != 0; {
		n := &t.node[at%shapeNodes]
		text := &t.text[n.text]
		differs := ((head ^ text.word[0]) | (word(b, max(n.length, 8)-8) ^ text.word[1])) & text.mask
		if n.length > 16 {
			differs |= (word(b, 8) ^ text.word[2]) | (word(b, n.length-16) ^ text.word[3])
			if n.length > 32 {
				differs |= (word(b, 16) ^ text.word[4]) | (word(b, n.length-24) ^ text.word[5])
			}
		}
		if differs == 0 && n.goesOn(b) {
			return n
		}
		at = n.sibling
	}
	return nil
}

func word(b *[sight]byte, at uint8) uint64 { return binary.LittleEndian.Uint64(b[at%64:]) }

// goesOn reports whether behind the node's text, which b begins with, a scalar
// may follow if one must. Where an event has an object, another may have null.
func (n *shapeNode) goesOn(b *[sight]byte) bool {
	c := b[n.length%64]
	return n.last || c|' ' != '{' && c > 0
}
