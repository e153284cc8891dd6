package report

import "strings"

// Table is a table in Markdown.
type Table struct {
	Head []string
	// Texts are how many columns, from the first on, are texts; the others are
	// numbers and aligned to the right.
	Texts int
	rows  [][]string
}

// Add adds a row; cells that are lacking stay empty.
func (t *Table) Add(cells ...string) { t.rows = append(t.rows, cells) }

// Markdown is the table's text.
func (t *Table) Markdown() string {
	var b strings.Builder
	line := func(cells []string) {
		b.WriteString("|")
		for i := range t.Head {
			cell := ""
			if i < len(cells) {
				cell = strings.ReplaceAll(cells[i], "|", `\|`)
			}
			b.WriteString(" " + cell + " |")
		}
		b.WriteString("\n")
	}
	line(t.Head)
	rule := make([]string, len(t.Head))
	for i := range rule {
		rule[i] = "---:"
		if i < t.Texts {
			rule[i] = "---"
		}
	}
	line(rule)
	for _, r := range t.rows {
		line(r)
	}
	return b.String()
}
