package check

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// seconds reads a duration such as 25s.
func seconds(t *testing.T, text string) int {
	t.Helper()
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return int(d.Seconds())
}

// grants are the actions of statements, by their Sid.
type grants map[string][]string

// stackGrants are those of all statements in the CloudFormation template.
func stackGrants(t *testing.T) grants {
	t.Helper()
	found := make(grants)
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			if sid, ok := v["Sid"].(string); ok {
				for _, a := range v["Action"].([]any) {
					found[sid] = append(found[sid], a.(string))
				}
				slices.Sort(found[sid])
			}
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(readStack(t).Resources)
	return found
}

// stackVariables are the names of the container's variables in the template.
func stackVariables(t *testing.T) []string {
	t.Helper()
	task := readStack(t).Resources["Task"].(map[string]any)["Properties"].(map[string]any)
	var names []string
	for _, v := range task["ContainerDefinitions"].([]any)[0].(map[string]any)["Environment"].([]any) {
		m := v.(map[string]any)
		if choice, ok := m["Fn::If"].([]any); ok {
			m = choice[1].(map[string]any)
		}
		names = append(names, m["Name"].(string))
	}
	slices.Sort(names)
	return names
}

// terraformGrants are those of all statements in the Terraform files.
func terraformGrants(t *testing.T) grants {
	t.Helper()
	found := make(grants)
	readTerraform(t).each(func(b *hclsyntax.Block) {
		sid, actions := b.Body.Attributes["sid"], b.Body.Attributes["actions"]
		if sid == nil || actions == nil {
			return
		}
		name := constant(t, sid.Expr).AsString()
		for _, a := range constant(t, actions.Expr).AsValueSlice() {
			found[name] = append(found[name], a.AsString())
		}
		slices.Sort(found[name])
	})
	return found
}

// terraformVariables are the names of the container's variables in the Terraform
// files.
func terraformVariables(t *testing.T) []string {
	t.Helper()
	names := []string{}
	readTerraform(t).each(func(b *hclsyntax.Block) {
		environment := b.Body.Attributes["environment"]
		if b.Type != "locals" || environment == nil {
			return
		}
		for _, item := range objectItems(environment.Expr) {
			if name := keyword(item.KeyExpr); strings.ToUpper(name) == name {
				names = append(names, name)
			}
		}
	})
	slices.Sort(names)
	return names
}
