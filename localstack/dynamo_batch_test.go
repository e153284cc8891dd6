package localstack_test

import (
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

var batchCases = []conformanceCase{
	{"BatchWriteItem/puts and deletes", func(p *probe) {
		p.hashTable(row{"id": "old"})
		out := call(p, p.dynamodb.BatchWriteItem, p.writes(puts("a", "b"), deletes("old", "never")))
		equal(p, "unprocessed", len(out.UnprocessedItems), 0)
		equal(p, "a", p.item("a"), row{"id": "a"})
		equal(p, "b", p.item("b"), row{"id": "b"})
		equal(p, "old", p.item("old"), nil)
	}},
	{"BatchWriteItem/refuses 26 writes", func(p *probe) {
		p.hashTable()
		refused(p, p.dynamodb.BatchWriteItem, p.writes(puts(numbered(26)...)), validation)
	}},
	{"BatchWriteItem/refuses two writes of one item", func(p *probe) {
		p.hashTable()
		p.says(refused(p, p.dynamodb.BatchWriteItem, p.writes(puts("a"), deletes("a")), validation),
			"Provided list of item keys contains duplicates")
	}},
	{"BatchWriteItem/refuses an unknown table", func(p *probe) {
		p.says(refused(p, p.dynamodb.BatchWriteItem, p.writes(puts("a")), resourceNotFound), "Requested resource not found")
	}},
	{"BatchWriteItem/writes nothing if one item is not valid", func(p *probe) {
		p.hashTable()
		bad := []types.WriteRequest{{PutRequest: &types.PutRequest{Item: item(row{"x": "1"})}}}
		refused(p, p.dynamodb.BatchWriteItem, p.writes(puts("a"), bad), validation)
		equal(p, "a", p.item("a"), nil)
	}},
	{"BatchGetItem/answers what is there", func(p *probe) {
		p.hashTable(row{"id": "a", "x": "1"}, row{"id": "b", "x": "2"}, row{"id": "c"})
		out := call(p, p.dynamodb.BatchGetItem, p.reads("a", "b", "never"))
		ids := idsOf(out.Responses[p.name])
		slices.Sort(ids)
		equal(p, "ids", ids, []string{"a", "b"})
		equal(p, "unprocessed", len(out.UnprocessedKeys), 0)
	}},
	{"BatchGetItem/refuses one key twice", func(p *probe) {
		p.hashTable()
		p.says(refused(p, p.dynamodb.BatchGetItem, p.reads("a", "a"), validation), "Provided list of item keys contains duplicates")
	}},
	{"BatchGetItem/refuses 101 keys", func(p *probe) {
		p.hashTable()
		refused(p, p.dynamodb.BatchGetItem, p.reads(numbered(101)...), validation)
	}},
}

func (p *probe) writes(requests ...[]types.WriteRequest) *dynamodb.BatchWriteItemInput {
	return &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{p.name: slices.Concat(requests...)}}
}

func (p *probe) reads(ids ...string) *dynamodb.BatchGetItemInput {
	var keys []map[string]types.AttributeValue
	for _, id := range ids {
		keys = append(keys, item(row{"id": id}))
	}
	return &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{p.name: {Keys: keys}}}
}

func puts(ids ...string) []types.WriteRequest {
	var all []types.WriteRequest
	for _, id := range ids {
		all = append(all, types.WriteRequest{PutRequest: &types.PutRequest{Item: item(row{"id": id})}})
	}
	return all
}

func deletes(ids ...string) []types.WriteRequest {
	var all []types.WriteRequest
	for _, id := range ids {
		all = append(all, types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: item(row{"id": id})}})
	}
	return all
}

func numbered(n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("id-%03d", i))
	}
	return all
}
