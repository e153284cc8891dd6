package kinesis

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

func TestWords_AgreeWithBigInt(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var w [3]uint64
		for i := rng.IntN(4); i < 3; i++ {
			w[i] = rng.Uint64() >> rng.IntN(64)
		}
		n := new(big.Int)
		for _, word := range w {
			n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(word))
		}
		got := string(appendWords(nil, w))
		if got != n.String() {
			t.Fatalf("appendWords(%x): got %s, want %s", w, got, n)
		}
		if back, ok := parseWords(got); !ok || back != w {
			t.Fatalf("parseWords(%s): got %x %v, want %x", got, back, ok, w)
		}
	}
	for _, bad := range []string{"", "-1", "1a", "١", new(big.Int).Lsh(big.NewInt(1), 192).String()} {
		if w, ok := parseWords(bad); ok {
			t.Errorf("parseWords(%q): got %x, want no number", bad, w)
		}
	}
}

func TestUniformStarts_CoverTheSpace(t *testing.T) {
	t.Parallel()
	space := new(big.Int).Lsh(big.NewInt(1), 128)
	for _, n := range []int{1, 2, 3, 4, 7, 100, 999, 10000} {
		size := new(big.Int).Div(space, big.NewInt(int64(n)))
		for i, start := range uniformStarts(n) {
			want := new(big.Int).Mul(size, big.NewInt(int64(i)))
			if start.String() != want.String() {
				t.Fatalf("start %d of %d: got %s, want %s", i, n, start, want)
			}
		}
	}
}

func TestHashKey_NeighboursAndOrder(t *testing.T) {
	t.Parallel()
	edge := hashKey{0, ^uint64(0)}
	if got, want := edge.next(), (hashKey{1, 0}); got != want {
		t.Errorf("next: got %v, want %v", got, want)
	}
	if got := edge.next().prev(); got != edge {
		t.Errorf("prev: got %v, want %v", got, edge)
	}
	if !edge.less(edge.next()) || edge.next().less(edge) || edge.less(edge) {
		t.Error("less: want a strict order across the word's edge")
	}
	if got, want := hashOf("a").String(), "16955237001963240173058271559858726497"; got != want {
		t.Errorf("hash of a: got %s, want %s", got, want)
	}
	if _, ok := parseHashKey("340282366920938463463374607431768211456"); ok {
		t.Error("2^128: got a hash key, want none")
	}
}

func TestSequence_RoundTripsAndOrders(t *testing.T) {
	t.Parallel()
	a := sequence{created: 1_700_000_000, index: 1 << 40, time: 1_700_000_900, shard: 4711}
	text := a.String()
	if len(text) != 56 {
		t.Errorf("length of %s: got %d, want 56", text, len(text))
	}
	if back, ok := parseSequence(text); !ok || back != a {
		t.Errorf("parse %s: got %+v %v, want %+v", text, back, ok, a)
	}
	later, child := a, a
	later.index++
	later.time = 0
	child.created, child.index = a.created+1, 0
	if later.String() <= text || child.String() <= (sequence{created: a.created, index: lastIndex, time: 1 << 35, shard: 4711}).String() {
		t.Error("sequence numbers do not grow with index and creation")
	}
	for _, bad := range []string{"0", "1", "LATEST", text[:40], text + "0"} {
		if s, ok := parseSequence(bad); ok {
			t.Errorf("parseSequence(%s): got %+v, want none", bad, s)
		}
	}
}
