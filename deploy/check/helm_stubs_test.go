package check

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	kyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

const chartDir = "../helm/korestream"

// manifests are the objects of a rendered chart, by kind and name, decoded
// strictly: a field that their API does not have is an error.
type manifests struct {
	objects map[string]any
	notes   string
}

// kinds are the objects that the chart may make.
var kinds = map[string]func() any{
	"v1/ConfigMap":                        func() any { return new(core.ConfigMap) },
	"v1/Service":                          func() any { return new(core.Service) },
	"v1/ServiceAccount":                   func() any { return new(core.ServiceAccount) },
	"apps/v1/Deployment":                  func() any { return new(apps.Deployment) },
	"policy/v1/PodDisruptionBudget":       func() any { return new(policy.PodDisruptionBudget) },
	"networking.k8s.io/v1/NetworkPolicy":  func() any { return new(networking.NetworkPolicy) },
	"networking.k8s.io/v1/Ingress":        func() any { return new(networking.Ingress) },
	"monitoring.coreos.com/v1/PodMonitor": func() any { return new(monitoring.PodMonitor) },
	"keda.sh/v1alpha1/ScaledObject":       func() any { return new(scaledObject) },
}

// render makes the manifests of the chart from a file in testdata/values, over
// which the YAML of more goes.
func render(file string, more ...string) (*manifests, error) {
	c, err := loader.LoadDir(chartDir)
	if err != nil {
		return nil, err
	}
	values, err := chartutil.ReadValuesFile(filepath.Join("testdata/values", file))
	if err != nil {
		return nil, err
	}
	for _, text := range more {
		over, err := chartutil.ReadValues([]byte(text))
		if err != nil {
			return nil, err
		}
		values = chartutil.CoalesceTables(over, values)
	}
	release := chartutil.ReleaseOptions{Name: "sims", Namespace: "iot", Revision: 1, IsInstall: true}
	all, err := chartutil.ToRenderValues(c, values, release, chartutil.DefaultCapabilities)
	if err != nil {
		return nil, err
	}
	files, err := engine.Engine{Strict: true}.Render(c, all)
	if err != nil {
		return nil, err
	}
	m := &manifests{objects: make(map[string]any)}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		switch {
		case strings.HasSuffix(path, "NOTES.txt"):
			m.notes = files[path]
		case strings.HasSuffix(path, ".yaml"):
			if err := m.decode(files[path]); err != nil {
				return nil, fmt.Errorf("%s: %w\n%s", path, err, files[path])
			}
		}
	}
	return m, nil
}

// decode takes over the objects of one file.
func (m *manifests) decode(text string) error {
	docs := kyaml.NewYAMLReader(bufio.NewReader(strings.NewReader(text)))
	for {
		doc, err := docs.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		var head struct {
			meta.TypeMeta `json:",inline"`
			Metadata      struct{ Name string } `json:"metadata"`
		}
		if err := yaml.Unmarshal(doc, &head); err != nil {
			return err
		}
		if head.Kind == "" {
			continue // nothing but a comment
		}
		make, ok := kinds[head.APIVersion+"/"+head.Kind]
		if !ok {
			return fmt.Errorf("%s %s is no kind that the chart makes", head.APIVersion, head.Kind)
		}
		object := make()
		if err := yaml.UnmarshalStrict(doc, object); err != nil {
			return err
		}
		key := head.Kind + "/" + head.Metadata.Name
		if _, twice := m.objects[key]; twice {
			return fmt.Errorf("%s is there twice", key)
		}
		m.objects[key] = object
	}
}

// rendered is render for values that are right.
func rendered(t *testing.T, file string, more ...string) *manifests {
	t.Helper()
	m, err := render(file, more...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// object returns one of the manifests.
func object[T any](t *testing.T, m *manifests, key string) *T {
	t.Helper()
	o, ok := m.objects[key].(*T)
	if !ok {
		t.Fatalf("no %s among %v", key, slices.Sorted(maps.Keys(m.objects)))
	}
	return o
}

// deployment returns the only one.
func (m *manifests) deployment(t *testing.T) *apps.Deployment {
	t.Helper()
	for _, o := range m.objects {
		if d, ok := o.(*apps.Deployment); ok {
			return d
		}
	}
	t.Fatal("no Deployment")
	return nil
}

// valueFiles are the names of all files in testdata/values.
func valueFiles(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("testdata/values")
	if err != nil || len(entries) < 4 {
		t.Fatalf("%d files of values: %v", len(entries), err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
