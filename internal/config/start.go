package config

import (
	"fmt"
	"strings"
	"time"
)

// The named starts.
const (
	TrimHorizon = "trim_horizon"
	Latest      = "latest"
)

// Start is where a new application begins: a named place, or a time.
type Start struct {
	// Name is TrimHorizon or Latest; empty with a time.
	Name string
	Time time.Time
}

// UnmarshalText reads trim_horizon, latest or an RFC 3339 time.
func (s *Start) UnmarshalText(text []byte) error {
	switch name := strings.ToLower(string(text)); name {
	case TrimHorizon, Latest:
		*s = Start{Name: name}
		return nil
	}
	t, err := time.Parse(time.RFC3339, string(text))
	if err != nil {
		return fmt.Errorf("%q is neither trim_horizon nor latest nor an RFC 3339 time such as 2026-01-31T00:00:00Z", text)
	}
	*s = Start{Time: t}
	return nil
}

// MarshalText is the inverse of UnmarshalText.
func (s Start) MarshalText() ([]byte, error) {
	if s.Name != "" {
		return []byte(s.Name), nil
	}
	return []byte(s.Time.Format(time.RFC3339Nano)), nil
}
