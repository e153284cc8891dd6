package expr

import (
	"korestream/localstack/embed/internal/dynamo/attr"
)

// KeyCondition selects the items of a Query.
type KeyCondition struct {
	// Hash is the partition key's value.
	Hash attr.Value
	// Range says what the sort key must be; nil is no matter.
	Range *RangeCondition
}

// RangeCondition compares a sort key: Op is =, <, <=, >, >=, BETWEEN (two
// values) or begins_with.
type RangeCondition struct {
	Op     string
	Values []attr.Value
}

// Match tells whether a sort key's value passes; nil passes everything.
func (r *RangeCondition) Match(v attr.Value) bool {
	switch {
	case r == nil:
		return true
	case r.Op == "BETWEEN":
		return compare(">=", v, r.Values[0]) && compare("<=", v, r.Values[1])
	case r.Op == "begins_with":
		return beginsWith(v, r.Values[0])
	}
	return compare(r.Op, v, r.Values[0])
}

// KeyCondition reads a KeyConditionExpression for a key of the given hash and
// range attributes; rang is empty if there is none.
func (s *Scope) KeyCondition(src, hash, rang string) (*KeyCondition, error) {
	var out KeyCondition
	err := s.run("KeyConditionExpression", src, func(p *parser) {
		found := false
		for more := true; more; more = p.accept("AND") {
			name, c := p.keyTest()
			switch {
			case name == hash && c.Op == "=" && !found:
				out.Hash, found = c.Values[0], true
			case name == hash && !found:
				panic(invalid("Query key condition not supported"))
			case name == rang && rang != "" && out.Range == nil:
				out.Range = c
			case name == hash || name == rang && rang != "":
				p.invalidKey("KeyConditionExpressions must only contain one condition per key")
			default:
				panic(invalid("Query condition missed key schema element: %s", firstMissing(found, hash, rang)))
			}
		}
		if p.peek().is("OR") || p.peek().is("NOT") {
			p.invalidKey("Invalid operator used in KeyConditionExpression: %s", p.peek().text)
		}
		if !found {
			panic(invalid("Query condition missed key schema element: %s", hash))
		}
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

func firstMissing(found bool, hash, rang string) string {
	if found && rang != "" {
		return rang
	}
	return hash
}

// keyTest reads one comparison of a key attribute.
func (p *parser) keyTest() (string, *RangeCondition) {
	if p.accept("(") {
		name, c := p.keyTest()
		p.expect(")")
		return name, c
	}
	if p.isCall() {
		if t := p.take(); t.text != "begins_with" {
			p.invalidKey("Invalid operator used in KeyConditionExpression: %s", t.text)
		}
		p.expect("(")
		name := p.keyName()
		p.expect(",")
		v := p.value()
		p.expect(")")
		return name, &RangeCondition{"begins_with", []attr.Value{v}}
	}
	name := p.keyName()
	t := p.take()
	switch {
	case t.kind == symbol && t.text != "<>" && isComparator(t.text):
		return name, &RangeCondition{t.text, []attr.Value{p.value()}}
	case t.is("BETWEEN"):
		low := p.value()
		p.expect("AND")
		return name, &RangeCondition{"BETWEEN", []attr.Value{low, p.value()}}
	case t.text == "<>" || t.is("IN"):
		p.invalidKey("Invalid operator used in KeyConditionExpression: %s", t.text)
	}
	p.next--
	p.syntaxError()
	return "", nil
}

func (p *parser) keyName() string {
	path := p.path()
	if len(path) != 1 {
		p.invalidKey("KeyConditionExpressions cannot have conditions on nested attributes")
	}
	return path[0].name
}

// invalidKey refuses a key condition in words of its own, without the
// parameter's name.
func (p *parser) invalidKey(format string, args ...any) { panic(invalid(format, args...)) }
