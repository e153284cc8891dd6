package expr

import (
	"maps"
	"slices"

	"korestream/localstack/embed/internal/dynamo/attr"
)

// Projection is a list of paths that was read.
type Projection struct{ paths []Path }

// Projection reads a ProjectionExpression.
func (s *Scope) Projection(src string) (*Projection, error) {
	var out Projection
	err := s.run("ProjectionExpression", src, func(p *parser) {
		out.paths = append(out.paths, p.path())
		for p.accept(",") {
			out.paths = append(out.paths, p.path())
		}
		p.noOverlaps(out.paths)
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// noOverlaps refuses paths of which one leads through another.
func (p *parser) noOverlaps(paths []Path) {
	for i, a := range paths {
		for _, b := range paths[:i] {
			switch overlaps, conflicts := a.overlaps(b); {
			case overlaps:
				p.fail("Two document paths overlap with each other; must remove or rewrite one of these paths; path one: %s, path two: %s", b, a)
			case conflicts:
				p.fail("Two document paths conflict with each other; must remove or rewrite one of these paths; path one: %s, path two: %s", b, a)
			}
		}
	}
}

// Apply returns what the paths select of an item. Elements of a list come
// without those between them.
func (p *Projection) Apply(item attr.Item) attr.Item {
	out := &tree{}
	for _, path := range p.paths {
		if v, ok := path.lookup(item); ok {
			out.set(path, v)
		}
	}
	return out.item()
}

// tree is an item under construction, with lists by index.
type tree struct {
	members  map[string]*tree
	elements map[int]*tree
	leaf     *attr.Value
}

func (t *tree) set(path Path, v attr.Value) {
	if len(path) == 0 {
		t.leaf = &v
		return
	}
	s := path[0]
	if s.index >= 0 {
		if t.elements == nil {
			t.elements = make(map[int]*tree)
		}
		if t.elements[s.index] == nil {
			t.elements[s.index] = &tree{}
		}
		t.elements[s.index].set(path[1:], v)
		return
	}
	if t.members == nil {
		t.members = make(map[string]*tree)
	}
	if t.members[s.name] == nil {
		t.members[s.name] = &tree{}
	}
	t.members[s.name].set(path[1:], v)
}

func (t *tree) item() attr.Item {
	out := make(attr.Item, len(t.members))
	for name, m := range t.members {
		out[name] = m.value()
	}
	return out
}

func (t *tree) value() attr.Value {
	switch {
	case t.leaf != nil:
		return *t.leaf
	case t.elements != nil:
		v := attr.Value{Kind: attr.List}
		for _, i := range slices.Sorted(maps.Keys(t.elements)) {
			v.L = append(v.L, t.elements[i].value())
		}
		return v
	}
	return attr.Value{Kind: attr.Map, M: t.item()}
}
