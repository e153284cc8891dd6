package check

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/template"
	"sigs.k8s.io/yaml"
)

// expand fills in an annotation as Prometheus does.
func expand(t *testing.T, text string, own map[string]string, value float64) string {
	t.Helper()
	data := template.AlertTemplateData(own, nil, "", promql.Sample{F: value})
	x := template.NewTemplateExpander(t.Context(), "{{$labels := .Labels}}{{$value := .Value}}"+text, "test", data, 0, nil, &url.URL{}, nil)
	out, err := x.Expand()
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return out
}

func readRuleTests(t *testing.T) ruleTests {
	t.Helper()
	var tests ruleTests
	if err := yaml.UnmarshalStrict([]byte(read(t, "prometheus/alerts_test.yaml")), &tests); err != nil {
		t.Fatal(err)
	}
	return tests
}

func TestRules_FireWhenTheyShouldAndOnlyThen(t *testing.T) {
	t.Parallel()
	rules, tests := ruleGroup(t), readRuleTests(t)
	for _, tc := range tests.Tests {
		t.Run(tc.Name, func(t *testing.T) {
			t.Parallel()
			data := load(t, time.Duration(tc.Interval), tc.InputSeries)
			for _, want := range tc.AlertRuleTests {
				i := slices.IndexFunc(rules, func(r rulefmt.Rule) bool { return r.Alert == want.Alertname })
				if i < 0 {
					t.Fatalf("no alert %s", want.Alertname)
				}
				got := []expectedAlert{}
				for _, s := range firing(t, &rules[i], data, time.Duration(tests.EvaluationInterval), time.Duration(want.EvalTime)) {
					got = append(got, alertOf(t, &rules[i], s))
				}
				expected := []expectedAlert{}
				for _, e := range want.ExpAlerts {
					e.Labels["alertname"] = want.Alertname // which promtool adds, too
					expected = append(expected, e)
				}
				if !reflect.DeepEqual(got, expected) {
					t.Errorf("%s after %s\n got %s\nwant %s", want.Alertname, want.EvalTime, shownJSON(t, got), shownJSON(t, expected))
				}
			}
		})
	}
}

func shownJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestRules_EachIsSeenToFireAndToBeSilent(t *testing.T) {
	t.Parallel()
	fired, silent := make(map[string]bool), make(map[string]bool)
	for _, tc := range readRuleTests(t).Tests {
		for _, a := range tc.AlertRuleTests {
			if len(a.ExpAlerts) > 0 {
				fired[a.Alertname] = true
			} else {
				silent[a.Alertname] = true
			}
		}
	}
	for _, r := range ruleGroup(t) {
		if !fired[r.Alert] || !silent[r.Alert] {
			t.Errorf("%s: seen to fire %t, seen to be silent %t, want both", r.Alert, fired[r.Alert], silent[r.Alert])
		}
	}
}

func TestRules_SayWhatToDo(t *testing.T) {
	t.Parallel()
	runbook, err := os.ReadFile(filepath.Join(root, "docs/operations.md"))
	if err != nil {
		t.Logf("anchors are not looked up: %v", err)
	}
	for _, r := range ruleGroup(t) {
		for _, name := range []string{"summary", "description", "runbook_url"} {
			if r.Annotations[name] == "" {
				t.Errorf("%s has no %s", r.Alert, name)
			}
		}
		if !slices.Contains([]string{"warning", "critical"}, r.Labels["severity"]) {
			t.Errorf("%s: severity %q", r.Alert, r.Labels["severity"])
		}
		page, anchor, _ := strings.Cut(r.Annotations["runbook_url"], "#")
		if page != "docs/operations.md" || anchor == "" {
			t.Errorf("%s: runbook %s", r.Alert, r.Annotations["runbook_url"])
		}
		if err == nil && !hasAnchor(string(runbook), anchor) {
			t.Errorf("%s: %s has no section or anchor #%s", r.Alert, page, anchor)
		}
	}
}

// hasAnchor looks for a heading that GitHub gives this anchor, or an anchor that is
// set by hand.
func hasAnchor(page, anchor string) bool {
	for line := range strings.Lines(page) {
		if heading := strings.TrimLeft(line, "#"); heading != line {
			slug := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(heading)), " ", "-")
			if slug == anchor {
				return true
			}
		}
	}
	return strings.Contains(page, `id="`+anchor+`"`) || strings.Contains(page, `name="`+anchor+`"`)
}
