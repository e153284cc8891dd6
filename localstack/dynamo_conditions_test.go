package localstack_test

import (
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// conditionRow is the item that conditions are tried on.
var conditionRow = row{
	"id": "a", "s": "hello", "n": num("5"), "b": []byte("hel"), "yes": true, "gone": nil,
	"set": sset{"x", "y"}, "list": []any{"x", num("2")}, "map": row{"in": "side"},
}

var conditionCases = []conformanceCase{
	{"ConditionExpression/what is true", func(p *probe) {
		p.hashTable(conditionRow)
		for _, expression := range []string{
			"attribute_exists(id)", "attribute_not_exists(nope)", "attribute_exists(#map.#in)",
			"n = :five", "n <> :nine", "n < :nine", "n >= :five", "n BETWEEN :five AND :nine", "n IN (:nine, :five)",
			"s <> :five", "nope <> :five", "begins_with(s, :hel)", "contains(s, :ell)", "contains(#set, :x)", "contains(#list, :x)",
			"size(s) = :five", "size(#set) < :five", "size(#list) < :five",
			"attribute_type(s, :S)", "#list[0] = :x", "NOT n = :nine",
			"n = :nine OR n = :five AND s <> :x", "(n = :nine OR n = :five) AND NOT (s = :x)",
		} {
			if got, err := p.holds(expression); !got || err != nil {
				p.differs("%s: got %t, %v, want true", expression, got, err)
			}
		}
	}},
	{"ConditionExpression/what is false", func(p *probe) {
		p.hashTable(conditionRow)
		for _, expression := range []string{
			"attribute_exists(nope)", "attribute_not_exists(id)", "n > :five", "n = :x", "n < :x", "nope = :five", "nope < :five",
			"NOT n = :five", "begins_with(n, :hel)", "begins_with(nope, :hel)", "contains(#set, :hel)",
			"n BETWEEN :nine AND :nine", "s IN (:x, :hel)", "size(s) = :nine", "#list[7] = :x",
			"n = :five AND n = :nine OR s = :x",
		} {
			if got, err := p.holds(expression); got || err != nil {
				p.differs("%s: got %t, %v, want false", expression, got, err)
			}
		}
	}},
	{"ConditionExpression/a false one refuses each kind of write", func(p *probe) {
		p.hashTable(row{"id": "a", "x": "1"})
		condition := aws.String("attribute_not_exists(id)")
		put := p.putting(row{"id": "a"})
		put.ConditionExpression = condition
		p.says(refused(p, p.dynamodb.PutItem, put, conditionFailed), "The conditional request failed")
		update := p.updating("SET x = :two", row{":two": "2"})
		update.ConditionExpression = condition
		p.says(refused(p, p.dynamodb.UpdateItem, update, conditionFailed), "The conditional request failed")
		remove := &dynamodb.DeleteItemInput{TableName: &p.name, Key: item(row{"id": "a"}), ConditionExpression: condition}
		p.says(refused(p, p.dynamodb.DeleteItem, remove, conditionFailed), "The conditional request failed")
		equal(p, "item", p.item("a"), row{"id": "a", "x": "1"})
	}},
	{"ConditionExpression/is about nothing where there is no item", func(p *probe) {
		p.hashTable()
		put := p.putting(row{"id": "a"})
		put.ConditionExpression = aws.String("attribute_not_exists(id)")
		call(p, p.dynamodb.PutItem, put)
		refused(p, p.dynamodb.PutItem, put, conditionFailed)
	}},
	{"ReturnValuesOnConditionCheckFailure/ALL_OLD returns the item", func(p *probe) {
		p.hashTable(row{"id": "a", "owner": "w1"})
		in := p.updating("SET x = :two", row{":two": "2"})
		in.ConditionExpression = aws.String("attribute_not_exists(id)")
		in.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
		_, err := p.dynamodb.UpdateItem(p.ctx, in)
		p.refusal("UpdateItem", err, conditionFailed)
		if failed := new(types.ConditionalCheckFailedException); errors.As(err, &failed) {
			equal(p, "item of the error", rowOf(failed.Item), row{"id": "a", "owner": "w1"})
		}
	}},
	{"ReturnValuesOnConditionCheckFailure/is NONE by itself", func(p *probe) {
		p.hashTable(row{"id": "a", "owner": "w1"})
		in := p.updating("SET x = :two", row{":two": "2"})
		in.ConditionExpression = aws.String("attribute_not_exists(id)")
		_, err := p.dynamodb.UpdateItem(p.ctx, in)
		p.refusal("UpdateItem", err, conditionFailed)
		if failed := new(types.ConditionalCheckFailedException); errors.As(err, &failed) {
			equal(p, "item of the error", rowOf(failed.Item), nil)
		}
	}},
	{"ConditionExpression/refuses what is not well formed", func(p *probe) {
		p.hashTable(conditionRow)
		for expression, want := range map[string]string{
			"":                       "Invalid ConditionExpression: The expression can not be empty;",
			"name = :hel":            "Invalid ConditionExpression: Attribute name is a reserved keyword; reserved keyword: name",
			"#nope = :hel":           "Invalid ConditionExpression: An expression attribute name used in the document path is not defined; attribute name: #nope",
			"s = :nope":              "Invalid ConditionExpression: An expression attribute value used in expression is not defined; attribute value: :nope",
			"nofunction(s)":          "Invalid ConditionExpression: Invalid function name; function: nofunction",
			"attribute_exists(:hel)": "Invalid ConditionExpression: Operator or function requires a document path; operator or function: attribute_exists",
			"attribute_exists(s, n)": "Invalid ConditionExpression: Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 2",
			"begins_with(s, :five)":  "Invalid ConditionExpression: Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
			"n BETWEEN :nine AND :five": "Invalid ConditionExpression: The BETWEEN operator requires upper bound to be greater than or equal to lower bound; " +
				"lower bound operand: AttributeValue: {N:9}, upper bound operand: AttributeValue: {N:5}",
		} {
			_, err := p.holds(expression)
			p.says(p.refusal(expression, err, validation), want)
		}
	}},
	{"ConditionExpression/refuses bad syntax", func(p *probe) {
		p.hashTable()
		for _, expression := range []string{"s =", "s = :hel AND", "(s = :hel", "s = :hel)", "s = = :hel", "s :hel"} {
			_, err := p.holds(expression)
			p.begins(p.refusal(expression, err, validation), "Invalid ConditionExpression: Syntax error; ")
		}
	}},
	{"ExpressionAttributeValues/refuses those that are not used", func(p *probe) {
		p.hashTable(row{"id": "a"})
		in := p.updating("SET x = :one", row{":one": "1", ":two": "2"})
		p.says(refused(p, p.dynamodb.UpdateItem, in, validation),
			"Value provided in ExpressionAttributeValues unused in expressions: keys: {:two}")
	}},
	{"ExpressionAttributeNames/refuses those that are not used", func(p *probe) {
		p.hashTable(row{"id": "a"})
		in := p.updating("SET x = :one", row{":one": "1"})
		in.ExpressionAttributeNames = map[string]string{"#two": "two"}
		p.says(refused(p, p.dynamodb.UpdateItem, in, validation),
			"Value provided in ExpressionAttributeNames unused in expressions: keys: {#two}")
	}},
	{"ExpressionAttributeNames/refuses them without an expression", func(p *probe) {
		p.hashTable()
		in := p.putting(row{"id": "a"})
		in.ExpressionAttributeNames = map[string]string{"#two": "two"}
		p.says(refused(p, p.dynamodb.PutItem, in, validation),
			"ExpressionAttributeNames can only be specified when using expressions")
	}},
}

// conditionNames and conditionValues are what conditions may refer to.
var (
	conditionNames  = map[string]string{"#set": "set", "#list": "list", "#map": "map", "#in": "in"}
	conditionValues = row{
		":five": num("5"), ":nine": num("9"), ":x": "x", ":hel": "hel", ":ell": "ell", ":S": "S",
	}
)

// holds tells whether a condition is true of the item a, by deleting an
// attribute that it does not have. Names and values that the condition does not
// use are left out.
func (p *probe) holds(expression string) (bool, error) {
	in := p.updating("REMOVE never", nil)
	in.ConditionExpression = &expression
	in.ExpressionAttributeNames, in.ExpressionAttributeValues = usedIn(expression)
	_, err := p.dynamodb.UpdateItem(p.ctx, in)
	if failed := new(types.ConditionalCheckFailedException); errors.As(err, &failed) {
		return false, nil
	}
	return err == nil, err
}
