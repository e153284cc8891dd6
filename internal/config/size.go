package config

import (
	"fmt"
	"math"

	"github.com/dustin/go-humanize"
)

// Size is a number of bytes; 0 is none.
type Size int64

// UnmarshalText reads a number with a unit, such as 512MiB or 1GB. Empty is 0.
func (s *Size) UnmarshalText(text []byte) error {
	*s = 0
	if len(text) == 0 {
		return nil
	}
	n, err := humanize.ParseBytes(string(text))
	if err != nil || n > math.MaxInt64 {
		return fmt.Errorf("%q is no size: write a number and a unit, such as 512MiB or 1GB", text)
	}
	*s = Size(n)
	return nil
}

// MarshalText writes it exactly, in the largest unit that goes into it.
func (s Size) MarshalText() ([]byte, error) {
	if s == 0 {
		return nil, nil
	}
	n, units := int64(s), []string{"B", "KiB", "MiB", "GiB", "TiB"}
	for len(units) > 1 && n%1024 == 0 {
		n, units = n/1024, units[1:]
	}
	return fmt.Append(nil, n, units[0]), nil
}
