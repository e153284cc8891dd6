package check

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// metricTable is what deploy/prometheus/metrics.yaml says.
type metricTable struct {
	Metrics      map[string][]string `json:"metrics"`
	ExpectedSoon map[string][]string `json:"expected_soon"`
	Others       []string            `json:"others"`
}

func readMetricTable(t *testing.T) metricTable {
	t.Helper()
	var m metricTable
	if err := yaml.UnmarshalStrict([]byte(read(t, "prometheus/metrics.yaml")), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// labels returns the labels that queries may use of a metric, and whether it is
// listed.
func (m metricTable) labels(name string) ([]string, bool) {
	for _, list := range []map[string][]string{m.Metrics, m.ExpectedSoon} {
		if labels, ok := list[name]; ok {
			return labels, true
		}
	}
	for _, other := range m.Others {
		if other == name {
			return nil, true
		}
	}
	return nil, false
}

// descriptors reads korestream's own table from its source: the calls of counter
// and gauge with a name, a help and labels, and of define with a kind before them.
// Their labels are nil where they are no literals.
func descriptors(t *testing.T) map[string][]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "internal/app/*.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string][]string)
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 2 {
				return true
			}
			args := call.Args
			switch f, ok := call.Fun.(*ast.Ident); {
			case !ok:
				return true
			case f.Name == "define":
				args = args[1:]
			case f.Name != "counter" && f.Name != "gauge":
				return true
			}
			if name, ok := literal(args[0]); ok {
				found["korestream_"+name] = literals(args[2:])
			}
			return true
		})
	}
	if len(found) < 15 {
		t.Fatalf("%d descriptors in internal/app: they are made in another way now, which this must learn", len(found))
	}
	return found
}

func literal(e ast.Expr) (string, bool) {
	l, ok := e.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(l.Value)
	return s, err == nil
}

func literals(exprs []ast.Expr) []string {
	all := []string{}
	for _, e := range exprs {
		s, ok := literal(e)
		if !ok {
			return nil
		}
		all = append(all, s)
	}
	return all
}
