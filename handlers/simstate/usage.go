package simstate

import (
	"encoding/json"
	"math"
	"slices"
)

// Usage counts bytes.
type Usage struct {
	Download int64 `json:"download"`
	Upload   int64 `json:"upload"`
	Total    int64 `json:"total"`
}

// usageOf returns false when the event has none of the counters. A total that
// is missing is the sum of the others; a negative count is none.
func usageOf(down, up, total *int64) (Usage, bool) {
	if down == nil && up == nil && total == nil {
		return Usage{}, false
	}
	u := Usage{Download: count(down), Upload: count(up), Total: count(total)}
	if total == nil {
		u.Total = add(u.Download, u.Upload)
	}
	return u, true
}

func count(n *int64) int64 {
	if n == nil {
		return 0
	}
	return max(*n, 0)
}

// add stays at the largest number rather than going round: that keeps sums the
// same in every order. No operand is negative.
func add(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

func (u Usage) max(o Usage) Usage {
	return Usage{max(u.Download, o.Download), max(u.Upload, o.Upload), max(u.Total, o.Total)}
}

func (u Usage) plus(o Usage) Usage {
	return Usage{add(u.Download, o.Download), add(u.Upload, o.Upload), add(u.Total, o.Total)}
}

// keptWindows is how many windows of a session can be told apart: a day of
// KORE's updates, which come every six minutes.
const keptWindows = 256

// windows is the usage of a session of schema version 1, which reports the
// bytes of one window after another and no sum. A window counts once however
// often it is reported; its end identifies it.
type windows struct {
	// Latest are those that can be told apart, by their ends.
	Latest []window `json:"latest"`
	// Folded is the usage of those before, and Until the end of the last of
	// them in microseconds of Unix time. A window that ends no later is taken
	// for a repetition: to count a late one would be to count others twice.
	Folded Usage `json:"folded,omitzero"`
	Until  int64 `json:"until,omitempty"`
	// Folds is how many there are in Folded, so that an Until of zero, which is
	// a time as well, can be told from none.
	Folds int64 `json:"folds,omitempty"`
}

// IsZero keeps the member out of the JSON of sessions that have no windows.
func (w windows) IsZero() bool { return len(w.Latest) == 0 }

func (w *windows) take(next window) bool {
	if w.Folds > 0 && next.end <= w.Until {
		return false
	}
	i, found := slices.BinarySearchFunc(w.Latest, next, window.compare)
	if found {
		most := w.Latest[i].usage.max(next.usage)
		changed := most != w.Latest[i].usage
		w.Latest[i].usage = most
		return changed
	}
	w.Latest = slices.Insert(w.Latest, i, next)
	if len(w.Latest) > keptWindows {
		w.Folded, w.Until = w.Folded.plus(w.Latest[0].usage), w.Latest[0].end
		w.Folds++
		w.Latest = slices.Delete(w.Latest, 0, 1)
	}
	return true
}

func (w *windows) sum() Usage {
	sum := w.Folded
	for _, one := range w.Latest {
		sum = sum.plus(one.usage)
	}
	return sum
}

// window is one report. As there are many in a state, its JSON is short: end,
// download, upload, total.
type window struct {
	// end is in microseconds of Unix time.
	end   int64
	usage Usage
}

func (w window) compare(o window) int {
	switch {
	case w.end < o.end:
		return -1
	case w.end > o.end:
		return 1
	}
	return 0
}

// MarshalJSON implements [json.Marshaler].
func (w window) MarshalJSON() ([]byte, error) {
	return json.Marshal([4]int64{w.end, w.usage.Download, w.usage.Upload, w.usage.Total})
}

// UnmarshalJSON implements [json.Unmarshaler].
func (w *window) UnmarshalJSON(b []byte) error {
	var n [4]int64
	if err := json.Unmarshal(b, &n); err != nil {
		return err
	}
	w.end, w.usage = n[0], Usage{n[1], n[2], n[3]}
	return nil
}
