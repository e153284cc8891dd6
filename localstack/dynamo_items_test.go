package localstack_test

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

var itemCases = []conformanceCase{
	{"PutItem/keeps every kind of value", func(p *probe) {
		want := row{
			"id": "a", "s": "", "n": num("-12.5"), "b": []byte{0, 0xff}, "yes": true, "null": nil,
			"l": []any{"x", num("1"), []any{}}, "m": row{"inner": row{"deep": "y"}},
			"ss": sset{"x", "y"}, "ns": nset{"1", "2"},
		}
		p.hashTable(want)
		equal(p, "item", p.item("a"), want)
	}},
	{"PutItem/replaces the whole item", func(p *probe) {
		p.hashTable(row{"id": "a", "x": "1"}, row{"id": "a", "y": "2"})
		equal(p, "item", p.item("a"), row{"id": "a", "y": "2"})
	}},
	{"PutItem/ALL_OLD returns what was there", func(p *probe) {
		p.hashTable(row{"id": "a", "x": "1"})
		in := p.putting(row{"id": "a", "x": "2"})
		in.ReturnValues = types.ReturnValueAllOld
		equal(p, "old", rowOf(call(p, p.dynamodb.PutItem, in).Attributes), row{"id": "a", "x": "1"})
		in = p.putting(row{"id": "b"})
		in.ReturnValues = types.ReturnValueAllOld
		equal(p, "old of nothing", rowOf(call(p, p.dynamodb.PutItem, in).Attributes), nil)
	}},
	{"PutItem/refuses ALL_NEW", func(p *probe) {
		p.hashTable()
		in := p.putting(row{"id": "a"})
		in.ReturnValues = types.ReturnValueAllNew
		refused(p, p.dynamodb.PutItem, in, validation)
	}},
	{"PutItem/refuses an item without its key", func(p *probe) {
		p.hashTable()
		p.says(refused(p, p.dynamodb.PutItem, p.putting(row{"x": "1"}), validation),
			"One or more parameter values were invalid: Missing the key id in the item")
	}},
	{"PutItem/refuses a key of another type", func(p *probe) {
		p.hashTable()
		p.says(refused(p, p.dynamodb.PutItem, p.putting(row{"id": num("1")}), validation),
			"One or more parameter values were invalid: Type mismatch for key id expected: S actual: N")
	}},
	{"PutItem/refuses an empty key", func(p *probe) {
		p.hashTable()
		p.says(refused(p, p.dynamodb.PutItem, p.putting(row{"id": ""}), validation),
			"One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: id")
	}},
	{"PutItem/refuses an unknown table", func(p *probe) {
		p.says(refused(p, p.dynamodb.PutItem, p.putting(row{"id": "a"}), resourceNotFound), "Requested resource not found")
	}},
	{"PutItem/refuses an empty set", func(p *probe) {
		p.hashTable()
		in := p.putting(row{"id": "a", "set": sset{}})
		p.says(refused(p, p.dynamodb.PutItem, in, validation),
			"One or more parameter values were invalid: An string set  may not be empty")
	}},
	{"PutItem/refuses a set with duplicates", func(p *probe) {
		p.hashTable()
		p.says(refused(p, p.dynamodb.PutItem, p.putting(row{"id": "a", "set": sset{"x", "x"}}), validation),
			"One or more parameter values were invalid: Input collection [x, x] contains duplicates.")
	}},
	{"PutItem/refuses an item above 400 KB", func(p *probe) {
		p.hashTable()
		in := p.putting(row{"id": "a", "x": strings.Repeat("x", 400<<10)})
		p.says(refused(p, p.dynamodb.PutItem, in, validation), "Item size has exceeded the maximum allowed size")
	}},
	{"PutItem/numbers are kept in canonical form", func(p *probe) {
		p.hashTable(row{"id": "a", "a": num("1.50"), "b": num("1e2"), "c": num("-0"), "d": num("007"), "e": num("1E-3")})
		equal(p, "item", p.item("a"), row{"id": "a", "a": num("1.5"), "b": num("100"), "c": num("0"), "d": num("7"), "e": num("0.001")})
	}},
	{"PutItem/numbers keep 38 digits", func(p *probe) {
		digits := num("12345678901234567890123456789012345678")
		p.hashTable(row{"id": "a", "n": digits})
		equal(p, "item", p.item("a"), row{"id": "a", "n": digits})
		p.says(refused(p, p.dynamodb.PutItem, p.putting(row{"id": "a", "n": digits + "9"}), validation),
			"Attempting to store more than 38 significant digits in a Number")
	}},
	{"PutItem/refuses what is no number", func(p *probe) {
		p.hashTable()
		p.says(refused(p, p.dynamodb.PutItem, p.putting(row{"id": "a", "n": num("one")}), validation),
			"The parameter cannot be converted to a numeric value: one")
	}},
	{"GetItem/of nothing is empty", func(p *probe) {
		p.hashTable()
		equal(p, "item", p.item("a"), nil)
	}},
	{"GetItem/refuses a key that is not the table's", func(p *probe) {
		p.hashTable()
		for _, key := range []row{{"other": "a"}, {"id": num("1")}, {"id": "a", "at": num("1")}} {
			in := &dynamodb.GetItemInput{TableName: &p.name, Key: item(key)}
			p.says(refused(p, p.dynamodb.GetItem, in, validation), "The provided key element does not match the schema")
		}
	}},
	{"GetItem/a projection keeps the paths that it names", func(p *probe) {
		p.hashTable(row{"id": "a", "x": "1", "y": "2", "m": row{"p": "3", "q": "4"}, "l": []any{"5", "6", "7"}})
		out := call(p, p.dynamodb.GetItem, &dynamodb.GetItemInput{
			TableName: &p.name, Key: item(row{"id": "a"}),
			ProjectionExpression:     aws.String("#x, m.q, l[1], nope"),
			ExpressionAttributeNames: map[string]string{"#x": "x"},
		})
		equal(p, "item", rowOf(out.Item), row{"x": "1", "m": row{"q": "4"}, "l": []any{"6"}})
	}},
	{"GetItem/refuses a reserved word in a projection", func(p *probe) {
		p.hashTable()
		in := &dynamodb.GetItemInput{TableName: &p.name, Key: item(row{"id": "a"}), ProjectionExpression: aws.String("id, name")}
		p.says(refused(p, p.dynamodb.GetItem, in, validation),
			"Invalid ProjectionExpression: Attribute name is a reserved keyword; reserved keyword: name")
	}},
	{"GetItem/counts capacity when asked to", func(p *probe) {
		p.hashTable(row{"id": "a"})
		for consistent, want := range map[bool]float64{false: 0.5, true: 1} {
			out := call(p, p.dynamodb.GetItem, &dynamodb.GetItemInput{
				TableName: &p.name, Key: item(row{"id": "a"}), ConsistentRead: &consistent,
				ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
			})
			if out.ConsumedCapacity == nil {
				p.stop("capacity: got none, want %v", want)
			}
			equal(p, "units", *out.ConsumedCapacity.CapacityUnits, want)
		}
	}},
	{"DeleteItem/returns what was there", func(p *probe) {
		p.hashTable(row{"id": "a", "x": "1"})
		in := &dynamodb.DeleteItemInput{TableName: &p.name, Key: item(row{"id": "a"}), ReturnValues: types.ReturnValueAllOld}
		equal(p, "old", rowOf(call(p, p.dynamodb.DeleteItem, in).Attributes), row{"id": "a", "x": "1"})
		equal(p, "item", p.item("a"), nil)
		equal(p, "old of nothing", rowOf(call(p, p.dynamodb.DeleteItem, in).Attributes), nil)
	}},
}
