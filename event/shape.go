package event

import "encoding/binary"

const (
	// shapeNodes, shapeNames and shapeLength bound what is learnt: places of
	// names, different names, and the names of one event. KORE's seven types with
	// and without what they may lack take about a third.
	shapeNodes  = 1 << 10
	shapeNames  = 1 << 7
	shapeLength = 128
	// longestName is the longest name that is learnt, as it is written.
	longestName = 40
	// shapeDepth is the deepest level whose names are learnt, KORE's go to 3.
	shapeDepth = 8
	// shapeBranches is how many names are known to follow one.
	shapeBranches = 8
)

// order says which name of its object a name is.
type order uint8

const (
	further order = iota
	first
)

// shapes is what a scanner learnt of the names of earlier events. Nearly every
// event has the names of one of the last events, in the same order: a name that
// stands where it was expected needs neither to be scanned nor to be looked up.
//
// It is a tree. A path from its root is a sequence of names as an event had
// them, each with its level and whether it was the first of its object. That is
// enough to say which names of the path are of one object. So what was found
// out about a name when it was learnt, that it is well-formed and new to its
// object, is true wherever an event has come along the same path, and it may be
// learnt from an event that turns out to be broken further on.
type shapes struct {
	// known is made when the first event is read.
	known *shapeTree
	// at is the name that was read last. following says that all names of the
	// event up to it are those on the path to it, and that the nameTable holds
	// none of them; learning, that they are, and that the nameTable has those of
	// the objects that are open.
	at                  uint16
	following, learning bool
	// full says that there was no room for a name. Then all is forgotten and
	// learnt again, but for what no event has any more. A stream whose names are
	// never the same would have it learnt in vain again and again: so if that was
	// not long ago, measured in events by age, what is known is kept first for pause
	// events, of which rest are left, and each time for twice as many.
	full             bool
	age, rest, pause uint32
}

const (
	// learntLong is for how many events what was learnt must have done.
	learntLong               = 1000
	shortPause, longestPause = 64, 1 << 16
)

// shapeTree has neither slices nor pointers: there are many Decoders, the
// garbage collector need not look into them, and the places in it need no check.
type shapeTree struct {
	// node holds what is known, from the root on, which is no name.
	node  [shapeNodes]shapeNode
	nodes int
	// name holds the different names.
	name  [shapeNames]shapeName
	names int
	// recent is, by hash, the last name that had it.
	recent [shapeNames]uint8
}

// shapeNode is a name where an event had it.
type shapeNode struct {
	name uint8
	// level is twice the depth, and one more for the first name of an object.
	level uint8
	// part is what it means. That depends on the path alone, since a scanner
	// that follows shapes always looks the same number of levels deep.
	part part
	// length is how many names the path has, this one included; written is the
	// length of the name.
	length, written uint8
	// parent is the name before it, child the youngest of those behind it, and
	// sibling the next of the parent's children; 0 if there is none.
	parent, child, sibling uint16
}

// shapeName is a name as it is written, from the quote to the colon, in words;
// the bits of mask are those that belong to it.
type shapeName struct {
	text, mask [longestName / 8]uint64
}

// begin makes the scanner expect an event's names.
func (h *shapes) begin() {
	if h.known == nil {
		h.known, h.full, h.age = new(shapeTree), true, learntLong
	}
	h.age++
	if h.full {
		h.forget()
	}
	h.at, h.following, h.learning = 0, true, false
}

// forget empties the tree, or lets another event pass before it does.
func (h *shapes) forget() {
	if h.rest > 0 {
		h.rest--
		return
	}
	*h.known, h.full = shapeTree{}, false
	h.known.nodes = 1
	if h.age > learntLong {
		h.pause = 0
	} else {
		h.pause = min(max(2*h.pause, shortPause), longestPause)
	}
	h.rest, h.age = h.pause, 0
}

// ignore makes the scanner expect nothing, and learn nothing.
func (h *shapes) ignore() { h.following, h.learning = false, false }

