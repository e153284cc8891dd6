package report_test

import (
	"testing"

	"korestream/bench/report"
)

func TestTable_AlignsNumbersAndKeepsItsColumns(t *testing.T) {
	t.Parallel()
	table := report.Table{Head: []string{"who", "how much", "more"}, Texts: 1}
	table.Add("a|b", "1")
	table.Add("c", "2", "3", "too many")
	want := "| who | how much | more |\n| --- | ---: | ---: |\n| a\\|b | 1 |  |\n| c | 2 | 3 |\n"
	if got := table.Markdown(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
