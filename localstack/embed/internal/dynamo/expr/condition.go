package expr

import (
	"strings"

	"korestream/localstack/embed/internal/dynamo/attr"
)

// Condition is a condition or filter that was read.
type Condition struct {
	test  predicate
	roots []string
}

// Roots returns the top-level names that the condition looks at.
func (c *Condition) Roots() []string { return c.roots }

// predicate tells whether an item passes. An operand that is absent, or of a
// kind that a comparison does not suit, passes nothing.
type predicate func(item attr.Item) (bool, error)

// operand gives a value of an item, false if there is none.
type operand func(item attr.Item) (attr.Value, bool, error)

// Condition reads a condition; parameter names it in messages:
// ConditionExpression or FilterExpression.
func (s *Scope) Condition(parameter, src string) (*Condition, error) {
	var c Condition
	err := s.run(parameter, src, func(p *parser) { c.test, c.roots = p.or(), p.roots })
	if err != nil {
		return nil, err
	}
	return &c, nil
}

// Eval tells whether an item passes; nil is an item without attributes.
func (c *Condition) Eval(item attr.Item) (bool, error) { return c.test(item) }

func (p *parser) or() predicate {
	left := p.and()
	for p.accept("OR") {
		p.operator()
		a, b := left, p.and()
		left = func(item attr.Item) (bool, error) {
			if ok, err := a(item); ok || err != nil {
				return ok, err
			}
			return b(item)
		}
	}
	return left
}

func (p *parser) and() predicate {
	left := p.not()
	for p.accept("AND") {
		p.operator()
		a, b := left, p.not()
		left = func(item attr.Item) (bool, error) {
			if ok, err := a(item); !ok || err != nil {
				return false, err
			}
			return b(item)
		}
	}
	return left
}

func (p *parser) not() predicate {
	if !p.accept("NOT") {
		return p.test()
	}
	p.operator()
	test := p.not()
	return func(item attr.Item) (bool, error) {
		ok, err := test(item)
		return !ok && err == nil, err
	}
}

// test reads a condition in parentheses, a function or a comparison.
func (p *parser) test() predicate {
	if p.peek().text == "(" {
		p.next++
		inner := p.or()
		p.expect(")")
		return inner
	}
	if p.isCall() && !p.peek().is("size") {
		return p.boolFunction()
	}
	left := p.operand()
	t := p.take()
	p.operator()
	switch {
	case t.kind == symbol && isComparator(t.text):
		return comparison(t.text, left, p.operand())
	case t.is("BETWEEN"):
		low, lowValue := p.bound()
		p.expect("AND")
		high, highValue := p.bound()
		p.checkBounds(lowValue, highValue)
		return between(left, low, high)
	case t.is("IN"):
		return in(left, p.list())
	}
	p.next--
	p.syntaxError()
	return nil
}

// isCall tells whether a function's name is next.
func (p *parser) isCall() bool {
	return p.peek().kind == word && p.next+1 < len(p.tokens) && p.tokens[p.next+1].text == "("
}

// maxIn is how many operands IN takes.
const maxIn = 100

func (p *parser) list() []operand {
	p.expect("(")
	list := []operand{p.operand()}
	for p.accept(",") {
		list = append(list, p.operand())
	}
	p.expect(")")
	if len(list) > maxIn {
		p.fail("The IN operator is provided with too many operands; number of operands: %d", len(list))
	}
	return list
}

// operand reads a value, a path or size(path).
func (p *parser) operand() operand {
	switch t := p.peek(); {
	case t.kind == value:
		v := p.value()
		return func(attr.Item) (attr.Value, bool, error) { return v, true, nil }
	case t.is("size") && p.isCall():
		return p.sizeFunction()
	case p.isCall():
		p.fail("Invalid function name; function: %s", t.text)
	}
	path := p.path()
	return func(item attr.Item) (attr.Value, bool, error) {
		v, ok := path.lookup(item)
		return v, ok, nil
	}
}

// bound reads an end of BETWEEN, and its value if it is one of the request's.
func (p *parser) bound() (operand, *attr.Value) {
	if p.peek().kind != value {
		return p.operand(), nil
	}
	v := p.value()
	return func(attr.Item) (attr.Value, bool, error) { return v, true, nil }, &v
}

// checkBounds refuses ends of BETWEEN between which nothing can be.
func (p *parser) checkBounds(low, high *attr.Value) {
	if low == nil || high == nil {
		return
	}
	c, ok := attr.Compare(*low, *high)
	switch {
	case !ok:
		p.fail("The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {%s:%s}, upper bound operand: AttributeValue: {%s:%s}", low.Kind, low, high.Kind, high)
	case c > 0:
		p.fail("The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {%s:%s}, upper bound operand: AttributeValue: {%s:%s}", low.Kind, low, high.Kind, high)
	}
}

func isComparator(s string) bool { return strings.Contains(" = <> < <= > >= ", " "+s+" ") }

func comparison(op string, left, right operand) predicate {
	return func(item attr.Item) (bool, error) {
		a, okA, err := left(item)
		if err != nil {
			return false, err
		}
		b, okB, err := right(item)
		if err != nil {
			return false, err
		}
		if !okA || !okB {
			// What is absent differs from everything that is there.
			return op == "<>" && okA != okB, nil
		}
		return compare(op, a, b), nil
	}
}

func compare(op string, a, b attr.Value) bool {
	switch op {
	case "=":
		return a.Equal(b)
	case "<>":
		return !a.Equal(b)
	}
	c, ok := attr.Compare(a, b)
	if !ok {
		return false
	}
	switch op {
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	}
	return c >= 0
}

func between(v, low, high operand) predicate {
	above, below := comparison(">=", v, low), comparison("<=", v, high)
	return func(item attr.Item) (bool, error) {
		if ok, err := above(item); !ok || err != nil {
			return false, err
		}
		return below(item)
	}
}

func in(v operand, list []operand) predicate {
	tests := make([]predicate, 0, len(list))
	for _, o := range list {
		tests = append(tests, comparison("=", v, o))
	}
	return func(item attr.Item) (bool, error) {
		for _, test := range tests {
			if ok, err := test(item); ok || err != nil {
				return ok, err
			}
		}
		return false, nil
	}
}
