package config

import (
	"strings"
	"testing"
)

func TestSize_ReadsUnitsAndWritesThemBack(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "0": "", "256MiB": "256MiB", "256 MiB": "256MiB", "1GiB": "1GiB", "1024KiB": "1MiB", "1500": "1500B", "1MB": "1000000B", "3TiB": "3TiB",
	} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if got, _ := s.MarshalText(); string(got) != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	for _, text := range []string{"much", "-1MiB", "9999999999GiB", "1 XiB"} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: got %v, want a refusal that repeats it", text, err)
		}
	}
}
