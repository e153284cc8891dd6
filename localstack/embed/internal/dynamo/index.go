package dynamo

import (
	"slices"

	"korestream/localstack/embed/internal/dynamo/attr"
)

// index is a secondary index. Its items are computed when it is read.
type index struct {
	name       string
	key        schema
	projection projection
	global     bool
}

type projection struct {
	ProjectionType   string
	NonKeyAttributes []string `json:",omitempty"`
}

type indexInput struct {
	IndexName  string
	KeySchema  []keyElement
	Projection projection
}

func newIndex(in indexInput, types map[string]attr.Kind, global bool) (index, error) {
	key, err := newSchema(in.KeySchema, types)
	if err != nil {
		return index{}, err
	}
	switch in.Projection.ProjectionType {
	case "ALL", "KEYS_ONLY":
	case "INCLUDE":
		if len(in.Projection.NonKeyAttributes) == 0 {
			return index{}, invalid("One or more parameter values were invalid: ProjectionType is INCLUDE, but NonKeyAttributes is not specified")
		}
	default:
		return index{}, invalid("One or more parameter values were invalid: Unknown ProjectionType: %s", in.Projection.ProjectionType)
	}
	return index{in.IndexName, key, in.Projection, global}, nil
}

// view is what a Query or Scan reads: a table or one of its indexes.
type view struct {
	table   *table
	index   *index // nil: the table itself
	key     schema
	entries []entry
}

// view returns the table, or the index of that name.
func (t *table) view(name string) (view, error) {
	if name == "" {
		return view{t, nil, t.key, t.items}, nil
	}
	for i := range t.indexes {
		if t.indexes[i].name == name {
			return view{t, &t.indexes[i], t.indexes[i].key, t.indexed(&t.indexes[i])}, nil
		}
	}
	return view{}, invalid("The table does not have the specified index: %s", name)
}

// indexed returns the items that have the index's keys, projected and in its
// order.
func (t *table) indexed(ix *index) []entry {
	var out []entry
	for _, e := range t.items {
		if !has(e.item, ix.key.names()) {
			continue
		}
		out = append(out, entry{ix.key.place(e.item, t.key), t.project(ix, e.item)})
	}
	slices.SortFunc(out, func(a, b entry) int { return a.place.compare(b.place) })
	return out
}

func has(item attr.Item, names []string) bool {
	return !slices.ContainsFunc(names, func(n string) bool { _, ok := item[n]; return !ok })
}

func (t *table) project(ix *index, item attr.Item) attr.Item {
	if ix.projection.ProjectionType == "ALL" {
		return item
	}
	keep := slices.Concat(t.key.names(), ix.key.names(), ix.projection.NonKeyAttributes)
	out := make(attr.Item)
	for _, n := range keep {
		if v, ok := item[n]; ok {
			out[n] = v
		}
	}
	return out
}

// names are the attributes of a position in the view: the primary key, and the
// index's.
func (v view) names() []string {
	names := v.table.key.names()
	if v.index != nil {
		for _, n := range v.key.names() {
			if !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	return names
}

// after returns the place that a LastEvaluatedKey stands for.
func (v view) after(start attr.Item) (place, error) {
	if len(start) != len(v.names()) || !has(start, v.names()) {
		return place{}, invalid("The provided starting key is invalid")
	}
	for _, n := range v.names() {
		if start[n].Kind != v.table.types[n] {
			return place{}, invalid("The provided starting key is invalid: The provided key element does not match the schema")
		}
	}
	return v.key.place(start, v.table.key), nil
}

// position is what LastEvaluatedKey says of an item.
func (v view) position(item attr.Item) attr.Item {
	out := make(attr.Item)
	for _, n := range v.names() {
		out[n] = item[n]
	}
	return out
}

func consistentIndexRead(v view, consistent bool) error {
	if consistent && v.index != nil && v.index.global {
		return invalid("Consistent reads are not supported on global secondary indexes")
	}
	return nil
}
