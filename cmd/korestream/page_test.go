package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// statusPage is what a process's page has of the fleet.
type statusPage struct {
	Findings []struct{ Level, Title string }
	Totals   struct {
		Unowned, Readable, Workers int
		Rate                       float64
	}
	Shards  []struct{ ID, Owner string }
	Workers []struct {
		ID, Version string
		Mine, Alive bool
	}
	Moves []struct{ Text string }
}

func pageOf(t *testing.T, p *proc) statusPage {
	t.Helper()
	var v statusPage
	if text := asked(t, p, "/page.json"); json.Unmarshal([]byte(text), &v) != nil || len(v.Findings) == 0 {
		t.Fatalf("/page.json: %s", text)
	}
	return v
}

func TestStatusPage_OfOneWorkerTellsOfAnothersDeath(t *testing.T) {
	t.Parallel()
	s := newSite(t, 4)
	const failover = "lease: {failover: 4s}\n"
	one, _ := s.node("w-one", failover)
	two, _ := s.node("w-two", failover)
	events := s.produce(40)
	eventually(t, "each its half", func() bool { return s.ownedBy(4, "w-one", "w-two") })
	eventually(t, "a page with the fleet on it", func() bool {
		v := pageOf(t, one)
		return v.Findings[0].Title == "Healthy" && v.Totals.Workers == 2 && v.Totals.Rate > 20 && len(v.Shards) == 4
	})
	for _, w := range pageOf(t, one).Workers {
		if w.Version == "" || !w.Alive || w.Mine != (w.ID == "w-one") {
			t.Errorf("got %+v, want it alive with a version", w)
		}
	}
	if document := asked(t, one, "/"); !strings.HasPrefix(document, "<!doctype html>") || !strings.Contains(document, "Healthy") {
		t.Errorf("the document: %.200s", document)
	}
	if err := two.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	two.wait(time.Minute)
	eventually(t, "a word of the death", func() bool {
		return strings.Contains(pageOf(t, one).Findings[0].Title, "worker w-two")
	})
	eventually(t, "its shards to be taken", func() bool {
		v := pageOf(t, one)
		return v.Totals.Unowned == 0 && len(v.Moves) > 0 && strings.HasSuffix(v.Moves[0].Text, "from w-two to w-one")
	})
	events.stop()
	if code := one.stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
}

func TestStatusPage_OfAReceiverHasNoShards(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	p := s.receiver(freeAddress(t), secretFile(t, hookSecret), "")
	eventually(t, "a calm page", func() bool { return pageOf(t, p).Findings[0].Title == "Healthy" })
	if v := pageOf(t, p); len(v.Shards) != 0 || len(v.Workers) != 0 {
		t.Errorf("got %+v, want neither shards nor workers", v)
	}
	if code := p.stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
}
