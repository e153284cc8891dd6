package handlers

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// randomJSON writes a value of few names, so that paths meet members, with
// blanks where they may be.
func randomJSON(r *rand.Rand, b *strings.Builder, depth int) {
	blank := func() { b.WriteString([...]string{"", "", " ", "\n\t"}[r.IntN(4)]) }
	kind := r.IntN(8)
	if depth == 0 {
		kind += 2
	}
	switch kind {
	case 0, 1, 6:
		if kind == 6 && depth == 0 {
			b.WriteString("1.50")
			return
		}
		b.WriteByte('{')
		for i, name := range r.Perm(4)[:r.IntN(5)] {
			if i > 0 {
				b.WriteByte(',')
			}
			blank()
			b.WriteString([...]string{`"a"`, `"b"`, `"\u0063"`, `"d"`}[name])
			blank()
			b.WriteByte(':')
			blank()
			randomJSON(r, b, max(depth-1, 0))
			blank()
		}
		blank()
		b.WriteByte('}')
	case 7:
		b.WriteByte('[')
		for i := range r.IntN(4) {
			if i > 0 {
				b.WriteByte(',')
			}
			blank()
			randomJSON(r, b, max(depth-1, 0))
			blank()
		}
		b.WriteByte(']')
	default:
		b.WriteString([...]string{`"89883070000000000001"`, `"\n\"\\"`, `-0.0e+1`, `12345678901234567890`, `null`, `true`}[r.IntN(6)])
	}
}

func randomPaths(r *rand.Rand) (paths []Path) {
	known := make(map[string]bool)
	for range r.IntN(4) {
		text := "data"
		for range 1 + r.IntN(3) {
			text += "." + [...]string{"a", "b", "c", "d"}[r.IntN(4)]
		}
		if !known[text] {
			known[text] = true
			paths = append(paths, fuzzPaths(text)...)
		}
	}
	return paths
}

func TestShape_AgreesWithMaps(t *testing.T) {
	t.Parallel()
	changed := 0
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 1))
		var b strings.Builder
		randomJSON(r, &b, 4)
		data := b.String()
		if r.IntN(4) == 0 {
			data = strconv.Quote(data) // all that is in it is ASCII: JSON's quotes are Go's
		}
		hidden, kept, masks := randomPaths(r), randomPaths(r), r.IntN(3) == 0
		s, err := NewShape(fuzzConfig(hidden, kept, masks))
		if err != nil {
			t.Fatal(err)
		}
		if s == nil {
			continue
		}
		e := deliveryOf(t, fmt.Sprintf(`{"id": "1", "data" : %s , "type": "t"}`, data)).Event
		checkShape(t, e, s, hidden, kept, masks)
		if got, err := s.Apply(e); err == nil && got != e {
			changed++
		}
	}
	if changed < 800 {
		t.Errorf("only %d events were changed: the paths miss the members", changed)
	}
	t.Logf("%d of 2000 events were changed", changed)
}
