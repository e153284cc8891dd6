package check

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// attached are labels that Prometheus adds to every series, or that a metric gets
// with its next form: the stream's name.
var attached = []string{"job", "namespace", "instance", "stream"}

func TestMetrics_AreThoseThatKorestreamHas(t *testing.T) {
	t.Parallel()
	have, table := descriptors(t), readMetricTable(t)
	for name, wanted := range table.Metrics {
		got, ok := have[name]
		if !ok {
			t.Errorf("%s: korestream has no such metric", name)
		}
		for _, label := range wanted {
			if got != nil && !slices.Contains(got, label) {
				t.Errorf("%s: has no label %s, but %v", name, label, got)
			}
		}
	}
	for name, wanted := range table.ExpectedSoon {
		got, ok := have[name]
		if !ok {
			continue
		}
		t.Logf("%s is there now: move it up in metrics.yaml", name)
		for _, label := range wanted {
			if got != nil && !slices.Contains(got, label) {
				t.Errorf("%s: came without the label %s, with %v", name, label, got)
			}
		}
	}
}

func TestMetrics_EachThatIsListedIsAskedFor(t *testing.T) {
	t.Parallel()
	asked := make(map[string]bool)
	for _, q := range append(slices.Collect(maps.Values(ruleQueries(t))), dashboardQueries(t)...) {
		for name := range metricsOf(t, q) {
			asked[name] = true
		}
	}
	table := readMetricTable(t)
	listed := slices.Concat(slices.Collect(maps.Keys(table.Metrics)), slices.Collect(maps.Keys(table.ExpectedSoon)), table.Others)
	for _, name := range listed {
		if !asked[name] {
			t.Errorf("%s: neither an alert nor the dashboard asks for it", name)
		}
	}
}

func TestRules_AskOnlyForMetricsThatAreListed(t *testing.T) {
	t.Parallel()
	for alert, q := range ruleQueries(t) {
		checkQuery(t, alert, q)
	}
}

func TestDashboard_AsksOnlyForMetricsThatAreListed(t *testing.T) {
	t.Parallel()
	for _, q := range dashboardQueries(t) {
		checkQuery(t, "dashboard", q)
	}
}

// checkQuery looks up each metric of a query and each label that it selects,
// groups or matches by.
func checkQuery(t *testing.T, where, query string) {
	t.Helper()
	table := readMetricTable(t)
	known := slices.Clone(attached)
	for name, matchers := range metricsOf(t, query) {
		has, ok := table.labels(name)
		if !ok {
			t.Errorf("%s: metrics.yaml does not list %s", where, name)
		}
		known = append(known, has...)
		for _, m := range matchers {
			if m.Name != model.MetricNameLabel && !slices.Contains(has, m.Name) && !slices.Contains(attached, m.Name) {
				t.Errorf("%s: %s has no label %s", where, name, m.Name)
			}
		}
	}
	parser.Inspect(parse(t, query), func(n parser.Node, _ []parser.Node) error {
		var by []string
		switch n := n.(type) {
		case *parser.AggregateExpr:
			by = n.Grouping
		case *parser.BinaryExpr:
			if n.VectorMatching != nil {
				by = n.VectorMatching.MatchingLabels
			}
		}
		for _, label := range by {
			if !slices.Contains(known, label) {
				t.Errorf("%s: no metric of %s has the label %s", where, query, label)
			}
		}
		return nil
	})
}

// metricsOf returns the metrics of a query, with what is asked of their labels.
func metricsOf(t *testing.T, query string) map[string][]*labels.Matcher {
	t.Helper()
	found := make(map[string][]*labels.Matcher)
	parser.Inspect(parse(t, query), func(n parser.Node, _ []parser.Node) error {
		if v, ok := n.(*parser.VectorSelector); ok {
			found[v.Name] = append(found[v.Name], v.LabelMatchers...)
		}
		return nil
	})
	if len(found) == 0 {
		t.Errorf("no metric in %s", query)
	}
	return found
}

func parse(t *testing.T, query string) parser.Expr {
	t.Helper()
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return expr
}

// dashboard is the part of a Grafana dashboard that is looked at here.
type dashboard struct {
	Title, UID, Description string
	SchemaVersion           int
	Panels                  []struct {
		ID          int
		Type, Title string
		GridPos     struct{ X, Y, W, H int }
		Targets     []struct{ RefID, Expr, LegendFormat string }
	}
	Templating struct {
		List []struct{ Name, Type, Definition string }
	}
}

func readDashboard(t *testing.T) dashboard {
	t.Helper()
	var d dashboard
	if err := json.Unmarshal([]byte(read(t, "grafana/korestream.json")), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// dashboardQueries returns the queries of all panels, with Grafana's variables
// filled in, and the metrics that its own variables are read from.
func dashboardQueries(t *testing.T) []string {
	t.Helper()
	fill := strings.NewReplacer("$__rate_interval", "1m", "$job", "j", "$namespace", "n")
	var queries []string
	d := readDashboard(t)
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			queries = append(queries, fill.Replace(target.Expr))
		}
	}
	for _, v := range d.Templating.List {
		if metric, ok := strings.CutPrefix(v.Definition, "label_values("); ok {
			queries = append(queries, fill.Replace(metric[:strings.LastIndex(metric, ",")]))
		}
	}
	if len(queries) < 20 {
		t.Fatalf("%d queries in the dashboard", len(queries))
	}
	return queries
}

func TestDashboard_PanelsAskSomethingAndDoNotOverlap(t *testing.T) {
	t.Parallel()
	d := readDashboard(t)
	if d.UID == "" || !strings.Contains(d.Description, "To set:") {
		t.Errorf("uid %q, description %q: want both, and what to set", d.UID, d.Description)
	}
	taken, ids := make(map[[2]int]string), make(map[int]bool)
	for _, p := range d.Panels {
		if ids[p.ID] {
			t.Errorf("%s: id %d is there twice", p.Title, p.ID)
		}
		ids[p.ID] = true
		if p.Type != "row" && len(p.Targets) == 0 || p.Title == "" {
			t.Errorf("panel %d %q asks nothing or has no title", p.ID, p.Title)
		}
		if p.GridPos.W < 1 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("%s is wider than the page", p.Title)
		}
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				at := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				if other, ok := taken[at]; ok {
					t.Fatalf("%s lies on %s", p.Title, other)
				}
				taken[at] = p.Title
			}
		}
	}
}
