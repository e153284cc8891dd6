package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // for the parts of the document
	"encoding/base64"
	"encoding/json"
	"html/template"
	"net/http"
	"strconv"
)

var (
	//go:embed page.html
	markup string
	//go:embed page.css
	style string
	//go:embed format.js
	scriptFormat string
	//go:embed plot.js
	scriptPlot string
	//go:embed shards.js
	scriptShards string
	//go:embed lists.js
	scriptLists string
	//go:embed page.js
	scriptPage string

	script   = "'use strict';\n{\n" + scriptFormat + scriptPlot + scriptShards + scriptLists + scriptPage + "}\n"
	document = template.Must(template.New("page").Parse(markup))

	// policy lets a browser run what is in the document, ask the place that it came
	// from, and nothing else.
	policy = "default-src 'none'; script-src '" + hashOf(script) + "'; style-src '" + hashOf(style) + "'; connect-src 'self'; img-src data:; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// The paths that a Page answers.
const (
	PathDocument = "/"
	PathData     = "/page.json"
)

var _ http.Handler = (*Page)(nil)

// ServeHTTP implements http.Handler for the two paths. It only reads.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "this page is only read", http.StatusMethodNotAllowed)
		return
	}
	switch r.URL.Path {
	case PathDocument:
		p.serveDocument(w)
	case PathData:
		p.serveData(w, r)
	default:
		http.NotFound(w, r)
	}
}

// serveDocument answers with the document. Who runs no script sees the verdict of
// this moment.
func (p *Page) serveDocument(w http.ResponseWriter) {
	p.mu.Lock()
	v := p.view
	p.mu.Unlock()
	verdict := Finding{Level: Note, Title: "Starting"}
	if len(v.Findings) > 0 {
		verdict = v.Findings[0]
	}
	var out bytes.Buffer
	err := document.Execute(&out, struct {
		Style               template.CSS
		Script              template.JS
		Verdict             Finding
		Stream, Application string
		Worker              string
	}{template.CSS(style), template.JS(script), verdict, v.Stream, v.Application, v.Worker})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	_, _ = w.Write(out.Bytes()) // the client has gone
}

// serveData answers with the moment and those points of the plots that the asker,
// who names the process that it had them from, does not have yet.
func (p *Page) serveData(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	after, err := strconv.ParseInt(q.Get("after"), 10, 64)
	if err != nil || q.Get("boot") != strconv.FormatInt(p.boot, 10) {
		after = 0
	}
	p.mu.Lock()
	v := p.view
	if len(v.Shards) > maxRows {
		v.Shards, v.Hidden = v.Shards[:maxRows], len(v.Shards)-maxRows
	}
	shown := map[string]bool{"": true}
	for _, s := range v.Shards {
		shown[s.ID] = true
	}
	plots := p.history.since(after, func(id string) bool { return shown[id] })
	p.mu.Unlock()
	text, err := json.Marshal(struct {
		view
		History historyView `json:"history"`
	}{v, plots})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text) // the client has gone
}
