package page

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestDocument_IsAllowedByItsPolicyAndLoadsNothing(t *testing.T) {
	t.Parallel()
	p := New(time.Second)
	p.Take(calm(3, dawn))
	w := request(t, p, http.MethodGet, PathDocument)
	body, csp := w.Body.String(), w.Header().Get("Content-Security-Policy")
	for _, tag := range []string{"style", "script"} {
		parts := regexp.MustCompile(`(?s)<`+tag+`>(.*?)</`+tag+`>`).FindAllStringSubmatch(body, -1)
		if len(parts) != 1 {
			t.Fatalf("got %d <%s>, want 1", len(parts), tag)
		}
		if want := tag + "-src '" + hashOf(parts[0][1]) + "'"; !strings.Contains(csp, want) {
			t.Errorf("the policy does not allow the document's own %s: %s", tag, csp)
		}
	}
	for _, want := range []string{"default-src 'none'", "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"} {
		if !strings.Contains(csp, want) {
			t.Errorf("the policy is without %s: %s", want, csp)
		}
	}
	if strings.Contains(csp, "unsafe") || strings.Contains(csp, "http") || strings.Contains(csp, "*") {
		t.Errorf("the policy allows too much: %s", csp)
	}
	markup := strings.Replace(strings.Replace(body, script, "", 1), style, "", 1)
	for what, found := range map[string]*regexp.Regexp{
		"a style of an element": regexp.MustCompile(`\sstyle=`), "a handler of an element": regexp.MustCompile(`\son[a-z]+=`),
		"something of elsewhere": regexp.MustCompile(`(?:src|href)="(?:https?:)?//`), "a file": regexp.MustCompile(`<(?:script|img|iframe|object)[^>]*src=`),
	} {
		if at := found.FindString(markup); at != "" {
			t.Errorf("the document has %s: %s", what, at)
		}
	}
	if strings.Contains(style, "url(") || strings.Contains(style, "@import") {
		t.Error("the style loads something")
	}
	for header, want := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"} {
		if got := w.Header().Get(header); got != want {
			t.Errorf("%s: got %q, want %q", header, got, want)
		}
	}
}

func TestScript_WritesTextAndNeverMarkup(t *testing.T) {
	t.Parallel()
	for _, no := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "DOMParser", "srcdoc", "createContextualFragment", "localStorage"} {
		if strings.Contains(script, no) {
			t.Errorf("the script uses %s", no)
		}
	}
}

