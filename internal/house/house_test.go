// Package house holds the rules of the house that no compiler checks.
package house

import (
	"bufio"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// mayImport says which packages of ours a folder may import, by their prefixes.
// A folder that is not listed is governed by the nearest one above it.
var mayImport = map[string][]string{
	"event":                {},
	"event/catalogue":      {"event"},
	"event/fleet":          {"event"},
	"checkpoint":           {"internal/episode"},
	"consumer":             {"checkpoint", "consumer/wire", "event", "internal/episode"},
	"consumer/wire":        {},
	"handlers":             {"consumer", "event", "handlers/simstate"},
	"handlers/simstate":    {"event"},
	"webhook":              {"handlers", "consumer", "event", "internal/episode"},
	"internal/pgtest":      {},
	"internal/config":      {"consumer", "handlers", "webhook"},
	"internal/awsclient":   {},
	"internal/iam":         {"internal/config"},
	"internal/doctor":      {"checkpoint", "consumer", "internal/config", "internal/iam"},
	"internal/episode":     {},
	"internal/page":        {},
	"internal/telemetry":   {"consumer", "handlers", "event", "internal/episode"},
	"internal/app":         {"webhook", "handlers", "handlers/simstate", "consumer", "checkpoint", "event", "internal/config", "internal/awsclient", "internal/iam", "internal/doctor", "internal/page", "internal/telemetry", "localstack/embed"},
	"cmd":                  {"internal", "consumer", "cmd"},
	"localstack/embed":     {"localstack/embed"},
	"localstack/engines":   {"localstack/emulators", "internal/awsclient"},
	"localstack/emulators": {},
	"localstack":           {},
	"internal/house":       {},

	// A module of its own, with what it compares korestream with.
	// A module of its own, for what the checks need.
	"deploy/check": {},
	// A module of its own, for what drives a browser.
	"internal/page/browser": {"internal/page"},

	"bench":                  {"bench"},
	"bench/stub":             {"bench/tally", "event/fleet"},
	"bench/tally":            {},
	"bench/measure":          {"bench/peers", "bench/stub", "bench/tally", "checkpoint", "event", "localstack/embed"},
	"bench/report":           {"bench/measure"},
	"bench/peers":            {"bench/peers", "bench/tally", "event", "internal/awsclient"},
	"bench/peers/korestream": {"bench/peers", "bench/tally", "consumer", "handlers", "internal/app", "internal/config"},
}

// edges are the only files that may import the KCL: our own, and the program
// that korestream is compared with.
var edges = []string{"consumer/kcl", "checkpoint/kcl", "bench/peers/vmware/"}

const kcl = "github.com/vmware/vmware-go-kcl-v2"

// sources calls f for every Go file; path is relative to the top, with slashes.
func sources(t *testing.T, f func(path string)) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules" || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if !d.IsDir() && strings.HasSuffix(path, ".go") {
			rel, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			n++
			f(filepath.ToSlash(rel))
		}
		return nil
	})
	if err != nil || n < 50 {
		t.Fatalf("walked %d files: %v", n, err)
	}
}

func imports(t *testing.T, path string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, path), nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, s := range f.Imports {
		out = append(out, strings.Trim(s.Path.Value, `"`))
	}
	return out
}

func TestHouse_DependenciesPointOneWay(t *testing.T) {
	t.Parallel()
	sources(t, func(path string) {
		if strings.HasSuffix(path, "_test.go") {
			return // tests may use the endpoint
		}
		folder := filepath.ToSlash(filepath.Dir(path))
		allowed, ok := []string(nil), false
		for f := folder; f != "." && !ok; f = filepath.ToSlash(filepath.Dir(f)) {
			allowed, ok = mayImport[f]
		}
		if !ok {
			t.Errorf("%s is in no room of the house: add its folder to mayImport and to docs/DESIGN.md", path)
			return
		}
		for _, im := range imports(t, path) {
			own, isOwn := strings.CutPrefix(im, "korestream/")
			if isOwn && !slices.ContainsFunc(allowed, func(a string) bool { return own == a || strings.HasPrefix(own, a+"/") }) {
				t.Errorf("%s imports %s; %s may import %v of ours", path, own, folder, allowed)
			}
		}
	})
}

func TestHouse_TheKCLStaysAtTheEdges(t *testing.T) {
	t.Parallel()
	found := 0
	sources(t, func(path string) {
		for _, im := range imports(t, path) {
			if !strings.HasPrefix(im, kcl) {
				continue
			}
			found++
			if !slices.ContainsFunc(edges, func(e string) bool { return strings.HasPrefix(path, e) }) {
				t.Errorf("%s imports %s; only %v* may", path, im, edges)
			}
		}
	})
	if found == 0 {
		t.Error("nothing imports the KCL: this test looks in the wrong place")
	}
}

func TestHouse_FilesStaySmall(t *testing.T) {
	t.Parallel()
	const limit = 400
	sources(t, func(path string) {
		f, err := os.Open(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		n := 0
		for lines := bufio.NewScanner(f); lines.Scan(); {
			n++
		}
		if n > limit {
			t.Errorf("%s has %d lines, more than %d: it holds more than one idea", path, n, limit)
		}
	})
}

func TestHouse_DesignNamesEveryFolder(t *testing.T) {
	t.Parallel()
	design, err := os.ReadFile(filepath.Join(root, "docs", "DESIGN.md"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	sources(t, func(path string) { seen[filepath.ToSlash(filepath.Dir(path))] = true })
	for folder := range seen {
		if !strings.Contains(string(design), "`"+folder+"`") {
			t.Errorf("docs/DESIGN.md does not name `%s`", folder)
		}
	}
}
