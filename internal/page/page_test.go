package page

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func text(n int64) string { return strconv.FormatInt(n, 10) }

func TestHistory_IsKeptForItsSpanAndNoLonger(t *testing.T) {
	t.Parallel()
	p := New(time.Second)
	for at := time.Duration(0); at < 3*Span; at += Every {
		m := calm(2, dawn.Add(at))
		m.Shards[0].Behind = at
		p.Take(m)
	}
	v := ask(t, p, "")
	plot := v.History.Behind["shardId-000000000000"]
	if len(plot) != points || v.History.To != 3*points {
		t.Fatalf("got %d points up to number %d, want %d up to %d", len(plot), v.History.To, points, 3*points)
	}
	if first, last := *plot[0], *plot[points-1]; first != (2*Span).Seconds() || last != (3*Span-Step).Seconds() {
		t.Errorf("the plot goes from %v to %v, want from %v to %v", first, last, (2 * Span).Seconds(), (3*Span - Step).Seconds())
	}
	if rate := v.History.Rate["shardId-000000000001"][points-1]; rate == nil || *rate != 100 {
		t.Errorf("the last rate is %v, want 100 a second", rate)
	}
	if all := v.History.Rate[""][points-1]; all == nil || *all != 200 {
		t.Errorf("the last rate of all is %v, want 200 a second", all)
	}
}

func TestHistory_IsSentOnceToWhoKeepsIt(t *testing.T) {
	t.Parallel()
	p := New(time.Second)
	take := func(n int) {
		for range n {
			p.mu.Lock()
			due := p.plotDue
			p.mu.Unlock()
			if due.IsZero() {
				due = dawn
			}
			p.Take(calm(1, due))
		}
	}
	take(5)
	v := ask(t, p, "")
	take(2)
	boot := "&boot=" + text(v.Boot)
	for query, want := range map[string]int{
		"": 7, "?after=5" + boot: 2, "?after=7" + boot: 0, "?after=99" + boot: 0, "?after=-4" + boot: 7,
		"?after=5&boot=1": 7, "?after=x" + boot: 7,
	} {
		if got := len(ask(t, p, query).History.Behind["shardId-000000000000"]); got != want {
			t.Errorf("%q: got %d points, want %d", query, got, want)
		}
	}
}

func TestHistory_BeginsAnewWithAnotherUnit(t *testing.T) {
	t.Parallel()
	var h history
	h.add(map[string]point{"s": {behind: 1, rate: 10, mine: true}})
	h.add(map[string]point{"s": {behind: 2, rate: 300}})
	v := h.since(0, func(string) bool { return true })
	if !math.IsNaN(float64(v.Rate["s"][0])) || v.Rate["s"][1] != 300 || v.Behind["s"][0] != 1 {
		t.Errorf("got rates %v and lags %v, want no rate in events among those in KiB", v.Rate["s"], v.Behind["s"])
	}
}

func TestHistory_IsBounded(t *testing.T) {
	t.Parallel()
	var h history
	for round := range 3 {
		now := make(map[string]point)
		for i := range 2 * maxPlots {
			now[fmt.Sprint(round, "-", i)] = point{}
		}
		h.add(now)
		if len(h.series) != maxPlots {
			t.Errorf("got %d plots, want %d", len(h.series), maxPlots)
		}
	}
}

func TestRate_FollowsWhatIsDone(t *testing.T) {
	t.Parallel()
	var m meter
	if m.add(1000, dawn); m.steady {
		t.Error("a rate is known after one look")
	}
	for i := range 60 {
		m.add(1000+int64(i+1)*20, dawn.Add(time.Duration(i+1)*Every))
	}
	if math.Abs(m.rate-10) > 0.01 {
		t.Errorf("20 in 2 s: got %v", m.rate)
	}
	for i := range 5 { // a lease that was lost and taken again counts from 0
		m.add(int64(i)*20, dawn.Add(time.Duration(61+i)*Every))
	}
	if m.rate < 0 || m.rate > 10 {
		t.Errorf("counted from 0 again: got %v", m.rate)
	}
	for i := range 60 {
		m.add(80, dawn.Add(time.Duration(66+i)*Every))
	}
	if m.rate > 0.01 {
		t.Errorf("nothing is done any more: got %v", m.rate)
	}
}

func TestMoves_TellOfDeploysAndLeases(t *testing.T) {
	t.Parallel()
	p := New(time.Second)
	at := dawn
	take := func(owner string, workers ...Worker) {
		m := calm(4, at)
		at = at.Add(Every)
		for i := range 3 {
			m.Shards[i].Owner = owner
		}
		m.Workers = append(m.Workers, workers...)
		p.Take(m)
	}
	w2 := Worker{ID: "w2", Version: "v2", StartedAt: dawn, Alive: true}
	take("w1")
	take("w1", w2)
	take("") // nobody's for a moment
	take("w2", w2)
	w2.StartedAt = dawn.Add(time.Minute)
	take("w2", w2)
	w2.Draining = true
	take("w2", w2)
	w2.Alive = false
	take("w2", w2)
	take("w1")
	var got []string
	for _, m := range ask(t, p, "").Moves {
		got = append(got, m.Text)
	}
	want := []string{
		"Shards 0, 1 and 2 from w2 to w1", "w2 left", "w2 has gone silent", "w2 drains", "w2 started again with v2",
		"Shards 0, 1 and 2 from w1 to w2", "w2 joined with v2", "w2 left", "w2 joined with v2",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	for i := range 3 * maxMoves {
		take([]string{"w1", "w3"}[i%2])
	}
	if n := len(ask(t, p, "").Moves); n != maxMoves {
		t.Errorf("%d moves are remembered, want %d", n, maxMoves)
	}
}

func TestPage_LooksAtTheProcessUntilItIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := New(time.Second)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		looks := 0
		go func() {
			defer close(ended)
			p.Run(ctx, func() Moment {
				looks++
				return calm(1, time.Now())
			})
		}()
		time.Sleep(10*Every + Every/2)
		stop()
		<-ended
		if looks != 11 {
			t.Errorf("looked %d times, want 11", looks)
		}
		if p.Rate() < 99 || p.Rate() > 101 {
			t.Errorf("the rate is %v, want 100", p.Rate())
		}
	})
}

func BenchmarkTake(b *testing.B) {
	p := New(time.Second)
	b.ReportAllocs()
	at := dawn
	for b.Loop() {
		at = at.Add(Every)
		p.Take(calm(64, at))
	}
}
