package report_test

import (
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"

	"korestream/bench/report"
)

// element is one element of a picture.
type element struct {
	name string
	attr map[string]string
}

func elements(t *testing.T, svg string) []element {
	t.Helper()
	var out []element
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatalf("the picture is no XML: %v", err)
		}
		if s, ok := token.(xml.StartElement); ok {
			e := element{name: s.Name.Local, attr: make(map[string]string)}
			for _, a := range s.Attr {
				e.attr[a.Name.Local] = a.Value
			}
			out = append(out, e)
		}
	}
}

func TestSVG_BarsAreAsLongAsTheirValues(t *testing.T) {
	t.Parallel()
	svg := report.Bars{Title: "a < b", Note: "x & y", Rows: []report.Bar{
		{Name: "half", Value: 5, Ours: true}, {Name: "all", Value: 10}, {Name: "none", Value: 0},
	}}.SVG()
	var widths []float64
	var classes []string
	for _, e := range elements(t, svg) {
		if e.name == "rect" && e.attr["x"] != "" {
			w, err := strconv.ParseFloat(e.attr["width"], 64)
			if err != nil {
				t.Fatal(err)
			}
			widths, classes = append(widths, w), append(classes, e.attr["class"])
		}
	}
	if len(widths) != 3 || widths[1] != 2*widths[0] || widths[1] < 100 || widths[2] != 0 {
		t.Errorf("widths %v: want one half of the next, and nothing", widths)
	}
	if len(classes) != 3 || classes[0] == classes[1] || classes[1] != classes[2] {
		t.Errorf("classes %v: want the first bar set apart", classes)
	}
	if !strings.Contains(svg, "prefers-color-scheme:dark") {
		t.Error("no colours for dark pages")
	}
}

func TestSVG_OfNothingIsStillAPicture(t *testing.T) {
	t.Parallel()
	for _, b := range []report.Bars{{}, {Rows: []report.Bar{{Name: "zero"}}}} {
		if es := elements(t, b.SVG()); len(es) == 0 || es[0].name != "svg" {
			t.Errorf("%+v: no picture: %v", b, es)
		}
	}
}
