package episode

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestEpisode_TellsOfEachKindOnceAndOfTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var e Episode
		if _, over := e.Succeeded(); over || e.Failing() {
			t.Error("no trouble is over or there")
		}
		news := 0
		for range 20 { // it comes and goes
			for _, kind := range []string{"throttled", "down"} {
				if e.Failed(kind) {
					news++
				}
			}
			if !e.Failing() {
				t.Error("failed, and does not say so")
			}
			time.Sleep(SettledAfter / 2)
			if _, over := e.Succeeded(); over || e.Failing() {
				t.Error("over before it has settled, or failing after a success")
			}
		}
		if news != 2 {
			t.Errorf("got %d lines for two kinds of trouble, want 2", news)
		}
		time.Sleep(SettledAfter)
		if n, over := e.Succeeded(); !over || n != 40 {
			t.Errorf("got %d failures, over: %t, want 40, over", n, over)
		}
		if !e.Failed("throttled") {
			t.Error("trouble after the end is no news")
		}
		if n, over := e.End(); !over || n != 1 {
			t.Errorf("at the end: got %d failures, over: %t, want 1, over", n, over)
		}
	})
}
