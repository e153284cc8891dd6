package localstack_test

import (
	"regexp"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// placeholder is a name or a value in an expression.
var placeholder = regexp.MustCompile(`[:#]\w+`)

// usedIn returns the names and values of conditions that an expression uses.
func usedIn(expression string) (map[string]string, map[string]types.AttributeValue) {
	var names map[string]string
	var values map[string]types.AttributeValue
	for _, used := range placeholder.FindAllString(expression, -1) {
		if name, ok := conditionNames[used]; ok {
			if names == nil {
				names = map[string]string{}
			}
			names[used] = name
		}
		if v, ok := conditionValues[used]; ok {
			if values == nil {
				values = map[string]types.AttributeValue{}
			}
			values[used] = value(v)
		}
	}
	return names, values
}

// updateRow is the item that updates begin with.
var updateRow = row{
	"id": "a", "n": num("5"), "s": "x", "m": row{"p": "1", "q": "2"}, "l": []any{"0", "1", "2"}, "ss": sset{"x", "y"},
}

// updated is what an update makes of updateRow: the attributes that are not
// there any more are nil in without.
type updated struct {
	expression string
	values     row
	with       row
	without    []string
}

var updates = []updated{
	{"SET n = :v", row{":v": num("7")}, row{"n": num("7")}, nil},
	{"SET fresh = :v", row{":v": "new"}, row{"fresh": "new"}, nil},
	{"SET n = n + :v", row{":v": num("1.5")}, row{"n": num("6.5")}, nil},
	{"SET n = n - :v", row{":v": num("6")}, row{"n": num("-1")}, nil},
	{"SET s = n, n = :v", row{":v": num("1")}, row{"s": num("5"), "n": num("1")}, nil},
	{"SET fresh = if_not_exists(fresh, :v)", row{":v": "new"}, row{"fresh": "new"}, nil},
	{"SET s = if_not_exists(s, :v)", row{":v": "new"}, row{"s": "x"}, nil},
	{"SET fresh = if_not_exists(fresh, :v) + :v", row{":v": num("1")}, row{"fresh": num("2")}, nil},
	{"SET l = list_append(l, :v)", row{":v": []any{"3"}}, row{"l": []any{"0", "1", "2", "3"}}, nil},
	{"SET l = list_append(:v, l)", row{":v": []any{"3"}}, row{"l": []any{"3", "0", "1", "2"}}, nil},
	{"SET l[1] = :v", row{":v": "one"}, row{"l": []any{"0", "one", "2"}}, nil},
	{"SET l[9] = :v", row{":v": "end"}, row{"l": []any{"0", "1", "2", "end"}}, nil},
	{"SET m.q = :v", row{":v": "two"}, row{"m": row{"p": "1", "q": "two"}}, nil},
	{"SET m.r = :v", row{":v": "3"}, row{"m": row{"p": "1", "q": "2", "r": "3"}}, nil},
	{"REMOVE n, s", nil, nil, []string{"n", "s"}},
	{"REMOVE never", nil, nil, nil},
	{"REMOVE m.p", nil, row{"m": row{"q": "2"}}, nil},
	{"ADD n :v", row{":v": num("-2")}, row{"n": num("3")}, nil},
	{"ADD fresh :v", row{":v": num("4")}, row{"fresh": num("4")}, nil},
	{"ADD ss :v", row{":v": sset{"y", "z"}}, row{"ss": sset{"x", "y", "z"}}, nil},
	{"DELETE ss :v", row{":v": sset{"y", "z"}}, row{"ss": sset{"x"}}, nil},
	{"DELETE ss :v", row{":v": sset{"x", "y"}}, nil, []string{"ss"}},
	{
		"SET n = :v REMOVE s ADD fresh :v DELETE ss :w",
		row{":v": num("1"), ":w": sset{"x"}},
		row{"n": num("1"), "fresh": num("1"), "ss": sset{"y"}},
		[]string{"s"},
	},
}

// badUpdates are updates that are refused with a ValidationException.
var badUpdates = []struct {
	expression string
	values     row
	message    string
}{
	{"", nil, "Invalid UpdateExpression: The expression can not be empty;"},
	{"SET n = :v SET s = :v", row{":v": "1"}, `Invalid UpdateExpression: The "SET" section can only be used once in an update expression;`},
	{"SET id = :v", row{":v": "1"}, "One or more parameter values were invalid: Cannot update attribute id. This attribute is part of the key"},
	{"SET name = :v", row{":v": "1"}, "Invalid UpdateExpression: Attribute name is a reserved keyword; reserved keyword: name"},
	{"SET n = nope", nil, "The provided expression refers to an attribute that does not exist in the item"},
	{"SET s = s + :v", row{":v": num("1")}, "An operand in the update expression has an incorrect data type"},
	{"ADD s :v", row{":v": num("1")}, "An operand in the update expression has an incorrect data type"},
	{"SET nope.x = :v", row{":v": "1"}, "The document path provided in the update expression is invalid for update"},
	{"SET s.x = :v", row{":v": "1"}, "The document path provided in the update expression is invalid for update"},
	{"SET m = :v, m.p = :v", row{":v": "1"}, "Invalid UpdateExpression: Two document paths overlap with each other; " +
		"must remove or rewrite one of these paths; path one: [m], path two: [m, p]"},
	{"SET n = :v REMOVE n", row{":v": "1"}, "Invalid UpdateExpression: Two document paths overlap with each other; " +
		"must remove or rewrite one of these paths; path one: [n], path two: [n]"},
}

var updateCases = []conformanceCase{
	{"UpdateExpression/changes what it says and nothing else", func(p *probe) {
		p.hashTable()
		for _, u := range updates {
			p.putAll(updateRow)
			call(p, p.dynamodb.UpdateItem, p.updating(u.expression, u.values))
			want := row{}
			for name, v := range updateRow {
				want[name] = v
			}
			for name, v := range u.with {
				want[name] = v
			}
			for _, name := range u.without {
				delete(want, name)
			}
			equal(p, u.expression, p.item("a"), want)
		}
	}},
	{"UpdateExpression/removes elements of a list by the places before", func(p *probe) {
		p.hashTable(updateRow)
		call(p, p.dynamodb.UpdateItem, p.updating("REMOVE l[0], l[1]", nil))
		equal(p, "list", p.item("a")["l"], any([]any{"2"}))
	}},
	{"UpdateExpression/refuses bad syntax", func(p *probe) {
		p.hashTable()
		for _, expression := range []string{"SET", "SET n", "SET n =", "REMOVE", "n = n", "ADD n n"} {
			got := refused(p, p.dynamodb.UpdateItem, p.updating(expression, nil), validation)
			p.begins(got, "Invalid UpdateExpression: Syntax error; ")
		}
	}},
	{"UpdateExpression/refuses what it cannot do", func(p *probe) {
		p.hashTable(updateRow)
		for _, u := range badUpdates {
			p.says(refused(p, p.dynamodb.UpdateItem, p.updating(u.expression, u.values), validation), u.message)
		}
		equal(p, "item", p.item("a"), updateRow)
	}},
	{"UpdateItem/makes an item where there is none", func(p *probe) {
		p.hashTable()
		call(p, p.dynamodb.UpdateItem, p.updating("ADD n :v", row{":v": num("1")}))
		equal(p, "item", p.item("a"), row{"id": "a", "n": num("1")})
	}},
	{"UpdateItem/without an expression makes the key alone", func(p *probe) {
		p.hashTable()
		in := p.updating("", nil)
		in.UpdateExpression = nil
		call(p, p.dynamodb.UpdateItem, in)
		equal(p, "item", p.item("a"), row{"id": "a"})
	}},
	{"UpdateItem/returns what it is asked for", func(p *probe) {
		p.hashTable()
		for want, values := range map[types.ReturnValue]row{
			types.ReturnValueNone:       nil,
			types.ReturnValueAllOld:     {"id": "a", "x": "1", "y": "1"},
			types.ReturnValueAllNew:     {"id": "a", "x": "2", "y": "1", "z": "3"},
			types.ReturnValueUpdatedOld: {"x": "1"},
			types.ReturnValueUpdatedNew: {"x": "2", "z": "3"},
		} {
			p.putAll(row{"id": "a", "x": "1", "y": "1"})
			in := p.updating("SET x = :two, z = :three", row{":two": "2", ":three": "3"})
			in.ReturnValues = want
			equal(p, string(want), rowOf(call(p, p.dynamodb.UpdateItem, in).Attributes), values)
		}
	}},
	{"UpdateItem/UPDATED_NEW of a path returns that path", func(p *probe) {
		p.hashTable(updateRow)
		in := p.updating("SET m.q = :v", row{":v": "two"})
		in.ReturnValues = types.ReturnValueUpdatedNew
		equal(p, "attributes", rowOf(call(p, p.dynamodb.UpdateItem, in).Attributes), row{"m": row{"q": "two"}})
	}},
}
