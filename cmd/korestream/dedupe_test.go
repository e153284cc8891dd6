package main

import (
	"testing"
	"time"
)

// putRepeated puts n events and then again each fifth of them, on other shards:
// by other partition keys.
func (p *producer) putRepeated(n int) {
	for from := 0; from < n; from += 200 {
		var ids []string
		for i := from; i < from+200; i++ {
			ids = append(ids, eventID(i))
			if i%4 == 0 {
				ids = append(ids, eventID(i))
			}
		}
		p.put(ids)
	}
}

func TestRun_DedupeTableHandlesEachEventOnceAcrossWorkers(t *testing.T) {
	t.Parallel()
	s := newSite(t, 4)
	const events = 8000 // and 2000 repeats
	shared := "dedupe: {store: dynamodb, claim_timeout: 6s}\nlease: {failover: 4s}\nretry: {max_backoff: 1s}\n"
	one, archive1 := s.node("w-one", shared)
	two, archive2 := s.node("w-two", shared)
	eventually(t, "two shards each", func() bool { n := s.owned(); return n["w-one"] == 2 && n["w-two"] == 2 })
	load := &producer{s: s, places: make(map[string]place), spread: true}
	load.putRepeated(events)
	handledAll(t, events, archive1, archive2)
	time.Sleep(3 * time.Second)
	if one.stop() != 0 || two.stop() != 0 {
		t.Errorf("exit codes: got %d and %d, want 0", one.exit, two.exit)
	}
	missing, repeated := reckon(t, events, archive1, archive2)
	t.Logf("%d events and %d repeats over 4 shards and 2 workers: %d missing, %d handled twice", events, events/4, len(missing), len(repeated))
	if len(missing)+len(repeated) > 0 {
		t.Errorf("missing %v, handled twice %v", missing, repeated)
	}
}

func TestRun_DedupeTableAfterAKill(t *testing.T) {
	t.Parallel()
	s := newSite(t, 4)
	const events = 4000
	shared := "dedupe: {store: dynamodb, claim_timeout: 6s}\nlease: {failover: 4s}\n"
	one, archive1 := s.node("w-one", shared)
	two, archive2 := s.node("w-two", shared)
	eventually(t, "two shards each", func() bool { n := s.owned(); return n["w-one"] == 2 && n["w-two"] == 2 })
	load := &producer{s: s, places: make(map[string]place), spread: true}
	load.putRepeated(events / 2)
	eventually(t, "it to be in the middle", func() bool { return len(archived(t, archive2)) >= 100 })
	if err := two.cmd.Process.Kill(); err != nil { // in the middle of it
		t.Fatal(err)
	}
	two.wait(time.Minute)
	inHand := len(archived(t, archive2))
	for from := events / 2; from < events; from += 200 {
		var ids []string
		for i := from; i < from+200; i++ {
			ids = append(ids, eventID(i))
		}
		load.put(ids)
	}
	handledAll(t, events, archive1, archive2)
	if code := one.stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	missing, repeated := reckon(t, events, archive1, archive2)
	t.Logf("kill -9 after %d of %d events: %d missing, %d handled twice", inHand, events, len(missing), len(repeated))
	// In its hands were what stood in its lanes, 64 for each of its shards.
	if len(missing) > 0 || len(repeated) > 2*64 {
		t.Errorf("missing %v, %d handled twice, want at most what was in its hands: %d", missing, len(repeated), 2*64)
	}
	seen := make(map[string]bool)
	for _, id := range archived(t, archive2) {
		seen[id] = true
	}
	for _, id := range repeated {
		if !seen[id] {
			t.Errorf("%s was handled twice by the process that lived", id)
		}
	}
}
