package expr

import (
	"korestream/localstack/embed/internal/dynamo/attr"
)

// Update is an update that was read.
type Update struct {
	paths   []Path
	sets    []assignment
	removes []Path
	adds    []change
	deletes []change
}

// assignment is one action of SET. Its value is of the item as it was before.
type assignment struct {
	path  Path
	value operand
}

// change is one action of ADD or DELETE.
type change struct {
	path  Path
	value attr.Value
}

// Update reads an UpdateExpression.
func (s *Scope) Update(src string) (*Update, error) {
	var u Update
	err := s.run("UpdateExpression", src, func(p *parser) {
		seen := make(map[string]bool)
		for p.peek().kind != end {
			clause := p.clause()
			if seen[clause] {
				p.fail("The %q section can only be used once in an update expression;", clause)
			}
			seen[clause] = true
			u.action(p, clause)
			for p.accept(",") {
				u.action(p, clause)
			}
		}
		p.noOverlaps(u.paths)
	})
	if err != nil {
		return nil, err
	}
	return &u, nil
}

func (p *parser) clause() string {
	for _, c := range []string{"SET", "REMOVE", "ADD", "DELETE"} {
		if p.accept(c) {
			return c
		}
	}
	p.syntaxError()
	return ""
}

func (u *Update) action(p *parser, clause string) {
	path := p.path()
	u.paths = append(u.paths, path)
	switch clause {
	case "SET":
		p.expect("=")
		u.sets = append(u.sets, assignment{path, p.sum()})
	case "REMOVE":
		u.removes = append(u.removes, path)
	case "ADD":
		v := p.value()
		if v.Kind != attr.Number && !v.IsSet() {
			p.fail("Incorrect operand type for operator or function; operator: ADD, operand type: %s, typeSet: ALLOWED_FOR_ADD_OPERAND", typeName(v.Kind))
		}
		u.adds = append(u.adds, change{path, v})
	case "DELETE":
		v := p.value()
		if !v.IsSet() {
			p.fail("Incorrect operand type for operator or function; operator: DELETE, operand type: %s, typeSet: ALLOWED_FOR_DELETE_OPERAND", typeName(v.Kind))
		}
		u.deletes = append(u.deletes, change{path, v})
	}
}

// typeName is a kind as messages about operands name it.
func typeName(k attr.Kind) string {
	names := map[attr.Kind]string{
		attr.String: "STRING", attr.Number: "NUMBER", attr.Binary: "BINARY", attr.Bool: "BOOLEAN", attr.Null: "NULL",
		attr.List: "LIST", attr.Map: "MAP", attr.StringSet: "STRING_SET", attr.NumberSet: "NUMBER_SET", attr.BinarySet: "BINARY_SET",
	}
	return names[k]
}

// sum reads the right side of an assignment: an operand, or two with + or -.
func (p *parser) sum() operand {
	left := p.setOperand()
	op := attr.AddNumbers
	switch {
	case p.accept("+"):
	case p.accept("-"):
		op = attr.SubNumbers
	default:
		return left
	}
	p.operator()
	right := p.setOperand()
	return func(item attr.Item) (attr.Value, bool, error) {
		a, err := present(left, item)
		if err != nil {
			return a, false, err
		}
		b, err := present(right, item)
		if err != nil {
			return b, false, err
		}
		if a.Kind != attr.Number || b.Kind != attr.Number {
			return a, false, invalid("An operand in the update expression has an incorrect data type")
		}
		n, err := op(a.S, b.S)
		return attr.Value{Kind: attr.Number, S: n}, true, err
	}
}

// present gives a value that must be there.
func present(o operand, item attr.Item) (attr.Value, error) {
	v, ok, err := o(item)
	if err == nil && !ok {
		err = invalid("The provided expression refers to an attribute that does not exist in the item")
	}
	return v, err
}

// setOperand reads a path, a value, if_not_exists or list_append.
func (p *parser) setOperand() operand {
	if p.peek().text == "(" {
		p.next++
		inner := p.sum()
		p.expect(")")
		return inner
	}
	if !p.isCall() {
		return p.operand()
	}
	fn := p.take().text
	p.operator()
	p.expect("(")
	switch fn {
	case "if_not_exists":
		path := p.path()
		p.expect(",")
		other := p.setOperand()
		p.expect(")")
		return func(item attr.Item) (attr.Value, bool, error) {
			if v, ok := path.lookup(item); ok {
				return v, true, nil
			}
			return other(item)
		}
	case "list_append":
		a := p.setOperand()
		p.expect(",")
		b := p.setOperand()
		p.expect(")")
		return listAppend(a, b)
	}
	p.fail("Invalid function name; function: %s", fn)
	return nil
}

func listAppend(first, second operand) operand {
	return func(item attr.Item) (attr.Value, bool, error) {
		a, err := present(first, item)
		if err != nil {
			return a, false, err
		}
		b, err := present(second, item)
		if err != nil {
			return b, false, err
		}
		if a.Kind != attr.List || b.Kind != attr.List {
			return a, false, invalid("An operand in the update expression has an incorrect data type")
		}
		joined := make([]attr.Value, 0, len(a.L)+len(b.L))
		return attr.Value{Kind: attr.List, L: append(append(joined, a.L...), b.L...)}, true, nil
	}
}
