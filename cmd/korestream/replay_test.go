package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// exactly fails the test unless an archive holds the events once each, and no
// other, and those of a SIM in order.
func exactly(t *testing.T, archive string, want []string) {
	t.Helper()
	got := archived(t, archive)
	last := make(map[string]string)
	for _, id := range got {
		sim, _, _ := strings.Cut(id, "/")
		if id <= last[sim] {
			t.Errorf("%s comes after %s", id, last[sim])
		}
		last[sim] = id
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("replayed: got %d events, want the %d of the range", len(got), len(want))
	}
}

func TestReplay_TakesExactlyTheRangeWhileLiveGoesOnUndisturbed(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2)
	live, liveArchive := s.node("live", "dedupe: {store: dynamodb}\n")
	live.logged("shard taken")
	load := s.produce(200)
	load.more(200)
	from := now()
	load.more(200)
	splitFirst(t, s.kc)
	load.more(400)
	to := now()
	load.more(1) // what was on its way then has arrived
	want := s.arrivedBetween(from, to)
	if len(want) < 200 {
		t.Fatalf("the range has %d events: the test shows nothing", len(want))
	}
	eventually(t, "the range handled live and its leases at rest", func() bool {
		return s.ownedBy(3, "live") && totalArchived(t, liveArchive) > len(want)
	})
	before := s.ownerships()
	// The same configuration but for where the archive is.
	cfg, archive := writeConfig(t, "stream: "+testStream+"\nworker: live\ndedupe: {store: dynamodb}\n")
	p := s.replay(cfg, "--from", timeFlag(from), "--to", timeFlag(to), "--handlers", "archive")
	if code := p.wait(time.Minute); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	exactly(t, archive, want)
	sum := summaryOf(t, p)
	if !sum.Complete || sum.Replayed != len(want) || sum.Skipped != 0 || sum.DeadLettered != 0 || sum.Shards != 4 {
		t.Errorf("summary: got %+v, want %d replayed of 4 shards", sum, len(want))
	}
	if after := s.ownerships(); !maps.Equal(before, after) {
		t.Errorf("live leases: got %v, want them as before: %v", after, before)
	}
	if tables := s.replayTables(); len(tables) != 0 {
		t.Errorf("lease tables left: %v", tables)
	}
	n := load.stop()
	handledAll(t, n, liveArchive)
	if code := live.stop(); code != 0 {
		t.Errorf("exit code of live: got %d, want 0", code)
	}
	complete(t, n, liveArchive)
	if got := totalArchived(t, liveArchive); got != n {
		t.Errorf("live archive: got %d events, want %d", got, n)
	}
}

func TestReplay_KilledAndStoppedIsResumedByTwoAndNothingIsMissing(t *testing.T) {
	t.Parallel()
	s := newSite(t, 3)
	from := now()
	const events = 900
	putEvents(t, s.kc, 0, events/2)
	splitFirst(t, s.kc)
	putEvents(t, s.kc, events/2, events)
	time.Sleep(10 * time.Millisecond)
	to := now()
	want := s.arrivedBetween(from, to)
	cfg, archive := writeConfig(t, "stream: "+testStream+"\nlease: {failover: 2s}\ncheckpoint: {interval: 200ms}\n")

	killed := s.replay(cfg, "--from", timeFlag(from), "--to", timeFlag(to), "--handlers", "archive", "--rate", "60")
	id := killed.replayID()
	eventually(t, "some events", func() bool { return totalArchived(t, archive) >= 100 })
	killed.signal(syscall.SIGKILL)
	<-killed.done

	stopped := s.replay(cfg, "--resume", id, "--rate", "60")
	eventually(t, "some more", func() bool { return totalArchived(t, archive) >= 250 })
	if code := stopped.stop(); code != 1 || !strings.Contains(stopped.errText(), "korestream replay --resume "+id) {
		t.Errorf("after SIGTERM: got exit code %d, want 1 and how to go on", code)
	}
	if sum := summaryOf(t, stopped); sum.Complete || sum.Replayed == 0 || sum.Replayed >= events || sum.ID != id {
		t.Errorf("summary after SIGTERM: got %+v, want a part", sum)
	}
	if n := totalArchived(t, archive); n >= events {
		t.Fatalf("%d events were replayed before the last resume: the test shows nothing", n)
	}

	one, two := s.replay(cfg, "--resume", id, "--rate", "60"), s.replay(cfg, "--resume", id, "--rate", "60")
	for _, p := range []*proc{one, two} {
		if code := p.wait(2 * time.Minute); code != 0 || !summaryOf(t, p).Complete {
			t.Errorf("one of two: got exit code %d and %+v, want 0 and all complete", code, summaryOf(t, p))
		}
	}
	got := archived(t, archive)
	repeated := len(got)
	slices.Sort(got)
	got = slices.Compact(got)
	repeated -= len(got)
	if !slices.Equal(got, want) || len(want) != events {
		t.Errorf("replayed in all: got %d different events, want %d", len(got), len(want))
	}
	// The kill repeats what was not checkpointed, a planned stop nothing.
	t.Logf("%d of %d events were repeated", repeated, events)
	if repeated >= 100 {
		t.Errorf("%d events were repeated: nothing was checkpointed before the kill", repeated)
	}
	if tables := s.replayTables(); len(tables) != 0 {
		t.Errorf("lease tables left: %v", tables)
	}
	p := s.replay(cfg, "--resume", id)
	if code := p.wait(time.Minute); code != 2 || !strings.Contains(p.errText(), "it may be complete") {
		t.Errorf("resume of a complete replay: got exit code %d, want 2", code)
	}
}

