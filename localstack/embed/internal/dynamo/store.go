package dynamo

import (
	"cmp"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"time"

	"korestream/localstack/embed/internal/dynamo/attr"
)

// table is one table and its items, in the order of a scan: by the hash of the
// partition key, then by the sort key.
type table struct {
	name    string
	created time.Time
	key     schema
	types   map[string]attr.Kind
	indexes []index
	billing string
	read    int64
	write   int64
	ttl     string // the attribute, empty if off
	swept   time.Time
	tags    map[string]string
	guarded bool // deletion protection

	items []entry
}

// entry is an item at its place.
type entry struct {
	place place
	item  attr.Item
}

// place orders items. The primary key is the last resort, for those of an index
// may be the same.
type place struct {
	hash    uint64
	key     attr.Value
	rang    attr.Value
	primary string
}

func (k schema) place(item attr.Item, primary schema) place {
	h := fnv.New64a()
	h.Write([]byte(item[k.hash].S))
	p := place{hash: h.Sum64(), key: item[k.hash]}
	if k.rang != "" {
		p.rang = item[k.rang]
	}
	if k != primary {
		p.primary = item[primary.hash].S + "\x00" + item[primary.rang].S
	}
	return p
}

func (p place) compare(o place) int {
	c := cmp.Or(cmp.Compare(p.hash, o.hash), strings.Compare(p.key.S, o.key.S))
	if c != 0 {
		return c
	}
	if c, _ = attr.Compare(p.rang, o.rang); c != 0 {
		return c
	}
	return strings.Compare(p.primary, o.primary)
}

// find returns where an item with the key of this one is, or would be.
func (t *table) find(key attr.Item) (int, bool) {
	return slices.BinarySearchFunc(t.items, t.key.place(key, t.key), func(e entry, p place) int { return e.place.compare(p) })
}

// get returns an item by its key, nil if there is none.
func (t *table) get(key attr.Item) attr.Item {
	if i, ok := t.find(key); ok {
		return t.items[i].item
	}
	return nil
}

func (t *table) put(item attr.Item) {
	i, ok := t.find(item)
	if ok {
		t.items[i].item = item
		return
	}
	t.items = slices.Insert(t.items, i, entry{t.key.place(item, t.key), item})
}

func (t *table) remove(key attr.Item) {
	if i, ok := t.find(key); ok {
		t.items = slices.Delete(t.items, i, i+1)
	}
}

// keyOf returns an item's primary key.
func (t *table) keyOf(item attr.Item) attr.Item {
	out := make(attr.Item, 2)
	for _, n := range t.key.names() {
		out[n] = item[n]
	}
	return out
}

func (t *table) size() int {
	n := 0
	for _, e := range t.items {
		n += e.item.Size()
	}
	return n
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
