package check

import (
	"context"
	"log/slog"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
)

// ruleTests is the part of promtool's format for tests of rules that
// alerts_test.yaml uses. promtool's own runner is no library, and the rules
// manager that it uses brings every cloud's client with it.
type ruleTests struct {
	RuleFiles          []string       `json:"rule_files"`
	EvaluationInterval model.Duration `json:"evaluation_interval"`
	Tests              []ruleTest     `json:"tests"`
}

type ruleTest struct {
	Name           string         `json:"name"`
	Interval       model.Duration `json:"interval"`
	InputSeries    []inputSeries  `json:"input_series"`
	AlertRuleTests []struct {
		EvalTime  model.Duration  `json:"eval_time"`
		Alertname string          `json:"alertname"`
		ExpAlerts []expectedAlert `json:"exp_alerts"`
	} `json:"alert_rule_test"`
}

type inputSeries struct {
	Series string `json:"series"`
	Values string `json:"values"`
}

type expectedAlert struct {
	Labels      map[string]string `json:"exp_labels"`
	Annotations map[string]string `json:"exp_annotations"`
}

// ruleGroup parses the rules as Prometheus does.
func ruleGroup(t *testing.T) []rulefmt.Rule {
	t.Helper()
	groups, errs := rulefmt.Parse([]byte(read(t, "prometheus/alerts.yaml")), false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if len(groups.Groups) != 1 || len(groups.Groups[0].Rules) == 0 {
		t.Fatal("want one group with rules")
	}
	return groups.Groups[0].Rules
}

// ruleQueries returns what each alert asks, by its name.
func ruleQueries(t *testing.T) map[string]string {
	t.Helper()
	queries := make(map[string]string)
	for _, r := range ruleGroup(t) {
		queries[r.Alert] = r.Expr
	}
	return queries
}

// series are samples in memory, as much of Prometheus's storage as its engine
// needs.
type series []storage.Series

var (
	_ storage.Queryable = series(nil)
	_ storage.Querier   = series(nil)
)

// load reads series in the notation of promtool: 0+10x5, _x3, stale.
func load(t *testing.T, interval time.Duration, in []inputSeries) series {
	t.Helper()
	var all series
	for _, s := range in {
		lset, values, err := parser.NewParser(parser.Options{}).ParseSeriesDesc(s.Series + " " + s.Values)
		if err != nil {
			t.Fatalf("%s %s: %v", s.Series, s.Values, err)
		}
		var samples []chunks.Sample
		for i, v := range values {
			if !v.Omitted {
				samples = append(samples, sample{int64(i) * interval.Milliseconds(), v.Value})
			}
		}
		all = append(all, storage.NewListSeries(lset, samples))
	}
	return all
}

func (s series) Querier(_, _ int64) (storage.Querier, error) { return s, nil }

func (s series) Select(_ context.Context, _ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	set := &seriesSet{at: -1}
	for _, one := range s {
		if !slices.ContainsFunc(matchers, func(m *labels.Matcher) bool { return !m.Matches(one.Labels().Get(m.Name)) }) {
			set.series = append(set.series, one)
		}
	}
	return set
}

func (s series) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (s series) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (s series) Close() error { return nil }

// seriesSet goes through series that were selected.
type seriesSet struct {
	series series
	at     int
}

func (s *seriesSet) Next() bool                        { s.at++; return s.at < len(s.series) }
func (s *seriesSet) At() storage.Series                { return s.series[s.at] }
func (s *seriesSet) Err() error                        { return nil }
func (s *seriesSet) Warnings() annotations.Annotations { return nil }

// sample is a number at a time.
type sample struct {
	t int64
	v float64
}

var _ chunks.Sample = sample{}

func (s sample) T() int64                      { return s.t }
func (s sample) ST() int64                     { return 0 }
func (s sample) F() float64                    { return s.v }
func (s sample) H() *histogram.Histogram       { return nil }
func (s sample) FH() *histogram.FloatHistogram { return nil }
func (s sample) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (s sample) Copy() chunks.Sample           { return s }

// firing evaluates a rule at every interval until a moment and returns what
// fires then: what has been true since For or longer.
func firing(t *testing.T, rule *rulefmt.Rule, data series, every, until time.Duration) promql.Vector {
	t.Helper()
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 10_000, Timeout: time.Minute, LookbackDelta: 5 * time.Minute, Parser: parser.NewParser(parser.Options{})})
	defer func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	}()
	since := make(map[uint64]time.Duration)
	var fires promql.Vector
	for at := time.Duration(0); at <= until; at += every {
		q, err := engine.NewInstantQuery(t.Context(), data, nil, rule.Expr, time.UnixMilli(at.Milliseconds()))
		if err != nil {
			t.Fatal(err)
		}
		result, err := q.Exec(t.Context()).Vector()
		if err != nil {
			t.Fatal(err)
		}
		active := make(map[uint64]time.Duration)
		fires = nil
		for _, s := range result {
			key := s.Metric.Hash()
			begun, was := since[key]
			if !was {
				begun = at
			}
			active[key] = begun
			if at-begun >= time.Duration(rule.For) {
				fires = append(fires, promql.Sample{T: s.T, F: s.F, Metric: s.Metric})
			}
		}
		since = active
		q.Close()
	}
	return fires
}

// alertOf is what Alertmanager would get of a sample.
func alertOf(t *testing.T, rule *rulefmt.Rule, s promql.Sample) expectedAlert {
	t.Helper()
	a := expectedAlert{Labels: make(map[string]string), Annotations: make(map[string]string)}
	s.Metric.Range(func(l labels.Label) {
		if l.Name != model.MetricNameLabel {
			a.Labels[l.Name] = l.Value
		}
	})
	for name, text := range rule.Annotations {
		a.Annotations[name] = expand(t, text, a.Labels, s.F)
	}
	for name, value := range rule.Labels {
		if strings.Contains(value, "{{") || math.IsNaN(s.F) {
			t.Fatalf("%s: labels with templates are not known here", rule.Alert)
		}
		a.Labels[name] = value
	}
	a.Labels["alertname"] = rule.Alert
	return a
}
