package localstack_test

import (
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

var transactCases = []conformanceCase{
	{"TransactWriteItems/does all that it says", func(p *probe) {
		p.hashTable(row{"id": "checked"}, row{"id": "counted", "n": num("1")}, row{"id": "removed"})
		call(p, p.dynamodb.TransactWriteItems, transaction(
			types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
				TableName: &p.name, Key: item(row{"id": "checked"}), ConditionExpression: aws.String("attribute_exists(id)"),
			}},
			p.transactPut("new", ""),
			types.TransactWriteItem{Update: &types.Update{
				TableName: &p.name, Key: item(row{"id": "counted"}), UpdateExpression: aws.String("ADD n :one"),
				ExpressionAttributeValues: item(row{":one": num("1")}),
			}},
			types.TransactWriteItem{Delete: &types.Delete{TableName: &p.name, Key: item(row{"id": "removed"})}},
		))
		equal(p, "put", p.item("new"), row{"id": "new"})
		equal(p, "updated", p.item("counted"), row{"id": "counted", "n": num("2")})
		equal(p, "deleted", p.item("removed"), nil)
	}},
	{"TransactWriteItems/does nothing if one condition fails, and says which", func(p *probe) {
		p.hashTable(row{"id": "there"})
		_, err := p.dynamodb.TransactWriteItems(p.ctx, transaction(
			p.transactPut("new", ""), p.transactPut("there", "attribute_not_exists(id)"),
		))
		p.says(p.refusal("TransactWriteItems", err, "TransactionCanceledException"),
			"Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed]")
		if failed := new(types.TransactionCanceledException); errors.As(err, &failed) {
			var codes []string
			for _, r := range failed.CancellationReasons {
				codes = append(codes, aws.ToString(r.Code))
			}
			equal(p, "reasons", codes, []string{"None", "ConditionalCheckFailed"})
		}
		equal(p, "put", p.item("new"), nil)
	}},
	{"TransactWriteItems/returns the item of a failed condition when asked to", func(p *probe) {
		p.hashTable(row{"id": "there", "x": "1"})
		write := p.transactPut("there", "attribute_not_exists(id)")
		write.Put.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
		_, err := p.dynamodb.TransactWriteItems(p.ctx, transaction(write))
		p.refusal("TransactWriteItems", err, "TransactionCanceledException")
		if failed := new(types.TransactionCanceledException); errors.As(err, &failed) {
			equal(p, "item", rowOf(failed.CancellationReasons[0].Item), row{"id": "there", "x": "1"})
		}
	}},
	{"TransactWriteItems/refuses two writes of one item", func(p *probe) {
		p.hashTable()
		p.says(refused(p, p.dynamodb.TransactWriteItems, transaction(p.transactPut("a", ""), p.transactPut("a", "")), validation),
			"Transaction request cannot include multiple operations on one item")
	}},
	{"TransactWriteItems/refuses 101 writes", func(p *probe) {
		p.hashTable()
		var all []types.TransactWriteItem
		for _, id := range numbered(101) {
			all = append(all, p.transactPut(id, ""))
		}
		refused(p, p.dynamodb.TransactWriteItems, transaction(all...), validation)
	}},
	{"TransactWriteItems/one token is one transaction", func(p *probe) {
		p.hashTable(row{"id": "a", "n": num("0")})
		in := transaction(types.TransactWriteItem{Update: &types.Update{
			TableName: &p.name, Key: item(row{"id": "a"}), UpdateExpression: aws.String("ADD n :one"),
			ExpressionAttributeValues: item(row{":one": num("1")}),
		}})
		in.ClientRequestToken = aws.String("the-same-token")
		call(p, p.dynamodb.TransactWriteItems, in)
		call(p, p.dynamodb.TransactWriteItems, in)
		equal(p, "item", p.item("a"), row{"id": "a", "n": num("1")})
		in.TransactItems[0] = p.transactPut("b", "")
		refused(p, p.dynamodb.TransactWriteItems, in, "IdempotentParameterMismatchException")
	}},
	{"TransactGetItems/answers in the order of the request", func(p *probe) {
		p.hashTable(row{"id": "a", "x": "1"}, row{"id": "b", "x": "2"})
		var gets []types.TransactGetItem
		for _, id := range []string{"b", "never", "a"} {
			gets = append(gets, types.TransactGetItem{Get: &types.Get{TableName: &p.name, Key: item(row{"id": id})}})
		}
		out := call(p, p.dynamodb.TransactGetItems, &dynamodb.TransactGetItemsInput{TransactItems: gets})
		var rows []row
		for _, r := range out.Responses {
			rows = append(rows, rowOf(r.Item))
		}
		equal(p, "items", rows, []row{{"id": "b", "x": "2"}, nil, {"id": "a", "x": "1"}})
	}},
}

func transaction(writes ...types.TransactWriteItem) *dynamodb.TransactWriteItemsInput {
	return &dynamodb.TransactWriteItemsInput{TransactItems: writes}
}

// transactPut puts an item that is nothing but its id; the condition may be empty.
func (p *probe) transactPut(id, condition string) types.TransactWriteItem {
	put := &types.Put{TableName: &p.name, Item: item(row{"id": id})}
	if condition != "" {
		put.ConditionExpression = &condition
	}
	return types.TransactWriteItem{Put: put}
}
