package attr

import (
	"maps"
	"slices"
	"strings"
)

// Equal tells whether two values are the same. Numbers are canonical and sets
// sorted, so their texts are compared.
func (v Value) Equal(o Value) bool {
	return v.Kind == o.Kind && v.S == o.S && v.Bool == o.Bool && slices.Equal(v.Set, o.Set) &&
		slices.EqualFunc(v.L, o.L, Value.Equal) && v.M.Equal(o.M)
}

// Equal tells whether two items are the same.
func (it Item) Equal(o Item) bool { return maps.EqualFunc(it, o, Value.Equal) }

// Clone copies the item; its values are shared, for they never change.
func (it Item) Clone() Item { return maps.Clone(it) }

// Compare orders two strings, numbers or binaries: -1, 0 or 1. It is false for
// values of other kinds or of different ones, which have no order.
func Compare(a, b Value) (int, bool) {
	if a.Kind != b.Kind {
		return 0, false
	}
	switch a.Kind {
	case String, Binary:
		return strings.Compare(a.S, b.S), true
	case Number:
		return CompareNumbers(a.S, b.S), true
	}
	return 0, false
}

// IsSet tells whether the value is a set.
func (v Value) IsSet() bool {
	return v.Kind == StringSet || v.Kind == NumberSet || v.Kind == BinarySet
}

// Element returns the kind of a set's members.
func (k Kind) Element() Kind {
	switch k {
	case StringSet:
		return String
	case NumberSet:
		return Number
	case BinarySet:
		return Binary
	}
	return ""
}

// Size is what DynamoDB counts an item as, in bytes, see
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
func (it Item) Size() int {
	n := 0
	for name, v := range it {
		n += len(name) + v.Size()
	}
	return n
}

// Size is what DynamoDB counts a value as, in bytes. Lists and maps cost three
// bytes, and one for each element.
func (v Value) Size() int {
	switch v.Kind {
	case String, Binary:
		return len(v.S)
	case Number:
		return numberSize(v.S)
	case Bool, Null:
		return 1
	case List:
		n := 3
		for _, e := range v.L {
			n += 1 + e.Size()
		}
		return n
	case Map:
		return 3 + len(v.M) + v.M.Size()
	case NumberSet:
		n := 0
		for _, m := range v.Set {
			n += numberSize(m)
		}
		return n
	}
	n := 0
	for _, m := range v.Set {
		n += len(m)
	}
	return n
}

// numberSize is about one byte for two significant digits, and one more.
func numberSize(n string) int {
	digits := strings.Trim(strings.ReplaceAll(strings.TrimPrefix(n, "-"), ".", ""), "0")
	size := (len(digits)+1)/2 + 1
	if strings.HasPrefix(n, "-") {
		size++
	}
	return size
}
