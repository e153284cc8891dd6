package expr

import (
	"slices"
	"strconv"
	"strings"

	"korestream/localstack/embed/internal/awsjson"
	"korestream/localstack/embed/internal/dynamo/attr"
)

// maxLength is the longest expression, in bytes, and maxOperators bounds what is
// in it, see
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html#limits-expression-parameters
const (
	maxLength    = 4096
	maxOperators = 300
)

// parser reads one expression. The first error ends it, as a panic of type
// *awsjson.Error that run recovers: a parser by recursive descent would
// otherwise be mostly error checks.
type parser struct {
	scope     *Scope
	parameter string // for messages
	src       string
	tokens    []token
	next      int
	operators int
	roots     []string // the top-level names of all paths that were read
}

// run reads src with read, which must use it up.
func (s *Scope) run(parameter, src string, read func(p *parser)) (err error) {
	if strings.TrimSpace(src) == "" {
		return invalid("Invalid %s: The expression can not be empty;", parameter)
	}
	if len(src) > maxLength {
		return invalid("Invalid %s: Expression size has exceeded the maximum allowed size; expression size: %d", parameter, len(src))
	}
	p := &parser{scope: s, parameter: parameter, src: src}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *awsjson.Error:
			err = r
		default:
			panic(r)
		}
	}()
	var ok bool
	if p.tokens, ok = tokenize(src); !ok {
		p.next = len(p.tokens) - 1
		p.syntaxError()
	}
	read(p)
	if p.peek().kind != end {
		p.syntaxError()
	}
	return nil
}

func (p *parser) fail(format string, args ...any) {
	panic(awsjson.Errorf("ValidationException", "Invalid "+p.parameter+": "+format, args...))
}

// syntaxError refuses the next token, quoting what is around it.
func (p *parser) syntaxError() {
	t := p.tokens[p.next]
	from := t.at
	if p.next > 0 {
		from = p.tokens[p.next-1].at
	}
	to := len(p.src)
	if p.next+2 < len(p.tokens) {
		to = p.tokens[p.next+2].at
	}
	p.fail("Syntax error; token: %q, near: %q", t.text, strings.TrimSpace(p.src[from:to]))
}

func (p *parser) peek() token { return p.tokens[p.next] }

func (p *parser) take() token {
	t := p.tokens[p.next]
	if t.kind != end {
		p.next++
	}
	return t
}

// accept takes the symbol or keyword if it is next.
func (p *parser) accept(text string) bool {
	t := p.peek()
	if t.kind == symbol && t.text == text || t.is(text) {
		p.next++
		return true
	}
	return false
}

func (p *parser) expect(text string) {
	if !p.accept(text) {
		p.syntaxError()
	}
}

func (p *parser) operator() {
	if p.operators++; p.operators > maxOperators {
		p.fail("The expression contains too many operators; maximum allowed operators: %d", maxOperators)
	}
}

// Path is where an attribute is: a top-level name, then members and elements.
type Path []step

// step is a member of a map, or an element of a list if index is 0 or more.
type step struct {
	name  string
	index int
}

// String is the path as messages show it.
func (p Path) String() string {
	parts := make([]string, 0, len(p))
	for _, s := range p {
		if s.index >= 0 {
			parts = append(parts, "["+strconv.Itoa(s.index)+"]")
		} else {
			parts = append(parts, s.name)
		}
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// path reads an attribute's path.
func (p *parser) path() Path {
	out := Path{p.member()}
	p.roots = append(p.roots, out[0].name)
	for {
		switch {
		case p.accept("."):
			out = append(out, p.member())
		case p.accept("["):
			t := p.take()
			i, err := strconv.Atoi(t.text)
			if t.kind != number || err != nil {
				p.next--
				p.syntaxError()
			}
			p.expect("]")
			out = append(out, step{index: i})
		default:
			return out
		}
	}
}

func (p *parser) member() step {
	t := p.peek()
	switch t.kind {
	case name:
		to, ok := p.scope.names[t.text]
		if !ok {
			p.fail("An expression attribute name used in the document path is not defined; attribute name: %s", t.text)
		}
		p.scope.usedNames[t.text] = true
		p.next++
		return step{to, -1}
	case word:
		if _, bad := slices.BinarySearch(reserved, strings.ToUpper(t.text)); bad {
			p.fail("Attribute name is a reserved keyword; reserved keyword: %s", t.text)
		}
		p.next++
		return step{t.text, -1}
	}
	p.syntaxError()
	return step{}
}

// value reads :value.
func (p *parser) value() attr.Value {
	t := p.peek()
	if t.kind != value {
		p.syntaxError()
	}
	v, ok := p.scope.values[t.text]
	if !ok {
		p.fail("An expression attribute value used in expression is not defined; attribute value: %s", t.text)
	}
	p.scope.usedValues[t.text] = true
	p.next++
	return v
}

// lookup finds the value at a path.
func (p Path) lookup(item attr.Item) (attr.Value, bool) {
	v := attr.Value{Kind: attr.Map, M: item}
	for _, s := range p {
		switch {
		case s.index < 0 && v.Kind == attr.Map:
			next, ok := v.M[s.name]
			if !ok {
				return attr.Value{}, false
			}
			v = next
		case s.index >= 0 && v.Kind == attr.List && s.index < len(v.L):
			v = v.L[s.index]
		default:
			return attr.Value{}, false
		}
	}
	return v, true
}

// overlaps tells whether one path is the other or leads through it, and
// conflicts whether they take one place for a map and for a list.
func (p Path) overlaps(q Path) (overlaps, conflicts bool) {
	for i := range min(len(p), len(q)) {
		if p[i] != q[i] {
			return false, (p[i].index < 0) != (q[i].index < 0)
		}
	}
	return true, false
}
