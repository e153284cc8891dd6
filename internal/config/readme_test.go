package config

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of settings into the README")

func TestReadme_HasEverySetting(t *testing.T) {
	t.Parallel()
	const path, begin, end = "../../README.md", "<!-- config:begin", "<!-- config:end -->"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	comment, rest, ok2 := strings.Cut(rest, "-->\n")
	_, after, ok3 := strings.Cut(rest, end)
	if !ok || !ok2 || !ok3 {
		t.Fatalf("README.md has no %s … %s", begin, end)
	}
	want := before + begin + comment + "-->\n" + Table() + end + after
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(text) != want {
		t.Error("the table of settings in README.md is not what the code has; run: go test ./internal/config -run Readme -update")
	}
}
