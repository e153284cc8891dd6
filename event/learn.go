package event

import "encoding/binary"

// learn adds the name between start and end, which is new to its object, to the
// path that the event has come. What cannot be compared byte for byte, or goes
// beyond a bound, is not learnt, and nor is what follows it in the event.
func (s *scanner) learn(start, end, depth int, o order, meant part) {
	h := &s.shapes
	h.learning = false
	if depth > shapeDepth || s.escape > start || end == len(s.src) || s.src[end] != ':' {
		return
	}
	written, length := s.src[start:end+1], h.known.node[h.at].length
	if len(written) > longestName || length == shapeLength {
		return
	}
	name, ok := h.known.nameOf(written)
	if !ok || h.known.nodes == shapeNodes {
		h.full = true
		return
	}
	h.at = h.known.grow(h.at, shapeNode{name: name, level: levelOf(depth, o), part: meant, length: length + 1, written: uint8(len(written))})
	h.learning = true
}

// grow adds a child to a node, and drops the oldest where there are too many:
// one is reached no more then, and nor are those behind it.
func (t *shapeTree) grow(parent uint16, n shapeNode) uint16 {
	at := uint16(t.nodes)
	t.nodes++
	n.parent, n.sibling = parent, t.node[parent].child
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

// nameOf returns the place of a name as it is written, unless there is no room.
// One whose hash another one has meanwhile may take a second place.
func (t *shapeTree) nameOf(written []byte) (uint8, bool) {
	recent, name := &t.recent[hash(written)>>57], inWords(written)
	if t.name[*recent] == name {
		return *recent, true
	}
	if t.names == shapeNames {
		return 0, false
	}
	*recent = uint8(t.names)
	t.name[t.names] = name
	t.names++
	return *recent, true
}

// inWords returns a name that is not too long.
func inWords(written []byte) shapeName {
	var text [longestName]byte
	length := copy(text[:], written)
	var n shapeName
	for i := range n.text {
		n.text[i] = binary.LittleEndian.Uint64(text[8*i:])
		if bits := 8 * (length - 8*i); bits >= 64 {
			n.mask[i] = ^uint64(0)
		} else if bits > 0 {
			n.mask[i] = 1<<bits - 1
		}
	}
	return n
}
