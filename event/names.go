package event

// manyNames is how many names of an object are told apart without a map.
const manyNames = 64

// keptNames bounds what a nameTable keeps from one payload to the next.
const keptNames = 1024

// nameSet belongs to one object and says that a name is certainly new, or may
// be there already. Of the 25 names in KORE's data, one or two look as if they
// were there and are compared with the others.
type nameSet struct {
	bits [4]uint64
	// first is the place of the object's first name in the nameTable.
	first int
}

// nameTable holds the names of all objects that are open, innermost last. It
// answers the question whether an object has a name twice, without allocating
// for objects of a usual size and without comparing each with each in large ones.
type nameTable struct {
	names []name
	// copied holds the names that are not found in the source as they are: those
	// that have escapes.
	copied []byte
	// large are, by level, the names of the objects that have many. A level's map
	// is made anew when the number of names in an object passes manyNames, so
	// that one left by an earlier object is never looked at.
	large map[int]map[string]struct{}
}

// name is one name: a place in the source or in copied.
type name struct {
	start, length uint32
	hash          uint32
	copied        bool
}

func (t *nameTable) reset() {
	t.names, t.copied, t.large = t.names[:0], t.copied[:0], nil
	if cap(t.names) > keptNames {
		t.names = nil
	}
	if cap(t.copied) > arenaBlock {
		t.copied = nil
	}
}

func (t *nameTable) enter(set *nameSet) { *set = nameSet{first: len(t.names)} }

func (t *nameTable) leave(set *nameSet) { t.names = t.names[:set.first] }

// add takes the name whose quotes begin at start and end before end, for the
// innermost object, which is at depth. It reports whether it is new to it.
func (t *nameTable) add(set *nameSet, depth int, source []byte, start, end int, escaped bool) bool {
	text := source[start+1 : end-1]
	if !escaped {
		return t.put(set, depth, source, text, name{start: uint32(start + 1)})
	}
	n := name{start: uint32(len(t.copied)), copied: true}
	t.copied = unescape(t.copied, text)
	return t.put(set, depth, source, t.copied[n.start:], n)
}

// put takes the name n, whose text is text.
func (t *nameTable) put(set *nameSet, depth int, source, text []byte, n name) bool {
	n.length = uint32(len(text))
	h := hash(text)
	n.hash = uint32(h)
	word, bit := &set.bits[h>>62], uint64(1)<<(h>>56&63)
	if *word&bit != 0 && !t.isNew(set, depth, source, n) {
		return false
	}
	*word |= bit
	t.names = append(t.names, n)
	if len(t.names)-set.first == manyNames {
		t.enlarge(set, depth, source)
	}
	return true
}

// isNew looks for a name that the nameSet does not know to be new.
func (t *nameTable) isNew(set *nameSet, depth int, source []byte, n name) bool {
	text := t.text(source, n)
	own := t.names[set.first:]
	if len(own) >= manyNames {
		large := t.large[depth]
		before := len(large)
		large[string(text)] = struct{}{}
		return len(large) > before
	}
	for _, o := range own {
		if o.hash == n.hash && string(t.text(source, o)) == string(text) {
			return false
		}
	}
	return true
}

// enlarge moves an object's names to a map, and sees to it that every further
// one is looked for there.
func (t *nameTable) enlarge(set *nameSet, depth int, source []byte) {
	m := make(map[string]struct{}, 2*manyNames)
	for _, n := range t.names[set.first:] {
		m[string(t.text(source, n))] = struct{}{}
	}
	if t.large == nil {
		t.large = map[int]map[string]struct{}{}
	}
	t.large[depth] = m
	for i := range set.bits {
		set.bits[i] = ^uint64(0)
	}
}

// text returns the text of a name.
func (t *nameTable) text(source []byte, n name) []byte {
	if n.copied {
		source = t.copied
	}
	return source[n.start : n.start+n.length]
}