func TestReplay_FiltersCountsAndBuriesAsLive(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2)
	from := now()
	const events = 370
	putEvents(t, s.kc, 0, events)
	s.putJunk(3)
	time.Sleep(10 * time.Millisecond)
	span := []string{"--from", timeFlag(from), "--to", timeFlag(now())}
	for _, tt := range []struct {
		name string
		args []string
		want replaySummary
		ids  int
	}{
		{"dry run", []string{"--dry-run"}, replaySummary{Replayed: events, DeadLettered: 3, SIMs: sims}, 0},
		{"all", []string{"--handlers", "archive"}, replaySummary{Replayed: events, DeadLettered: 3}, events},
		{"one SIM", []string{"--handlers", "*", "--sim", "HS05"}, replaySummary{Replayed: 10, Skipped: events - 10 + 3}, 10},
		{"a type that is not there", []string{"--handlers", "archive", "--type", "*.sms.*"}, replaySummary{Skipped: events + 3}, 0},
		{"dry run of a type", []string{"--dry-run", "--type", "*.updated"}, replaySummary{Replayed: events, Skipped: 3, SIMs: sims}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg, archive := writeConfig(t, "stream: "+testStream+"\n")
			p := start(t, []string{"AWS_ENDPOINT_URL=" + s.url()}, slices.Concat([]string{"replay", "--config", cfg}, span, tt.args)...)
			if code := p.wait(time.Minute); code != 0 {
				t.Fatalf("exit code: got %d, want 0", code)
			}
			got := summaryOf(t, p)
			if n := got.Types["com.kore.iot.supersim.connection.data-session.updated"]; tt.want.SIMs > 0 && n != events {
				t.Errorf("events of the type: got %d, want %d", n, events)
			}
			if !got.Complete || got.Replayed != tt.want.Replayed || got.Skipped != tt.want.Skipped || got.DeadLettered != tt.want.DeadLettered || got.SIMs != tt.want.SIMs {
				t.Errorf("summary: got %+v, want %+v", got, tt.want)
			}
			if n := totalArchived(t, archive); n != tt.ids {
				t.Errorf("archive: got %d events, want %d", n, tt.ids)
			}
			letters, err := os.ReadFile(filepath.Join(filepath.Dir(archive), "dead-letters.ndjson"))
			if want := tt.want.DeadLettered; tt.ids > 0 && (err != nil || strings.Count(string(letters), "\n") != want) {
				t.Errorf("letters: got %d, %v, want %d", strings.Count(string(letters), "\n"), err, want)
			}
			if tt.ids == 0 && len(letters) > 0 {
				t.Errorf("letters where none was asked for: %s", letters)
			}
		})
	}
}

func TestReplay_RefusesWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	cfg, archive := writeConfig(t, "stream: "+testStream+"\n")
	hour := time.Now().Add(-time.Hour)
	for _, tt := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no beginning", []string{"--handlers", "archive"}, 2, "--from: say where"},
		{"no handlers", []string{"--from", "1h"}, 2, "--handlers: name"},
		{"no time", []string{"--from", "noon", "--dry-run"}, 2, `"noon" is neither`},
		{"backwards", []string{"--from", "1h", "--to", "2h", "--dry-run"}, 2, "is not before --to"},
		{"beginning to come", []string{"--from", "-1h", "--dry-run"}, 2, "is in the future"},
		{"end to come", []string{"--from", "1h", "--to", timeFlag(hour.Add(3 * time.Hour)), "--dry-run"}, 2, "is in the future"},
		{"before the retention", []string{"--from", "30h", "--dry-run"}, 3, "it keeps 24h0m0s, so since 20"},
		{"another handler", []string{"--from", "1h", "--handlers", "archive,crm"}, 2, `no handler "crm" in the configuration: it has archive`},
		{"another shard", []string{"--from", "1h", "--dry-run", "--shard", "7"}, 2, `has a shard "7"`},
		{"no pattern", []string{"--from", "1h", "--dry-run", "--type", "["}, 2, "--type"},
		{"no rate", []string{"--from", "1h", "--dry-run", "--rate", "-1"}, 2, "--rate is negative"},
		{"resume of none", []string{"--resume", "0123abcd"}, 2, "no replay 0123abcd"},
		{"no ID", []string{"--resume", "../korestream"}, 2, "no ID of a replay"},
		{"resume as another", []string{"--resume", "0123abcd", "--sim", "HS01"}, 2, "--sim does not go with --resume"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := s.replay(cfg, tt.args...)
			if code := p.wait(time.Minute); code != tt.code || !strings.Contains(p.errText(), tt.want) {
				t.Errorf("got exit code %d and %q, want %d and %q", code, p.errText(), tt.code, tt.want)
			}
		})
	}
	t.Cleanup(func() {
		if n := totalArchived(t, archive); n != 0 {
			t.Errorf("%d events were handled", n)
		}
	})
}
