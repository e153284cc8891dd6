package handlers

import (
	"fmt"
	"strings"
	"testing"
)

func ExampleParsePattern() {
	p, err := ParsePattern("*.supersim.connection.data-session.*")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Match("com.kore.iot.supersim.connection.data-session.updated"))
	fmt.Println(p.Match("com.kore.iot.supersim.connection.attachment.accepted"))
	_, err = ParsePattern(`^com\.kore`)
	fmt.Println(err)
	// Output:
	// true
	// false
	// pattern "^com\\.kore": holds '^'; this is not a regular expression: * stands for any run of characters, all else for itself
}

func TestPattern_Match(t *testing.T) {
	t.Parallel()
	tests := []struct {
		pattern, eventType string
		want               bool
	}{
		{"*", sessionUpdated, true},
		{"*", "", true},
		{"**", "a", true},
		{sessionUpdated, sessionUpdated, true},
		{sessionUpdated, sessionUpdated + "x", false},
		{"*.data-session.*", sessionUpdated, true},
		{"*.Data-Session.*", sessionUpdated, false},
		{"*.data-session.*", attachRejected, false},
		{"com.*", sessionUpdated, true},
		{"com.*", "com", false},
		{"*.updated", sessionUpdated, true},
		{"com.*.connection.*.updated", sessionUpdated, true},
		{"ab*bc", "abc", false},
		{"ab*bc", "abbc", true},
		{"a*b*c", "aXbXbXc", true},
		{"a*bc*c", "abc", false},
		{"*a*a*", "a", false},
		{"*é*", "caféx", true},
		{".", "x", false},
	}
	for _, tt := range tests {
		t.Run(tt.pattern+" "+tt.eventType, func(t *testing.T) {
			t.Parallel()
			if got := pattern(t, tt.pattern).Match(tt.eventType); got != tt.want {
				t.Errorf("Match(%q): got %v, want %v", tt.eventType, got, tt.want)
			}
		})
	}
}

func TestPattern_ZeroMatchesNothing(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "a"} {
		if (Pattern{}).Match(s) {
			t.Errorf("zero pattern: got a match of %q, want none", s)
		}
	}
}

func TestParsePattern_SaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, pattern, want string }{
		{"empty", "", "empty; * matches every event"},
		{"blank", "a b", "holds ' '"},
		{"line break", "a\n", `holds '\n'`},
		{"control character", "a\x00", "control characters"},
		{"UTF-8", "a\xff", "not valid UTF-8"},
		{"long", strings.Repeat("a", maxPattern+1), "at most 256"},
		{"regular expression", "^com", "not a regular expression"},
		{"question mark", "com?", "not a regular expression"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := ParsePattern(tt.pattern)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("ParsePattern(%q): got error %v, want one with %q", tt.pattern, err, tt.want)
			}
		})
	}
}

// matchSlowly tries every length for every star.
func matchSlowly(p, s string) bool {
	if p == "" {
		return s == ""
	}
	if p[0] != '*' {
		return s != "" && s[0] == p[0] && matchSlowly(p[1:], s[1:])
	}
	for i := range len(s) + 1 {
		if matchSlowly(p[1:], s[i:]) {
			return true
		}
	}
	return false
}

func FuzzPattern(f *testing.F) {
	for _, seed := range [][2]string{{"*", ""}, {"ab*bc", "abc"}, {"*a*b", "aab"}, {"a**b", "ab"}, {"*.x.*", "y.x.z"}, {"a*a*a", "aa"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, text, s string) {
		p, err := ParsePattern(text)
		if err != nil {
			return
		}
		if p.String() != text {
			t.Errorf("String: got %q, want %q", p, text)
		}
		if len(s) > 40 || strings.Count(text, "*") > 5 {
			return // the naive matcher is exponential
		}
		if got, want := p.Match(s), matchSlowly(text, s); got != want {
			t.Errorf("%q matches %q: got %v, want %v", text, s, got, want)
		}
	})
}