func levelOf(depth int, o order) uint8 { return uint8(2*depth) + uint8(o) }

// follow returns the node of the name at i if that is one that is expected
// there, otherwise 0.
func (h *shapes) follow(src []byte, i int, level uint8) uint16 {
	t := h.known
	at := t.node[h.at%shapeNodes].child
	if len(src)-i < longestName {
		var end [longestName]byte
		copy(end[:], src[i:])
		return t.find(&end, at, level)
	}
	return t.find((*[longestName]byte)(src[i:]), at, level)
}

// find returns the first of a node and its siblings that is the name at the
// beginning of b and of the given level, 0 if none is.
func (t *shapeTree) find(b *[longestName]byte, at uint16, level uint8) uint16 {
	for head := word(b, 0); at != 0; at = t.node[at%shapeNodes].sibling {
		n := &t.node[at%shapeNodes]
		name := &t.name[n.name%shapeNames]
		differs := (head^name.text[0])&name.mask[0] | (word(b, 1)^name.text[1])&name.mask[1] | uint64(n.level^level)
		if n.written > 16 {
			differs |= (word(b, 2)^name.text[2])&name.mask[2] | (word(b, 3)^name.text[3])&name.mask[3] | (word(b, 4)^name.text[4])&name.mask[4]
		}
		if differs == 0 {
			return at
		}
	}
	return 0
}

func word(b *[longestName]byte, i int) uint64 { return binary.LittleEndian.Uint64(b[8*i:]) }

// run reads the string at i, which is a member's value, and the members behind
// it for as long as they are expected and have strings or positive numbers. It
// returns the place behind the last of them or, and true, the place of a value
// of another kind whose name it has read.
//
// It does nothing that value would not do, but reads most of an event in half
// of the steps.
func (s *scanner) run(i, depth int) (int, bool) {
	src, t, level, looked := s.src, s.shapes.known, levelOf(depth, further), depth <= s.wanted.levels
	i = s.str(i)
	for uint(i) < uint(len(src)) && src[i] == ',' {
		text := src[i+1:]
		if len(text) <= longestName {
			break
		}
		at := t.find((*[longestName]byte)(text), t.node[s.shapes.at%shapeNodes].child, level)
		if at == 0 {
			break
		}
		n := &t.node[at%shapeNodes]
		next := i + 1 + int(n.written)
		c := src[next]
		if c <= ' ' {
			break
		}
		s.shapes.at = at
		if looked {
			s.take(depth, i)
			s.wanted.part[depth], s.wanted.begin[depth] = n.part, next
		}
		switch {
		case c == '"':
			i = s.str(next)
		case c-'0' <= 9:
			i = s.number(next)
		default:
			return next, true
		}
	}
	return i, false
}

// deviate is called at a name that is not expected. It puts the names that were
// followed so far, of the objects that are still open, into the nameTable,
// where the event's further names are compared with them.
func (s *scanner) deviate(depth int, o order) {
	s.shapes.following, s.shapes.learning = false, !s.shapes.full
	for d := 1; d <= depth; d++ {
		f := &s.frames[d]
		if f.closing != '}' {
			continue
		}
		s.names.enter(&f.seen)
		if d < depth || o != first {
			s.recall(f, d)
		}
	}
}

// recall puts the names that were followed in the object that is open at depth
// into the nameTable: those of its level on the way back to its first.
func (s *scanner) recall(f *frame, depth int) {
	t := s.shapes.known
	for at := s.shapes.at; at != 0; {
		n := t.node[at]
		if int(n.level/2) == depth {
			text := t.name[n.name].bytes()
			s.names.addCopy(&f.seen, depth, s.src, text[1:int(n.written)-len(`":`)])
			if n.level == levelOf(depth, first) {
				return
			}
		}
		at = n.parent
	}
}

// bytes returns the name as it is written, and zeros.
func (n *shapeName) bytes() (b [longestName]byte) {
	for i, w := range n.text {
		binary.LittleEndian.PutUint64(b[8*i:], w)
	}
	return b
}
