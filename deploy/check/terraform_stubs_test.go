package check

import (
	"path/filepath"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// terraform is the module in deploy/ecs/terraform.
type terraform struct{ files []*hclsyntax.Body }

func readTerraform(t *testing.T) terraform {
	t.Helper()
	paths, err := filepath.Glob("../ecs/terraform/*.tf")
	if err != nil || len(paths) < 5 {
		t.Fatalf("%d files of Terraform: %v", len(paths), err)
	}
	var m terraform
	for _, path := range paths {
		rel, err := filepath.Rel("..", path)
		if err != nil {
			t.Fatal(err)
		}
		file, problems := hclsyntax.ParseConfig([]byte(read(t, rel)), path, hcl.InitialPos)
		if problems.HasErrors() {
			t.Fatal(problems)
		}
		m.files = append(m.files, file.Body.(*hclsyntax.Body))
	}
	return m
}

// each calls f for every block, those in blocks too.
func (m terraform) each(f func(*hclsyntax.Block)) {
	var walk func(*hclsyntax.Body)
	walk = func(b *hclsyntax.Body) {
		for _, block := range b.Blocks {
			f(block)
			walk(block.Body)
		}
	}
	for _, file := range m.files {
		walk(file)
	}
}

// declared returns what can be referred to, by how it is written: var.image,
// local.webhook, aws_lb.webhook, data.aws_region.current.
func (m terraform) declared(t *testing.T) map[string]*hclsyntax.Block {
	t.Helper()
	all := make(map[string]*hclsyntax.Block)
	add := func(name string, b *hclsyntax.Block) {
		if _, twice := all[name]; twice {
			t.Errorf("%s is declared twice", name)
		}
		all[name] = b
	}
	for _, file := range m.files {
		for _, b := range file.Blocks {
			switch b.Type {
			case "variable":
				add("var."+b.Labels[0], b)
			case "resource":
				add(b.Labels[0]+"."+b.Labels[1], b)
			case "data":
				add("data."+b.Labels[0]+"."+b.Labels[1], b)
			case "output":
				add("output."+b.Labels[0], b)
			case "locals":
				for name := range b.Body.Attributes {
					add("local."+name, b)
				}
			case "terraform":
			default:
				t.Errorf("%s: a block of a kind that is not looked at", b.Type)
			}
		}
	}
	return all
}

// traversals returns everything that is referred to, without the iterators of
// dynamic blocks and of for_each.
func (m terraform) traversals() []hcl.Traversal {
	var all []hcl.Traversal
	var body func(*hclsyntax.Body, map[string]bool)
	body = func(b *hclsyntax.Body, iterators map[string]bool) {
		for _, a := range b.Attributes {
			if a.Name == "type" {
				continue // a variable's, which is written as a name
			}
			for _, v := range a.Expr.Variables() {
				if !iterators[v.RootName()] {
					all = append(all, v)
				}
			}
		}
		for _, block := range b.Blocks {
			inner := iterators
			switch block.Type {
			case "dynamic":
				inner = map[string]bool{block.Labels[0]: true, "each": true}
			case "terraform", "lifecycle":
				continue
			}
			body(block.Body, inner)
		}
	}
	for _, file := range m.files {
		body(file, map[string]bool{"each": true})
	}
	return all
}

// written is the part of a traversal that names what it refers to.
func written(v hcl.Traversal) string {
	parts := 2
	if v.RootName() == "data" {
		parts = 3
	}
	name := v.RootName()
	for i := 1; i < parts && i < len(v); i++ {
		if step, ok := v[i].(hcl.TraverseAttr); ok {
			name += "." + step.Name
		}
	}
	return name
}

// constant evaluates an expression that refers to nothing.
func constant(t *testing.T, e hclsyntax.Expression) cty.Value {
	t.Helper()
	v, problems := e.Value(nil)
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	return v
}

// objectItems collects the entries of all objects in an expression.
func objectItems(e hclsyntax.Expression) []hclsyntax.ObjectConsItem {
	var all []hclsyntax.ObjectConsItem
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics { // nothing that fails
		if o, ok := n.(*hclsyntax.ObjectConsExpr); ok {
			all = append(all, o.Items...)
		}
		return nil
	})
	return all
}

// keyword is an object's key as it is written, empty if it is computed.
func keyword(e hclsyntax.Expression) string { return hcl.ExprAsKeyword(e) }
