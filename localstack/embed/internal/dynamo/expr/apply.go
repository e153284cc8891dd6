package expr

import (
	"cmp"
	"maps"
	"slices"

	"korestream/localstack/embed/internal/dynamo/attr"
)

// Roots returns the top-level names that the update touches.
func (u *Update) Roots() []string {
	var out []string
	for _, p := range u.paths {
		if !slices.Contains(out, p[0].name) {
			out = append(out, p[0].name)
		}
	}
	return out
}

// Touched returns of an item what the update's paths lead to: what UPDATED_OLD
// and UPDATED_NEW answer.
func (u *Update) Touched(item attr.Item) attr.Item {
	p := Projection{u.paths}
	return p.Apply(item)
}

// Apply returns the updated item; the given one is not changed.
func (u *Update) Apply(item attr.Item) (attr.Item, error) {
	out := attr.Value{Kind: attr.Map, M: item}
	var err error
	for _, a := range u.sets {
		v, err := present(a.value, item)
		if err != nil {
			return nil, err
		}
		if out, err = with(out, a.path, v); err != nil {
			return nil, err
		}
	}
	for _, c := range u.adds {
		old, ok := c.path.lookup(item)
		v, err := added(old, ok, c.value)
		if err != nil {
			return nil, err
		}
		if out, err = with(out, c.path, v); err != nil {
			return nil, err
		}
	}
	for _, c := range u.deletes {
		if out, err = deleteMembers(out, item, c); err != nil {
			return nil, err
		}
	}
	// The last elements first, so that indexes stay what they were.
	removes := slices.SortedFunc(slices.Values(u.removes), func(a, b Path) int { return cmp.Compare(b[len(b)-1].index, a[len(a)-1].index) })
	for _, p := range removes {
		if out, err = without(out, p); err != nil {
			return nil, err
		}
	}
	return out.M, nil
}

var errPath = invalid("The document path provided in the update expression is invalid for update")

// with returns v with the value at a path replaced.
func with(v attr.Value, path Path, to attr.Value) (attr.Value, error) {
	if len(path) == 0 {
		return to, nil
	}
	s := path[0]
	switch {
	case s.index < 0 && v.Kind == attr.Map:
		old, ok := v.M[s.name]
		if !ok && len(path) > 1 {
			return v, errPath
		}
		next, err := with(old, path[1:], to)
		if err != nil {
			return v, err
		}
		m := maps.Clone(v.M)
		if m == nil {
			m = make(attr.Item)
		}
		m[s.name] = next
		return attr.Value{Kind: attr.Map, M: m}, nil
	case s.index >= 0 && v.Kind == attr.List:
		if s.index >= len(v.L) {
			if len(path) > 1 {
				return v, errPath
			}
			// Beyond the end is at the end.
			return attr.Value{Kind: attr.List, L: append(slices.Clone(v.L), to)}, nil
		}
		next, err := with(v.L[s.index], path[1:], to)
		if err != nil {
			return v, err
		}
		l := slices.Clone(v.L)
		l[s.index] = next
		return attr.Value{Kind: attr.List, L: l}, nil
	}
	return v, errPath
}

// without returns v without what is at a path. What is not there cannot be
// removed, which is no error; a path that leads nowhere is.
func without(v attr.Value, path Path) (attr.Value, error) {
	s, last := path[0], len(path) == 1
	switch {
	case s.index < 0 && v.Kind == attr.Map:
		old, ok := v.M[s.name]
		switch {
		case !ok && last:
			return v, nil
		case !ok:
			return v, errPath
		}
		m := maps.Clone(v.M)
		if last {
			delete(m, s.name)
			return attr.Value{Kind: attr.Map, M: m}, nil
		}
		next, err := without(old, path[1:])
		m[s.name] = next
		return attr.Value{Kind: attr.Map, M: m}, err
	case s.index >= 0 && v.Kind == attr.List:
		switch {
		case s.index >= len(v.L) && last:
			return v, nil
		case s.index >= len(v.L):
			return v, errPath
		}
		l := slices.Clone(v.L)
		if last {
			return attr.Value{Kind: attr.List, L: slices.Delete(l, s.index, s.index+1)}, nil
		}
		next, err := without(l[s.index], path[1:])
		l[s.index] = next
		return attr.Value{Kind: attr.List, L: l}, err
	}
	return v, errPath
}

// added is what ADD makes of a value.
func added(old attr.Value, exists bool, v attr.Value) (attr.Value, error) {
	switch {
	case !exists:
		return v, nil
	case old.Kind != v.Kind:
		return v, invalid("An operand in the update expression has an incorrect data type")
	case v.Kind == attr.Number:
		n, err := attr.AddNumbers(old.S, v.S)
		return attr.Value{Kind: attr.Number, S: n}, err
	}
	set := append(slices.Clone(old.Set), v.Set...)
	slices.Sort(set)
	return attr.Value{Kind: v.Kind, Set: slices.Compact(set)}, nil
}

// deleteMembers is what DELETE makes of a set. One without members is removed.
func deleteMembers(out attr.Value, item attr.Item, c change) (attr.Value, error) {
	old, ok := c.path.lookup(item)
	switch {
	case !ok:
		return out, nil
	case old.Kind != c.value.Kind:
		return out, invalid("An operand in the update expression has an incorrect data type")
	}
	left := slices.DeleteFunc(slices.Clone(old.Set), func(m string) bool { return slices.Contains(c.value.Set, m) })
	if len(left) == 0 {
		return without(out, c.path)
	}
	return with(out, c.path, attr.Value{Kind: old.Kind, Set: left})
}
