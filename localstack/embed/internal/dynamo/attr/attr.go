// Package attr holds DynamoDB's attribute values: their kinds, their JSON form,
// numbers of 38 digits, sizes and order.
package attr

// Kind is the kind of a value, spelled as in DynamoDB's JSON.
type Kind string

// The kinds of values.
const (
	String    Kind = "S"
	Number    Kind = "N"
	Binary    Kind = "B"
	Bool      Kind = "BOOL"
	Null      Kind = "NULL"
	List      Kind = "L"
	Map       Kind = "M"
	StringSet Kind = "SS"
	NumberSet Kind = "NS"
	BinarySet Kind = "BS"
)

// Value is one attribute value. Values are not changed once they are made: an
// update makes new ones.
type Value struct {
	Kind Kind
	// S is a String, a Number in canonical form or the bytes of a Binary.
	S    string
	Bool bool
	L    []Value
	M    Item
	// Set are the members of a set, each as in S, without duplicates.
	Set []string
}

// Item is an item or a Map: attribute values by name.
type Item map[string]Value
