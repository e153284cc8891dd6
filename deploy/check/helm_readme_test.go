package check

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestChart_ReadmeHasTheValues(t *testing.T) {
	t.Parallel()
	path := filepath.Join(chartDir, "README.md")
	text := read(t, "helm/korestream/README.md")
	head, rest, ok := strings.Cut(text, " -->\n")
	_, tail, ended := strings.Cut(rest, "<!-- values:end -->")
	if !ok || !ended {
		t.Fatal("the README has no marks around its values")
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(read(t, "helm/korestream/values.yaml")), &doc); err != nil {
		t.Fatal(err)
	}
	rows := valueRows("", doc.Content[0])
	if len(rows) < 40 {
		t.Fatalf("%d values in the table, want all of them", len(rows))
	}
	table := "| value | default | what it is |\n| --- | --- | --- |\n" + strings.Join(rows, "")
	want := head + " -->\n" + table + "<!-- values:end -->" + tail
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if text != want {
		t.Error("the values of README.md are not those of values.yaml: run make deploy-check UPDATE=-update")
	}
}

// valueRows returns a line of the table for each value and for each group that
// has a comment.
func valueRows(prefix string, n *yaml.Node) []string {
	var rows []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		name := prefix + key.Value
		doc := strings.ReplaceAll(strings.ReplaceAll(key.HeadComment, "\n# ", " "), "# ", "")
		doc = strings.ReplaceAll(doc, "|", `\|`)
		if value.Kind == yaml.MappingNode && len(value.Content) > 0 {
			if doc != "" {
				rows = append(rows, fmt.Sprintf("| `%s` |  | %s |\n", name, doc))
			}
			rows = append(rows, valueRows(name+".", value)...)
			continue
		}
		rows = append(rows, fmt.Sprintf("| `%s` | `%s` | %s |\n", name, shown(value), doc))
	}
	return rows
}

// shown is a value in one short piece.
func shown(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.ScalarNode && n.Value == "":
		return `""`
	case n.Kind == yaml.ScalarNode:
		return n.Value
	case len(n.Content) == 0 && n.Kind == yaml.SequenceNode:
		return "[]"
	case len(n.Content) == 0:
		return "{}"
	}
	return fmt.Sprintf("a list of %d", len(n.Content))
}
