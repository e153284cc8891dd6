package handlers

import (
	"os"
	"testing"
)

// sample is an event of KORE's with every member.
func sample(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("../event/testdata/constructed-supersim-data-session-updated.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
