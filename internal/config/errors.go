package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// KeyError is one mistake.
type KeyError struct {
	// Key names the setting: lease.failover, handlers[1].name.
	Key string
	// Source says where it was set: korestream.yaml:12, a variable or a flag;
	// empty if it was not.
	Source string
	// Problem says what is wrong and how to mend it.
	Problem string
}

func (e *KeyError) Error() string {
	if e.Source == "" {
		return fmt.Sprintf("%s: %s", e.Key, e.Problem)
	}
	return fmt.Sprintf("%s (%s): %s", e.Key, e.Source, e.Problem)
}

// problems collects mistakes.
type problems struct{ list []*KeyError }

func (p *problems) add(key, source, format string, args ...any) {
	p.list = append(p.list, &KeyError{key, source, fmt.Sprintf(format, args...)})
}

// err returns all mistakes by key, nil if there are none.
func (p *problems) err() error {
	slices.SortStableFunc(p.list, func(a, b *KeyError) int { return cmp.Compare(a.Key, b.Key) })
	errs := make([]error, 0, len(p.list))
	for _, e := range p.list {
		errs = append(errs, e)
	}
	return errors.Join(errs...)
}

// didYouMean returns a hint at the known name nearest to a wrong one, empty if
// none is near.
func didYouMean(wrong string, known []string) string {
	// Two slips of the finger, a swapped pair counting as two, or a third of a
	// long name; but never all of a short one.
	limit := min(max(2, len(wrong)/3), len(wrong)-1)
	best := ""
	for _, k := range known {
		if d := levenshtein.Distance(strings.ToLower(wrong), strings.ToLower(k), nil); d <= limit {
			best, limit = k, d-1
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", best)
}
