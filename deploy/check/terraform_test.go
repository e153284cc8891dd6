package check

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

func TestTerraform_EveryReferenceResolves(t *testing.T) {
	t.Parallel()
	m := readTerraform(t)
	declared, used := m.declared(t), make(map[string]bool)
	for _, v := range m.traversals() {
		used[written(v)] = true
	}
	for name := range used {
		if declared[name] == nil {
			t.Errorf("%s: there is no such thing", name)
		}
	}
	for name := range declared {
		if !used[name] && (strings.HasPrefix(name, "var.") || strings.HasPrefix(name, "local.") || strings.HasPrefix(name, "data.")) {
			t.Errorf("%s is used nowhere", name)
		}
	}
	if len(used) < 40 {
		t.Fatalf("%d references found", len(used))
	}
}

func TestTerraform_VariablesAndOutputsAreDocumented(t *testing.T) {
	t.Parallel()
	for name, b := range readTerraform(t).declared(t) {
		if b.Type != "variable" && b.Type != "output" {
			continue
		}
		if b.Body.Attributes["description"] == nil {
			t.Errorf("%s has no description", name)
		}
		if b.Type == "variable" && b.Body.Attributes["type"] == nil {
			t.Errorf("%s has no type", name)
		}
	}
}

func TestTerraform_WhatIsCountedIsIndexed(t *testing.T) {
	t.Parallel()
	m := readTerraform(t)
	declared := m.declared(t)
	for _, v := range m.traversals() {
		b, at := declared[written(v)], 2
		if v.RootName() == "data" {
			at = 3
		}
		if b == nil || b.Body.Attributes["count"] == nil || len(v) <= at {
			continue
		}
		if _, ok := v[at].(hcl.TraverseAttr); ok {
			t.Errorf("%s: there are several of it or none, want an index", written(v))
		}
	}
}

func TestTerraform_StopTimeoutIsLongerThanTheDrain(t *testing.T) {
	t.Parallel()
	m := readTerraform(t)
	var stop hclsyntax.Expression
	m.each(func(b *hclsyntax.Block) {
		if a := b.Body.Attributes["container_definitions"]; a != nil {
			for _, item := range objectItems(a.Expr) {
				if keyword(item.KeyExpr) == "stopTimeout" {
					stop = item.ValueExpr
				}
			}
		}
	})
	drain := m.declared(t)["var.drain_timeout"]
	valid := drain.Body.Blocks[0].Body.Attributes["condition"].Expr
	for _, tc := range []struct {
		seconds int64
		valid   bool
	}{{0, false}, {1, true}, {25, true}, {110, true}, {111, false}} {
		in := &hcl.EvalContext{Variables: map[string]cty.Value{"var": cty.ObjectVal(map[string]cty.Value{"drain_timeout": cty.NumberIntVal(tc.seconds)})}}
		ok, problems := valid.Value(in)
		if problems.HasErrors() || ok.True() != tc.valid {
			t.Errorf("drain_timeout %d: valid %v (%v), want %t", tc.seconds, ok, problems, tc.valid)
		}
		v, problems := stop.Value(in)
		if problems.HasErrors() {
			t.Fatal(problems)
		}
		if got, _ := v.AsBigFloat().Int64(); tc.valid && (got <= tc.seconds || got > 120) {
			t.Errorf("a drain of %d s is killed after %d s: want more, and 120 at most", tc.seconds, got)
		}
	}
}

func TestTerraform_IsFormatted(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"alarms", "data", "iam", "outputs", "service", "variables", "versions", "webhook"} {
		path := "ecs/terraform/" + name + ".tf"
		if text := read(t, path); string(hclwrite.Format([]byte(text))) != text {
			t.Errorf("%s is not formatted as terraform fmt does", path)
		}
	}
}
