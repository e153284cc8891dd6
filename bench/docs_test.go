package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestDocs_SayWhatWasMeasured keeps the pages from being edited by hand, and from
// staying behind.
func TestDocs_SayWhatWasMeasured(t *testing.T) {
	t.Parallel()
	const docs = "../docs"
	d, err := load(docs)
	if err != nil {
		t.Fatal(err)
	}
	read := func(name string) string {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(docs, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for name, want := range d.Files() {
		if read(name) != want {
			t.Errorf("docs/%s is not what docs/benchmarks/%s makes: cd bench && go run . draw", name, resultsFile)
		}
	}
	page := read(operations)
	want, err := d.Quote(page)
	if err != nil {
		t.Fatal(err)
	}
	if page != want {
		t.Errorf("docs/%s quotes other figures than docs/benchmarks/%s has: cd bench && go run . draw", operations, resultsFile)
	}
}
