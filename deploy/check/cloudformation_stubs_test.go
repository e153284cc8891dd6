package check

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// stack is a CloudFormation template as it is written, with its functions.
type stack struct {
	Parameters, Mappings, Conditions, Resources, Outputs map[string]any
}

const templatePath = "ecs/cloudformation.yaml"

// readStack reads the template; !Ref x becomes {"Ref": x}, and so on.
func readStack(t *testing.T) stack {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(read(t, templatePath)), &doc); err != nil {
		t.Fatal(err)
	}
	tree, err := plain(doc.Content[0])
	if err != nil {
		t.Fatal(err)
	}
	part := func(name string) map[string]any {
		m, _ := tree.(map[string]any)[name].(map[string]any)
		if len(m) == 0 {
			t.Fatalf("the template has no %s", name)
		}
		return m
	}
	return stack{part("Parameters"), part("Mappings"), part("Conditions"), part("Resources"), part("Outputs")}
}

// plain turns a node into maps, lists and scalars. CloudFormation knows no
// aliases of YAML, see
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html.
func plain(n *yaml.Node) (any, error) {
	var out any
	switch n.Kind {
	case yaml.MappingNode:
		m := make(map[string]any)
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i].Value
			if _, twice := m[key]; twice {
				return nil, fmt.Errorf("line %d: %s is there twice", n.Content[i].Line, key)
			}
			value, err := plain(n.Content[i+1])
			if err != nil {
				return nil, err
			}
			m[key] = value
		}
		out = m
	case yaml.SequenceNode:
		list := []any{}
		for _, c := range n.Content {
			value, err := plain(c)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		out = list
	case yaml.ScalarNode:
		out = n.Value
	default:
		return nil, fmt.Errorf("line %d: an alias, which CloudFormation does not know", n.Line)
	}
	switch tag := n.Tag; {
	case tag == "!Ref" || tag == "!Condition":
		return map[string]any{tag[1:]: out}, nil
	case tag == "!GetAtt":
		return map[string]any{"Fn::GetAtt": strings.SplitN(n.Value, ".", 2)}, nil
	case strings.HasPrefix(tag, "!!"):
		return out, nil
	default:
		return map[string]any{"Fn::" + tag[1:]: out}, nil
	}
}

// reference is something that a template's function names.
type reference struct{ function, name, attribute string }

var placeholder = regexp.MustCompile(`\$\{([^!}][^}]*)\}`)

// references collects what the functions below a value name.
func references(v any) []reference {
	var all []reference
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			all = append(all, references(e)...)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			all = append(all, named(key, v[key])...)
			all = append(all, references(v[key])...)
		}
	}
	return all
}

// named returns what one function names.
func named(function string, argument any) []reference {
	switch a := argument.(type) {
	case string:
		switch function {
		case "Ref", "Condition", "DependsOn":
			return []reference{{function, a, ""}}
		case "Fn::Sub":
			var all []reference
			for _, m := range placeholder.FindAllStringSubmatch(a, -1) {
				name, attribute, _ := strings.Cut(m[1], ".")
				all = append(all, reference{function, name, attribute})
			}
			return all
		}
	case []string: // GetAtt
		return []reference{{function, a[0], a[1]}}
	case []any:
		if name, ok := a[0].(string); ok && (function == "Fn::If" || function == "Fn::FindInMap") {
			return []reference{{function, name, ""}}
		}
	}
	return nil
}
