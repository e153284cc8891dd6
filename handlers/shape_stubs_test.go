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

// aKey is a key of hashes.
var aKey = []byte("0123456789abcdef")

// shape is one of redactions and, if there are any, paths that stay.
func shape(t testing.TB, redact, project []string) *Shape {
	t.Helper()
	cfg := ShapeConfig{Key: aKey}
	for _, text := range redact {
		r, err := ParseRedaction(text)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Redact = append(cfg.Redact, r)
	}
	for _, text := range project {
		p, err := ParsePath(text)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Project = append(cfg.Project, p)
	}
	s, err := NewShape(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
