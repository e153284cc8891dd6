package consumer

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"korestream/localstack/embed"
)

func isErr(err, want error) bool { return errors.Is(err, want) }

func TestAdvisor_SwitchesOnlyOnWhatLasts(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 26, 8, 0, 0, 0, time.UTC)
	at := func(d time.Duration) time.Time { return start.Add(d) }
	a := advisor{on: true}
	for _, step := range []struct {
		at      time.Duration
		behind  time.Duration
		refused bool
		want    bool
	}{
		{0, time.Minute, false, false},
		{9 * time.Second, time.Minute, false, false},
		{9500 * time.Millisecond, 0, false, false}, // at the tip: forgotten
		{10 * time.Second, time.Minute, false, false},
		{15 * time.Second, 0, true, false}, // refused counts as well
		{20 * time.Second, time.Minute, false, true},
	} {
		if got := a.leavePolling(step.behind, step.refused, at(step.at)); got != step.want {
			t.Errorf("polling at %s: got %t, want %t", step.at, got, step.want)
		}
	}
	a.begin()
	if a.leaveFanOut(0, at(0)) || a.leaveFanOut(0, at(settledAfter-1)) || !a.leaveFanOut(0, at(settledAfter)) {
		t.Error("fan-out is not left exactly when the shard was at the tip for long enough")
	}
	if off := (&advisor{}); off.leavePolling(time.Hour, true, at(0)) || off.leavePolling(time.Hour, true, at(time.Hour)) {
		t.Error("an advisor that is off switches")
	}
}

func TestAuto_TakesFanOutWhileItIsBehindAndPollsAgainAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.quiet = true
		s := &sink{}
		subscribed := w.ep.Faults().Add(embed.Fault{Operation: "SubscribeToShard", Kind: embed.Slow, Delay: time.Millisecond})
		// Other readers use up the shard.
		throttle := w.ep.Faults().Add(embed.Fault{Operation: "GetRecords", Kind: embed.Throttle})
		p := w.start("one", s, by(Auto))
		for range 30 {
			w.putEvents(1, testSIMs...)
			time.Sleep(time.Second)
		}
		w.awaitEvents(s)
		if subscribed.Hits() == 0 {
			t.Error("refused for half a minute, it does not subscribe")
		}
		throttle.Remove()
		for range 14 {
			w.putEvents(1, testSIMs...)
			time.Sleep(30 * time.Second)
		}
		w.awaitEvents(s)
		before := subscribed.Hits()
		time.Sleep(10 * time.Minute)
		if n := subscribed.Hits() - before; n != 0 {
			t.Errorf("at the tip for ten minutes, it subscribed %d times more; want polling", n)
		}
		w.putEvents(1, testSIMs...)
		w.awaitEvents(s)
		w.must(p.stop())
		w.complete(s)
	})
}
