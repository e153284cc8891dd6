package handlers

import (
	"slices"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// lookups finds the nodes of an expression that look something up. A choice
// counts as one, for it passes on that what it chose is not there.
func lookups(root ast.Expr) map[int64]bool {
	found := make(map[int64]bool)
	ast.PostOrderVisit(root, ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.SelectKind, ast.IdentKind:
			found[e.ID()] = true
		case ast.CallKind:
			f := e.AsCall().FunctionName()
			found[e.ID()] = f == operators.Index || f == operators.Conditional
		}
	}))
	return found
}

// members are those of the data: all, or some by name.
type members struct {
	all   bool
	names []string
}

// membersOf finds the members that an expression may look at: the names after
// data, or all where data stands alone.
func membersOf(root ast.Expr) members {
	var m members
	named := make(map[int64]bool) // the idents that a name follows
	ast.PreOrderVisit(root, ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.SelectKind:
			s := e.AsSelect()
			if s.Operand().Kind() == ast.IdentKind && s.Operand().AsIdent() == "data" {
				named[s.Operand().ID()] = true
				m.add(s.FieldName())
			}
		case ast.IdentKind:
			m.all = m.all || e.AsIdent() == "data" && !named[e.ID()]
		}
	}))
	slices.Sort(m.names)
	return m
}

func (m *members) add(name string) {
	if !slices.Contains(m.names, name) {
		m.names = append(m.names, name)
	}
}

// join adds those of another.
func (m *members) join(o members) {
	m.all = m.all || o.all
	for _, name := range o.names {
		m.add(name)
	}
}

// find returns a name as a string if it is one of them.
func (m members) find(name []byte) (string, bool) {
	for _, known := range m.names {
		if known == string(name) {
			return known, true
		}
	}
	if m.all {
		return string(name), true
	}
	return "", false
}
