package localstack_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// conditionFailed is the code of an expression that was not true.
const conditionFailed = "ConditionalCheckFailedException"

// row is an item in short: strings, num, bool, []byte, nil for NULL, []any, row,
// sset and nset.
type row map[string]any

type (
	num  string   // a number
	sset []string // a set of strings
	nset []string // a set of numbers
)

// item is what the SDK calls a row.
func item(r row) map[string]types.AttributeValue {
	if r == nil {
		return nil
	}
	m := map[string]types.AttributeValue{}
	for name, v := range r {
		m[name] = value(v)
	}
	return m
}

func value(v any) types.AttributeValue {
	switch v := v.(type) {
	case string:
		return &types.AttributeValueMemberS{Value: v}
	case num:
		return &types.AttributeValueMemberN{Value: string(v)}
	case bool:
		return &types.AttributeValueMemberBOOL{Value: v}
	case []byte:
		return &types.AttributeValueMemberB{Value: v}
	case nil:
		return &types.AttributeValueMemberNULL{Value: true}
	case sset:
		return &types.AttributeValueMemberSS{Value: v}
	case nset:
		return &types.AttributeValueMemberNS{Value: v}
	case row:
		return &types.AttributeValueMemberM{Value: item(v)}
	case []any:
		list := &types.AttributeValueMemberL{}
		for _, member := range v {
			list.Value = append(list.Value, value(member))
		}
		return list
	}
	panic(fmt.Sprintf("no attribute value is a %T", v))
}

// rowOf is item the other way; nothing is a nil row. Sets are in order.
func rowOf(m map[string]types.AttributeValue) row {
	if len(m) == 0 {
		return nil
	}
	r := row{}
	for name, v := range m {
		r[name] = plain(v)
	}
	return r
}

func plain(v types.AttributeValue) any {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return num(v.Value)
	case *types.AttributeValueMemberBOOL:
		return v.Value
	case *types.AttributeValueMemberB:
		return v.Value
	case *types.AttributeValueMemberSS:
		return sset(slices.Sorted(slices.Values(v.Value)))
	case *types.AttributeValueMemberNS:
		return nset(slices.Sorted(slices.Values(v.Value)))
	case *types.AttributeValueMemberM:
		return rowOf(v.Value)
	case *types.AttributeValueMemberL:
		list := []any{}
		for _, member := range v.Value {
			list = append(list, plain(member))
		}
		return list
	}
	return nil
}

func rowsOf(items []map[string]types.AttributeValue) []row {
	var all []row
	for _, m := range items {
		all = append(all, rowOf(m))
	}
	return all
}

// column returns one attribute of each item, as text.
func column(items []map[string]types.AttributeValue, name string) string {
	var all []string
	for _, m := range items {
		all = append(all, fmt.Sprint(plain(m[name])))
	}
	return strings.Join(all, " ")
}

// definitions are of key attributes, each as "id S".
func definitions(attributes ...string) []types.AttributeDefinition {
	var all []types.AttributeDefinition
	for _, a := range attributes {
		name, typ, _ := strings.Cut(a, " ")
		all = append(all, types.AttributeDefinition{AttributeName: &name, AttributeType: types.ScalarAttributeType(typ)})
	}
	return all
}

// schema makes the first name the hash key and the second, if any, the range key.
func schema(names ...string) []types.KeySchemaElement {
	kinds := []types.KeyType{types.KeyTypeHash, types.KeyTypeRange}
	var all []types.KeySchemaElement
	for i, name := range names {
		all = append(all, types.KeySchemaElement{AttributeName: &name, KeyType: kinds[i]})
	}
	return all
}

// newTable is a request for a table of the case's own: on demand, with id as its
// hash key and, if asked for, at as its range key.
func (p *probe) newTable(ranged bool) *dynamodb.CreateTableInput {
	in := &dynamodb.CreateTableInput{
		TableName: &p.name, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: definitions("id S"), KeySchema: schema("id"),
	}
	if ranged {
		in.AttributeDefinitions, in.KeySchema = definitions("id S", "at N"), schema("id", "at")
	}
	return in
}

// table creates a table and waits until it is ACTIVE, indexes and all.
func (p *probe) table(in *dynamodb.CreateTableInput) {
	call(p, p.dynamodb.CreateTable, in)
	p.tableActive()
}

func (p *probe) tableActive() {
	p.until("an ACTIVE table", func() bool {
		d := p.described()
		return d.TableStatus == types.TableStatusActive &&
			!slices.ContainsFunc(d.GlobalSecondaryIndexes, func(x types.GlobalSecondaryIndexDescription) bool {
				return x.IndexStatus != types.IndexStatusActive
			})
	})
}

func (p *probe) described() *types.TableDescription {
	return call(p, p.dynamodb.DescribeTable, &dynamodb.DescribeTableInput{TableName: &p.name}).Table
}

// hashTable is a table by id that holds the given rows.
func (p *probe) hashTable(rows ...row) {
	p.table(p.newTable(false))
	p.putAll(rows...)
}

// rangeTable is a table by id and at that holds the given rows.
func (p *probe) rangeTable(rows ...row) {
	p.table(p.newTable(true))
	p.putAll(rows...)
}

func (p *probe) putAll(rows ...row) {
	for _, r := range rows {
		call(p, p.dynamodb.PutItem, p.putting(r))
	}
}

func (p *probe) putting(r row) *dynamodb.PutItemInput {
	return &dynamodb.PutItemInput{TableName: &p.name, Item: item(r)}
}

// item reads an item by id.
func (p *probe) item(id string) row {
	return rowOf(call(p, p.dynamodb.GetItem, &dynamodb.GetItemInput{
		TableName: &p.name, Key: item(row{"id": id}), ConsistentRead: aws.Bool(true),
	}).Item)
}

// updating is an update of the item a; values may be nil.
func (p *probe) updating(expression string, values row) *dynamodb.UpdateItemInput {
	return &dynamodb.UpdateItemInput{
		TableName: &p.name, Key: item(row{"id": "a"}),
		UpdateExpression: &expression, ExpressionAttributeValues: item(values),
	}
}

// says claims that a message is the one that AWS has.
func (p *probe) says(got, want string) {
	if got != want {
		p.differs("message: got %q, want %q", got, want)
	}
}

// begins claims how a message begins, where the rest depends on the parser.
func (p *probe) begins(got, want string) {
	if !strings.HasPrefix(got, want) {
		p.differs("message: got %q, want one that begins with %q", got, want)
	}
}
