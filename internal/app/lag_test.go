package app

import (
	"testing"
	"time"

	"korestream/checkpoint"
	"korestream/consumer"
)

func TestLag_OfTheStreamIsThatOfItsWorstShard(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	row := func(id, owner string, behind time.Duration, gain float64) checkpoint.LeaseRow {
		return checkpoint.LeaseRow{Shard: id, Owner: owner, ArrivedAt: now.Add(-behind), Lag: checkpoint.Lag{Gain: gain}}
	}
	standings := []checkpoint.Standing{
		{LeaseRow: row("mine", "me", time.Hour, 1), Owned: true}, // as it was written
		{LeaseRow: row("theirs", "other", 20*time.Minute, 2), Owned: true},
	}
	st := consumer.Status{Worker: "me", Retention: 24 * time.Hour, Shards: []consumer.ShardStatus{
		{Shard: "mine", State: consumer.StateReading, OldestAt: now.Add(-time.Minute), FetchedAt: now, Gain: 3},
	}}
	v := lagOf(st, standings, now).view()
	if v.Behind == nil || *v.Behind != 1200 || v.Headroom == nil || *v.Headroom != 24*3600-1200 || v.CatchUp == nil || *v.CatchUp != 600 {
		t.Errorf("got behind %s, headroom %s, caught up %s", number(v.Behind), number(v.Headroom), number(v.CatchUp))
	}
	if got := v.catchUpText(); got != "in 10m0s" {
		t.Errorf("for people: got %q, want in 10m0s", got)
	}
	standings = append(standings, checkpoint.Standing{LeaseRow: row("nobody's", "dead", 25*time.Hour, 5)})
	lag := lagOf(st, standings, now)
	if v = lag.view(); *v.Behind != 25*3600 || *v.Headroom != 0 || v.CatchesUp || v.CatchUp != nil || lag.unowned != 1 {
		t.Errorf("a shard without an owner: got behind %s, headroom %s, %d unowned, catches up: %v", number(v.Behind), number(v.Headroom), lag.unowned, v.CatchesUp)
	}
	if got := v.catchUpText(); got != "never" {
		t.Errorf("for people: got %q, want never", got)
	}
	if v = (streamLag{}).view(); v.Behind != nil || v.Headroom != nil || v.CatchUp != nil {
		t.Errorf("nothing is known: got %+v", v)
	}
}

func number(f *float64) string {
	if f == nil {
		return "unknown"
	}
	return duration(*f).String()
}
