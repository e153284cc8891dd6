package localstack_test

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

var indexCases = []conformanceCase{
	{"GlobalSecondaryIndex/holds the items that have its key", func(p *probe) {
		p.indexed(types.ProjectionTypeAll)
		out := call(p, p.dynamodb.Query, p.byOwner("w1"))
		ids := idsOf(out.Items)
		slices.Sort(ids)
		equal(p, "ids", ids, []string{"a", "b"})
		all := call(p, p.dynamodb.Scan, &dynamodb.ScanInput{TableName: &p.name, IndexName: aws.String("owners")})
		equal(p, "items of the index", all.Count, 3)
	}},
	{"GlobalSecondaryIndex/follows the table", func(p *probe) {
		p.indexed(types.ProjectionTypeAll)
		call(p, p.dynamodb.UpdateItem, p.updatingOwner("SET #o = :w", row{":w": "w2"}))
		equal(p, "ids of w1", idsOf(call(p, p.dynamodb.Query, p.byOwner("w1")).Items), []string{"b"})
		call(p, p.dynamodb.UpdateItem, p.updatingOwner("REMOVE #o", nil))
		equal(p, "ids of w2", idsOf(call(p, p.dynamodb.Query, p.byOwner("w2")).Items), []string{"c"})
	}},
	{"GlobalSecondaryIndex/KEYS_ONLY holds the keys of both", func(p *probe) {
		p.indexed(types.ProjectionTypeKeysOnly)
		equal(p, "items", rowsOf(call(p, p.dynamodb.Query, p.byOwner("w2")).Items), []row{{"id": "c", "owner": "w2"}})
	}},
	{"GlobalSecondaryIndex/pages by a key of both", func(p *probe) {
		p.indexed(types.ProjectionTypeAll)
		in := p.byOwner("w1")
		in.Limit = aws.Int32(1)
		first := call(p, p.dynamodb.Query, in)
		equal(p, "key", len(first.LastEvaluatedKey), 2)
		in.ExclusiveStartKey = first.LastEvaluatedKey
		second := call(p, p.dynamodb.Query, in)
		both := append(idsOf(first.Items), idsOf(second.Items)...)
		slices.Sort(both)
		equal(p, "ids", both, []string{"a", "b"})
	}},
	{"GlobalSecondaryIndex/refuses consistent reads", func(p *probe) {
		p.indexed(types.ProjectionTypeAll)
		in := p.byOwner("w1")
		in.ConsistentRead = aws.Bool(true)
		p.says(refused(p, p.dynamodb.Query, in, validation), "Consistent reads are not supported on global secondary indexes")
	}},
	{"GlobalSecondaryIndex/refuses a key of another type", func(p *probe) {
		p.indexed(types.ProjectionTypeAll)
		p.says(refused(p, p.dynamodb.PutItem, p.putting(row{"id": "z", "owner": num("1")}), validation),
			"One or more parameter values were invalid: Type mismatch for Index Key owner Expected: S Actual: N IndexName: owners")
	}},
	{"GlobalSecondaryIndex/is described with the table", func(p *probe) {
		p.indexed(types.ProjectionTypeAll)
		all := p.described().GlobalSecondaryIndexes
		if len(all) != 1 {
			p.stop("indexes: got %d, want 1", len(all))
		}
		equal(p, "name", *all[0].IndexName, "owners")
		equal(p, "keys", keysOf(all[0].KeySchema), "owner HASH")
		equal(p, "projection", all[0].Projection.ProjectionType, types.ProjectionTypeAll)
		equal(p, "status", all[0].IndexStatus, types.IndexStatusActive)
	}},
	{"GlobalSecondaryIndex/is filled when it is added later", func(p *probe) {
		p.hashTable(row{"id": "a", "owner": "w1"}, row{"id": "d"})
		owners := ownersIndex(types.ProjectionTypeAll)
		call(p, p.dynamodb.UpdateTable, &dynamodb.UpdateTableInput{
			TableName: &p.name, AttributeDefinitions: definitions("id S", "owner S"),
			GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{{Create: &types.CreateGlobalSecondaryIndexAction{
				IndexName: owners.IndexName, KeySchema: owners.KeySchema, Projection: owners.Projection,
			}}},
		})
		p.tableActive()
		equal(p, "ids", idsOf(call(p, p.dynamodb.Query, p.byOwner("w1")).Items), []string{"a"})
	}},
}

func ownersIndex(projection types.ProjectionType) types.GlobalSecondaryIndex {
	return types.GlobalSecondaryIndex{
		IndexName: aws.String("owners"), KeySchema: schema("owner"),
		Projection: &types.Projection{ProjectionType: projection},
	}
}

// indexed is a table by id with an index by owner: a and b are w1's, c is w2's,
// d is nobody's.
func (p *probe) indexed(projection types.ProjectionType) {
	in := p.newTable(false)
	in.AttributeDefinitions = definitions("id S", "owner S")
	in.GlobalSecondaryIndexes = []types.GlobalSecondaryIndex{ownersIndex(projection)}
	p.table(in)
	p.putAll(
		row{"id": "a", "owner": "w1", "extra": "1"}, row{"id": "b", "owner": "w1", "extra": "1"},
		row{"id": "c", "owner": "w2", "extra": "1"}, row{"id": "d"},
	)
}

func (p *probe) byOwner(owner string) *dynamodb.QueryInput {
	in := p.querying("#o = :o", row{":o": owner})
	in.IndexName = aws.String("owners")
	in.ExpressionAttributeNames = map[string]string{"#o": "owner"}
	return in
}

// updatingOwner is an update of the item a, whose owner is #o.
func (p *probe) updatingOwner(expression string, values row) *dynamodb.UpdateItemInput {
	in := p.updating(expression, values)
	in.ExpressionAttributeNames = map[string]string{"#o": "owner"}
	return in
}
