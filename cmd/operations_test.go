package cmd

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	codeSpan   = regexp.MustCompile("`([^`\n]+)`")
	metricName = regexp.MustCompile(`korestream_[a-z_]+`)
	invocation = regexp.MustCompile(`korestream ([a-z][^#|>\n]*)`)
)

// runbook returns the text of docs/operations.md and what stands in code font in it:
// spans, and the lines of fenced blocks.
func runbook(t *testing.T) (text string, code []string) {
	t.Helper()
	text = readDoc(t, "operations.md")
	for i, part := range strings.Split(text, "```") {
		if i%2 == 1 {
			code = append(code, strings.Split(part, "\n")...)
			continue
		}
		for _, m := range codeSpan.FindAllStringSubmatch(part, -1) {
			code = append(code, m[1])
		}
	}
	return text, code
}

func readDoc(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestOperations_EveryMetricExists(t *testing.T) {
	t.Parallel()
	table, n := readDoc(t, "metrics.md"), 0
	_, code := runbook(t)
	for _, c := range code {
		for _, name := range metricName.FindAllString(c, -1) {
			n++
			if !strings.Contains(table, "| `"+name+"` |") {
				t.Errorf("docs/operations.md names the metric %s, docs/metrics.md has none", name)
			}
		}
	}
	if n < 20 {
		t.Errorf("found %d metrics: this test looks in the wrong place", n)
	}
}

func TestOperations_EveryCommandAndFlagExists(t *testing.T) {
	t.Parallel()
	_, code := runbook(t)
	n := 0
	for _, c := range code {
		m := invocation.FindStringSubmatch(c)
		if m == nil {
			continue
		}
		n++
		words := strings.Fields(m[1])
		found, rest, err := newRoot(io.Discard, io.Discard).Find(words)
		if err != nil || !found.HasParent() || found.HasSubCommands() && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
			t.Errorf("docs/operations.md names %q, which is no command: %v", "korestream "+m[1], err)
			continue
		}
		for _, w := range rest {
			name, isFlag := strings.CutPrefix(w, "--")
			if name, _, _ = strings.Cut(name, "="); isFlag && found.Flags().Lookup(name) == nil {
				t.Errorf("docs/operations.md names %q; %s has no flag --%s", "korestream "+m[1], found.CommandPath(), name)
			}
		}
	}
	if n < 20 {
		t.Errorf("found %d commands: this test looks in the wrong place", n)
	}
}

// What is quoted in code font is what korestream says: a text that begins so is in
// the code, and ends so too unless the quotation ends in three dots.
func TestOperations_EveryQuotedTextIsInTheCode(t *testing.T) {
	t.Parallel()
	_, code := runbook(t)
	sources, n := sourceText(t), 0
	for _, c := range code {
		if !strings.HasPrefix(c, `"`) || !strings.HasSuffix(c, `"`) || strings.Contains(c, `":`) {
			continue
		}
		n++
		text, open := strings.CutSuffix(strings.Trim(c, `"`), "…")
		literal := strconv.Quote(text)
		if open {
			literal = strings.TrimSuffix(literal, `"`)
		}
		if !strings.Contains(sources, literal) {
			t.Errorf("docs/operations.md quotes %s, which no source says", c)
		}
	}
	if n < 30 {
		t.Errorf("found %d quotations: this test looks in the wrong place", n)
	}
}

func sourceText(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, dir := range []string{"checkpoint", "consumer", "handlers", "internal/app", "webhook", "cmd"} {
		err := filepath.WalkDir(filepath.Join("..", dir), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			b, err := os.ReadFile(path)
			all.Write(b)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

// Alerts link to these.
func TestOperations_EveryAnchorOfAnAlertExists(t *testing.T) {
	t.Parallel()
	text, _ := runbook(t)
	alerts, err := os.ReadFile(filepath.Join("..", "deploy", "prometheus", "alerts.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	links := regexp.MustCompile(`operations\.md#([a-z-]+)`).FindAllStringSubmatch(string(alerts), -1)
	for _, l := range links {
		if !strings.Contains(text, "\n## "+l[1]+"\n") {
			t.Errorf("an alert links to docs/operations.md#%s, which is no section", l[1])
		}
	}
	if len(links) < 10 {
		t.Errorf("found %d links: this test looks in the wrong place", len(links))
	}
}
