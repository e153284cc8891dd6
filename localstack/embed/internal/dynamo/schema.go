package dynamo

import (
	"regexp"
	"strings"

	"korestream/localstack/embed/internal/dynamo/attr"
)

type keyElement struct {
	AttributeName string
	KeyType       string
}

type attributeDefinition struct {
	AttributeName string
	AttributeType attr.Kind
}

// schema are the attributes of a key; rang is empty if there is no sort key.
type schema struct{ hash, rang string }

var tableName = regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,255}$`)

func checkTableName(name string) error {
	if !tableName.MatchString(name) {
		return invalid("TableName must be at least 3 characters long and at most 255 characters long, and match [a-zA-Z0-9_.-]+: %s", name)
	}
	return nil
}

// tableOf returns a table's name from its ARN, or the name as it is.
func tableOf(nameOrARN string) string {
	if _, name, ok := strings.Cut(nameOrARN, ":table/"); ok {
		name, _, _ = strings.Cut(name, "/")
		return name
	}
	return nameOrARN
}

func newSchema(elements []keyElement, types map[string]attr.Kind) (schema, error) {
	var k schema
	for i, e := range elements {
		switch {
		case i == 0 && e.KeyType == "HASH":
			k.hash = e.AttributeName
		case i == 1 && e.KeyType == "RANGE":
			k.rang = e.AttributeName
		case i == 0:
			return k, invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
		case i == 1:
			return k, invalid("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")
		default:
			return k, invalid("1 validation error detected: Value at 'keySchema' failed to satisfy constraint: Member must have length less than or equal to 2")
		}
		if _, ok := types[e.AttributeName]; !ok {
			return k, invalid("One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [%s], AttributeDefinitions: [%s]",
				e.AttributeName, strings.Join(sortedKeys(types), ", "))
		}
	}
	if k.hash == "" {
		return k, invalid("1 validation error detected: Value null at 'keySchema' failed to satisfy constraint: Member must not be null")
	}
	if k.hash == k.rang {
		return k, invalid("Both the Hash Key and the Range Key element in the KeySchema have the same name")
	}
	return k, nil
}

func definitions(defs []attributeDefinition) (map[string]attr.Kind, error) {
	types := make(map[string]attr.Kind, len(defs))
	for _, d := range defs {
		switch d.AttributeType {
		case attr.String, attr.Number, attr.Binary:
			types[d.AttributeName] = d.AttributeType
		default:
			return nil, invalid("1 validation error detected: Value '%s' at 'attributeDefinitions.1.member.attributeType' failed to satisfy constraint: Member must satisfy enum value set: [B, N, S]", d.AttributeType)
		}
	}
	return types, nil
}

// names are the key's attributes.
func (k schema) names() []string {
	if k.rang == "" {
		return []string{k.hash}
	}
	return []string{k.hash, k.rang}
}

// The longest keys in bytes, see
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html#limits-partition-sort-keys
const (
	maxHashKey  = 2048
	maxRangeKey = 1024
)

// checkKey refuses a key that has other attributes than the schema, or of other
// kinds.
func (t *table) checkKey(key attr.Item) error {
	names := t.key.names()
	if len(key) != len(names) {
		return invalid("The provided key element does not match the schema")
	}
	for _, n := range names {
		v, ok := key[n]
		if !ok || v.Kind != t.types[n] {
			return invalid("The provided key element does not match the schema")
		}
	}
	return t.checkKeyValues(key)
}

// checkItem refuses an item without the key's attributes, and one that is too
// large.
func (t *table) checkItem(item attr.Item) error {
	for _, n := range t.key.names() {
		v, ok := item[n]
		if !ok {
			return invalid("One or more parameter values were invalid: Missing the key %s in the item", n)
		}
		if v.Kind != t.types[n] {
			return invalid("One or more parameter values were invalid: Type mismatch for key %s expected: %s actual: %s", n, t.types[n], v.Kind)
		}
	}
	for _, ix := range t.indexes {
		for _, n := range ix.key.names() {
			if v, ok := item[n]; ok && v.Kind != t.types[n] {
				return invalid("One or more parameter values were invalid: Type mismatch for Index Key %s Expected: %s Actual: %s IndexName: %s", n, t.types[n], v.Kind, ix.name)
			}
		}
	}
	if err := t.checkKeyValues(item); err != nil {
		return err
	}
	if item.Size() > maxItem {
		return invalid("Item size has exceeded the maximum allowed size")
	}
	return nil
}

// maxItem is the largest item in bytes, see
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html#limits-items
const maxItem = 400 << 10

func (t *table) checkKeyValues(item attr.Item) error {
	for i, n := range t.key.names() {
		size, limit, what := len(item[n].S), maxHashKey, "hashkey"
		if i == 1 {
			limit, what = maxRangeKey, "rangekey"
		}
		switch {
		case size == 0:
			return invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. Key: %s", kindWord(item[n].Kind), n)
		case size > limit:
			return invalid("One or more parameter values were invalid: Size of %s has exceeded the maximum size limit of%d bytes", what, limit)
		}
	}
	return nil
}

func kindWord(k attr.Kind) string {
	if k == attr.Binary {
		return "binary"
	}
	return "string"
}