func TestDocument_TakesNamesForText(t *testing.T) {
	t.Parallel()
	const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>`
	p := New(time.Second)
	m := calm(1, dawn)
	m.Stream, m.Application, m.Worker, m.Shards[0].Owner, m.Workers[0].ID = hostile, hostile, hostile, hostile, hostile
	m.Breakers = []string{hostile}
	p.Take(m)
	if body := request(t, p, http.MethodGet, PathDocument).Body.String(); strings.Contains(body, "<script>alert") || strings.Contains(body, "<img") {
		t.Error("a name became markup")
	}
	if text := request(t, p, http.MethodGet, PathData).Body.String(); strings.ContainsAny(text, "<>") {
		t.Error("the data could be taken for markup")
	}
	v := ask(t, p, "")
	if v.Shards[0].Owner != hostile || v.Workers[0].ID != hostile {
		t.Errorf("the name is not what it was: %q", v.Shards[0].Owner)
	}
}

func TestPage_IsOnlyRead(t *testing.T) {
	t.Parallel()
	p := New(time.Second)
	for _, path := range []string{PathDocument, PathData} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			if w := request(t, p, method, path); w.Code != http.StatusOK {
				t.Errorf("%s %s: got %d", method, path, w.Code)
			}
		}
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions} {
			w := request(t, p, method, path)
			if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: got %d, Allow %q", method, path, w.Code, w.Header().Get("Allow"))
			}
		}
	}
	if w := request(t, p, http.MethodGet, "/page.css"); w.Code != http.StatusNotFound {
		t.Errorf("another path: got %d", w.Code)
	}
}

func TestPage_IsSmall(t *testing.T) {
	t.Parallel()
	p := New(time.Second)
	for at := time.Duration(0); at < Span; at += Every {
		m := calm(64, dawn.Add(at))
		for i := range m.Shards { // as many digits as there may be
			m.Shards[i].Behind, m.Shards[i].Done = 23*time.Hour-at-time.Duration(i)*time.Second, int64(at/time.Second)*(999+int64(i))
			m.Shards[i].Last = &Line{At: m.At, Message: strings.Repeat("m", 90), Shard: m.Shards[i].ID, Reason: "throttled", Class: "ProvisionedThroughputExceededException", Count: 3}
		}
		p.Take(m)
	}
	document, data := request(t, p, http.MethodGet, PathDocument).Body.Len(), request(t, p, http.MethodGet, PathData).Body.Len()
	if document+data >= 200_000 {
		t.Errorf("the document is %d bytes and its data with 64 shards %d, want less than 200 kB together", document, data)
	}
	v := ask(t, p, "")
	if next := request(t, p, http.MethodGet, PathData+"?after="+text(v.History.To)+"&boot="+text(v.Boot)).Body.Len(); next > data/2 {
		t.Errorf("each look costs %d bytes after the first of %d: the plots are sent again", next, data)
	}
}

func TestPage_ShowsTheWorstOfManyShards(t *testing.T) {
	t.Parallel()
	p := New(time.Second)
	m := calm(1000, dawn)
	m.Shards[999].Parked = 1
	p.Take(m)
	v := ask(t, p, "")
	if len(v.Shards) != maxRows || v.Hidden != 1000-maxRows {
		t.Fatalf("got %d shards and %d hidden, want %d and %d", len(v.Shards), v.Hidden, maxRows, 1000-maxRows)
	}
	if v.Shards[0].ID != m.Shards[999].ID && v.Shards[0].Trouble != "parked" {
		t.Errorf("first is %+v, want the one with a parked key", v.Shards[0])
	}
	if n := len(v.History.Behind); n != maxRows+1 {
		t.Errorf("got %d plots, want those of the shards that are shown and of all together", n)
	}
}

func TestStyle_CanBeRead(t *testing.T) {
	t.Parallel()
	_, dark, ok := strings.Cut(style, "@media (prefers-color-scheme: dark)")
	light, _, _ := strings.Cut(style, "@media (prefers-color-scheme: dark)")
	if !ok {
		t.Fatal("there is no dark scheme")
	}
	dark, _, _ = strings.Cut(dark, "\n}")
	for scheme, css := range map[string]string{"light": light, "dark": dark} {
		of := colors(css)
		for _, back := range []string{"back", "card", "soft"} {
			for _, ink := range []string{"ink", "dim"} {
				if c := contrast(of[ink], of[back]); c < 4.5 {
					t.Errorf("%s: %s on %s has a contrast of %.2f, want 4.5", scheme, ink, back, c)
				}
			}
		}
		for _, level := range []string{"ok", "note", "warn", "bad"} {
			for _, back := range []string{"card", level + "-back"} {
				for _, ink := range []string{level, "ink", "dim"} {
					if c := contrast(of[ink], of[back]); c < 4.5 {
						t.Errorf("%s: %s on %s has a contrast of %.2f, want 4.5", scheme, ink, back, c)
					}
				}
			}
			if c := contrast(of["card"], of[level]); c < 4.5 {
				t.Errorf("%s: the mark of %s has a contrast of %.2f, want 4.5", scheme, level, c)
			}
		}
		for _, line := range []string{"plot", "focus"} {
			if c := contrast(of[line], of["card"]); c < 3 {
				t.Errorf("%s: %s has a contrast of %.2f, want 3", scheme, line, c)
			}
		}
	}
}

func TestRunbook_HasEachSectionThatIsNamed(t *testing.T) {
	t.Parallel()
	book, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for name, f := range everyFinding(t) {
		if f.Runbook == "" {
			continue
		}
		named++
		heading := strings.ReplaceAll(f.Runbook, "-", "[- ]")
		if !regexp.MustCompile(`(?im)^#+ ` + heading + `$`).Match(book) {
			t.Errorf("%s: docs/operations.md has no section %s", name, f.Runbook)
		}
	}
	if named < 12 {
		t.Errorf("%d findings name a section: this test looks at too few", named)
	}
}
