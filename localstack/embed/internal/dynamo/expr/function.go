package expr

import (
	"slices"
	"strconv"
	"strings"

	"korestream/localstack/embed/internal/dynamo/attr"
)

// functions are those that are conditions, with the number of their operands.
var functions = map[string]int{
	"attribute_exists": 1, "attribute_not_exists": 1, "attribute_type": 2, "begins_with": 2, "contains": 2,
}

// boolFunction reads a function that is a condition. Their names are in lower
// case.
func (p *parser) boolFunction() predicate {
	fn := p.take().text
	count, ok := functions[fn]
	if !ok {
		p.fail("Invalid function name; function: %s", fn)
	}
	p.operator()
	p.expect("(")
	first := p.peek()
	if first.kind == value && (count == 1 || fn == "attribute_type") {
		p.fail("Operator or function requires a document path; operator or function: %s", fn)
	}
	args := []operand{p.operand()}
	for p.accept(",") {
		if fn == "begins_with" {
			p.checkPrefix()
		}
		args = append(args, p.operand())
	}
	p.expect(")")
	if len(args) != count {
		p.fail("Incorrect number of operands for operator or function; operator or function: %s, number of operands: %d", fn, len(args))
	}
	switch fn {
	case "attribute_exists", "attribute_not_exists":
		return func(item attr.Item) (bool, error) {
			_, exists, err := args[0](item)
			return exists == (fn == "attribute_exists"), err
		}
	case "attribute_type":
		return both(args, func(a, b attr.Value) bool { return b.Kind == attr.String && string(a.Kind) == b.S })
	case "begins_with":
		return both(args, beginsWith)
	}
	return both(args, contains)
}

// checkPrefix refuses a prefix that is neither text nor binary.
func (p *parser) checkPrefix() {
	if p.peek().kind != value {
		return
	}
	v := p.value()
	p.next-- // only looked at
	if v.Kind != attr.String && v.Kind != attr.Binary {
		p.fail("Incorrect operand type for operator or function; operator or function: begins_with, operand type: %s", v.Kind)
	}
}

// both makes a predicate of a test of two values that are there.
func both(args []operand, test func(a, b attr.Value) bool) predicate {
	return func(item attr.Item) (bool, error) {
		a, ok, err := args[0](item)
		if !ok || err != nil {
			return false, err
		}
		b, ok, err := args[1](item)
		if !ok || err != nil {
			return false, err
		}
		return test(a, b), nil
	}
}

func beginsWith(a, b attr.Value) bool {
	return a.Kind == b.Kind && (a.Kind == attr.String || a.Kind == attr.Binary) && strings.HasPrefix(a.S, b.S)
}

func contains(a, b attr.Value) bool {
	switch {
	case a.Kind == attr.List:
		return slices.ContainsFunc(a.L, b.Equal)
	case a.IsSet():
		return a.Kind.Element() == b.Kind && slices.Contains(a.Set, b.S)
	}
	return a.Kind == b.Kind && (a.Kind == attr.String || a.Kind == attr.Binary) && strings.Contains(a.S, b.S)
}

// sizeFunction reads size(path): the length of a text, the number of elements.
func (p *parser) sizeFunction() operand {
	p.next++
	p.operator()
	p.expect("(")
	if p.peek().kind == value {
		p.fail("Operator or function requires a document path; operator or function: size")
	}
	path := p.path()
	p.expect(")")
	return func(item attr.Item) (attr.Value, bool, error) {
		v, ok := path.lookup(item)
		n := 0
		switch v.Kind {
		case attr.String:
			n = len([]rune(v.S))
		case attr.Binary:
			n = len(v.S)
		case attr.List:
			n = len(v.L)
		case attr.Map:
			n = len(v.M)
		case attr.StringSet, attr.NumberSet, attr.BinarySet:
			n = len(v.Set)
		default:
			ok = false
		}
		return attr.Value{Kind: attr.Number, S: strconv.Itoa(n)}, ok, nil
	}
}
