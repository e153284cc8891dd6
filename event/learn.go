package event

import "slices"

// learn adds the event between begin and end, which was read and found to be
// JSON, to what is known. What goes beyond a bound is not learnt.
func (s *scanner) learn(begin, end int) {
	h := &s.shapes
	if h.full || end-begin > longestEvent || !s.learnable() || !s.divide(begin, end) {
		return
	}
	at, turn, shared := uint16(0), uint16(0), 0
	for _, scalar := range h.scalars {
		if at = s.grow(at, begin, scalar.start, false); at == 0 {
			h.full = true
			return
		}
		begin = scalar.end
		if h.known.node[at].part.isShared() {
			shared++
		} else {
			turn, shared = at, 0
		}
	}
	h.full = s.grow(at, begin, end, true) == 0
	if turn > 0 && shared > 1 && !h.full {
		h.known.node[turn].turn = turn
	}
}

// learnable reports whether what is wanted of the event are scalars, but for the
// data. Other objects and arrays are as good as absent where they are not what
// makes the event be refused: they are not worth a place in a node.
func (s *scanner) learnable() bool {
	for p, v := range s.wanted.found {
		if v.end > 0 && part(p) != partData && isComposite(s.src[v.start]) {
			return false
		}
	}
	return true
}

func isComposite(first byte) bool { return first == '{' || first == '[' }

// divide notes the scalars between begin and end, which are JSON, and reports
// whether they and the texts between them are within the bounds.
func (s *scanner) divide(begin, end int) bool {
	scalars, last := s.shapes.scalars[:0], begin
	for i := begin; i < end; {
		start := i
		switch c := s.src[i]; {
		case c == '"':
			i = s.str(i)
			if next := s.space(i); next < end && s.src[next] == ':' {
				continue // it is a name
			}
		case c == '-' || c-'0' <= 9:
			i = s.number(i)
		case 'a' <= c && c <= 'z':
			i = s.literal(i)
		default:
			i++
			continue
		}
		if start-last > longestText || len(scalars) == shapeLength {
			return false
		}
		scalars, last = append(scalars, element{start, i}), i
	}
	s.shapes.scalars = scalars
	return end-last <= longestText
}

// grow returns the child of a node that is the text between begin and end, and
// adds it unless it is there already. It returns 0 if there is no room.
func (s *scanner) grow(parent uint16, begin, end int, last bool) uint16 {
	t := s.shapes.known
	text, ok := t.textOf(s.src[begin:end])
	if !ok {
		return 0
	}
	for at := t.node[parent].child; at != 0; at = t.node[at].sibling {
		if n := &t.node[at]; n.text == text && int(n.length) == end-begin {
			return at
		}
	}
	if t.nodes == shapeNodes {
		return 0
	}
	n := shapeNode{text: text, length: uint8(end - begin), last: last}
	s.mark(&n, begin, end)
	return t.add(parent, n)
}

// mark notes in a node, whose text is between begin and end, what is wanted of
// the text and of the scalar behind it.
func (s *scanner) mark(n *shapeNode, begin, end int) {
	for p, v := range s.wanted.found {
		if v.end > 0 && v.start == end {
			n.part = part(p)
		}
	}
	data := s.wanted.found[partData]
	if data.end == 0 || !isComposite(s.src[data.start]) {
		return
	}
	if begin <= data.start && data.start < end {
		n.begins = uint8(data.start - begin + 1)
	}
	if begin < data.end && data.end <= end {
		n.ends = uint8(data.end - begin)
	}
}

// add makes a node the youngest child of another, and drops the oldest where
// there are too many: one is reached no more then, and nor are those behind it.
func (t *shapeTree) add(parent uint16, n shapeNode) uint16 {
	at := uint16(t.nodes)
	t.nodes++
	n.sibling = t.node[parent].child
	t.node[at], t.node[parent].child = n, at
	child := at
	for range shapeBranches - 1 {
		if child = t.node[child].sibling; child == 0 {
			return at
		}
	}
	t.node[child].sibling = 0
	return at
}

// textOf returns the place of a text, unless there is no room. Learning is rare
// enough to look through them all.
func (t *shapeTree) textOf(b []byte) (uint8, bool) {
	text := inWords(b)
	if at := slices.Index(t.text[:t.texts], text); at >= 0 {
		return uint8(at), true
	}
	if t.texts == shapeTexts {
		return 0, false
	}
	t.text[t.texts] = text
	t.texts++
	return uint8(t.texts - 1), true
}

// inWords returns a text that is neither empty nor too long.
func inWords(b []byte) shapeText {
	t := shapeText{mask: ^uint64(0)}
	if len(b) < 8 {
		t.mask = 1<<(8*len(b)) - 1
	}
	var text [sight]byte
	copy(text[:], b)
	last := max(len(b), 8) - 8
	for i := 0; 8*i < max(len(b), 1); i += 2 {
		t.word[i], t.word[i+1] = word(&text, uint8(4*i)), word(&text, uint8(last-4*i))
	}
	return t
}
