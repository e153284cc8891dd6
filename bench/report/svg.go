package report

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// Bar is one bar of a picture.
type Bar struct {
	Name  string
	Value float64
	// Ours sets a bar apart from the others.
	Ours bool
}

// Bars is a picture of horizontal bars that begin at zero. It has its colours
// from a style sheet, for light and for dark pages.
type Bars struct {
	Title, Note string
	Rows        []Bar
}

// The measures of a picture, in its own units.
const (
	svgWidth  = 860
	svgLabels = 320 // width of the names
	svgValues = 60  // width that is kept free for the numbers
	svgTop    = 56
	svgRow    = 26
	svgBar    = 16
)

const svgStyle = `text{font:13px system-ui,-apple-system,"Segoe UI",sans-serif;fill:#1f2328}.t{font-size:15px;font-weight:600}.n{fill:#59636e;font-size:12px}` +
	`.b{fill:#8c959f}.o{fill:#0969da}.w{fill:#ffffff}.a{stroke:#d1d9e0}` +
	`@media(prefers-color-scheme:dark){text{fill:#f0f6fc}.n{fill:#9198a1}.b{fill:#656c76}.o{fill:#4493f8}.w{fill:#0d1117}.a{stroke:#3d444d}}`

// SVG is the picture as a file of its own.
func (p Bars) SVG() string {
	height := svgTop + svgRow*len(p.Rows) + 12
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">`, svgWidth, height, svgWidth, height, escape(p.Title))
	fmt.Fprintf(&b, "\n<style>%s</style>\n", svgStyle)
	fmt.Fprintf(&b, `<rect class="w" width="%d" height="%d"/>`+"\n", svgWidth, height)
	fmt.Fprintf(&b, `<text class="t" x="16" y="24">%s</text><text class="n" x="16" y="43">%s</text>`+"\n", escape(p.Title), escape(p.Note))
	most := 0.0
	for _, r := range p.Rows {
		most = max(most, r.Value)
	}
	for i, r := range p.Rows {
		writeBar(&b, r, svgTop+i*svgRow, most)
	}
	fmt.Fprintf(&b, `<line class="a" x1="%d" x2="%d" y1="%d" y2="%d"/>`+"\n</svg>\n", svgLabels, svgLabels, svgTop, height-10)
	return b.String()
}

func writeBar(b *strings.Builder, r Bar, y int, most float64) {
	class, width := "b", 0.0
	if r.Ours {
		class = "o"
	}
	if most > 0 {
		width = max(r.Value, 0) / most * (svgWidth - svgLabels - svgValues)
	}
	text := y + svgRow/2 + 5
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="end">%s</text>`, svgLabels-8, text, escape(r.Name))
	fmt.Fprintf(b, `<rect class="%s" x="%d" y="%d" width="%.1f" height="%d" rx="2"/>`, class, svgLabels, y+(svgRow-svgBar)/2, width, svgBar)
	fmt.Fprintf(b, `<text x="%.1f" y="%d">%s</text>`+"\n", svgLabels+width+6, text, number(r.Value))
}

func escape(s string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		return "" // a strings.Builder takes everything
	}
	return b.String()
}
