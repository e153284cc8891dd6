package main

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"korestream/checkpoint"
)

// laneSIMs is how many SIMs share the one shard, laneRate its full rate: records
// a second that a shard takes, see
// https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
const (
	laneSIMs = 1000
	laneRate = 1000
	badSIM   = "HS007"
)

// steady puts events of laneSIMs SIMs, one SIM after another, at laneRate, and
// keeps when each was put.
type steady struct {
	*producer
	putAt map[string]time.Time
	ids   []string
}

func (s *site) steady() *steady {
	return &steady{
		producer: &producer{s: s, places: make(map[string]place)}, putAt: make(map[string]time.Time),
	}
}

// run puts events for a while and ends with the shard's second.
func (l *steady) run(d time.Duration) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(d); time.Now().Before(end); <-tick.C {
		var ids []string
		for range laneRate / 20 {
			n := len(l.ids) + len(ids)
			ids = append(ids, fmt.Sprintf("HS%03d/%06d", n%laneSIMs, n))
		}
		l.put(ids)
		now := time.Now()
		for _, id := range ids {
			l.putAt[id] = now
		}
		l.ids = append(l.ids, ids...)
	}
}

// good are the events that can be handled.
func (l *steady) good() int {
	return len(l.ids) - len(slices.DeleteFunc(slices.Clone(l.ids), func(id string) bool { return !isBad(id) }))
}

func isBad(id string) bool { return strings.HasPrefix(id, badSIM+"/") }

// slowNode starts a process with the slow handler and returns where it notes what
// it has handled, and its dead letters.
func (s *site) slowNode(name string) (p *proc, file, letters string) {
	dir := s.t.TempDir()
	file, letters = filepath.Join(dir, "handled"), filepath.Join(dir, "letters.ndjson")
	p = start(s.t, []string{
		"AWS_ENDPOINT_URL=" + s.url(), "KORESTREAM_STREAM=" + testStream, "KORESTREAM_WORKER=" + name, "KORESTREAM_ADMIN_LISTEN=",
		"KORESTREAM_DEAD_LETTERS_PATH=" + letters, "KORESTREAM_LEASE_FAILOVER=3s",
		"KORESTREAM_HANDLERS=[{name: slow, type: slow, settings: {takes: 20ms, bad: " + badSIM + ", file: " + file + "}, " +
			"retry: {max_attempts: 5, initial_backoff: 20ms, max_backoff: 100ms}}]",
	}, "run")
	return p, file, letters
}

// inOrder checks the order of each SIM's first handlings.
func inOrder(t *testing.T, hs []handling) {
	t.Helper()
	last, seen := make(map[string]string), make(map[string]bool)
	for _, h := range hs {
		if seen[h.id] {
			continue
		}
		seen[h.id] = true
		sim, _, _ := strings.Cut(h.id, "/")
		if h.id < last[sim] {
			t.Errorf("%s was handled after %s", h.id, last[sim])
		}
		last[sim] = h.id
	}
}

func TestRun_SlowHandlerKeepsUpWithAFullShardAndOneBadSIM(t *testing.T) {
	s := newSite(t, 1)
	p, file, letters := s.slowNode("w")
	p.logged("shard taken")
	load := s.steady()
	load.run(20 * time.Second)
	put := load.good()
	eventually(t, "every good event handled", func() bool { return len(handlings(t, file)) >= put })
	eventually(t, "every bad event buried", func() bool { return len(lettersIn(t, letters)) >= len(load.ids)-put })
	if code := p.stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	hs := handlings(t, file)
	inOrder(t, hs)
	var behind []time.Duration
	for _, h := range hs {
		behind = append(behind, h.at.Sub(load.putAt[h.id]))
	}
	slices.Sort(behind)
	p50, p99, most := behind[len(behind)/2], behind[len(behind)*99/100], behind[len(behind)-1]
	t.Logf("%d events of %d SIMs at %d a second on one shard, 20 ms each, one SIM always fails: %d handled, %d buried; behind: p50 %s, p99 %s, most %s",
		len(load.ids), laneSIMs, laneRate, len(hs), len(lettersIn(t, letters)), p50.Round(time.Millisecond), p99.Round(time.Millisecond), most.Round(time.Millisecond))
	if len(hs) != put {
		t.Errorf("handled: got %d, want %d, each once", len(hs), put)
	}
	if p99 > time.Second {
		t.Errorf("p99 of how far the rest is behind: %s, want under 1s", p99)
	}
}

func TestRun_KilledUnderAFullShardRepeatsOnlyWhatWasNotRecorded(t *testing.T) {
	s := newSite(t, 1)
	one, file1, _ := s.slowNode("w-one")
	one.logged("shard taken")
	load := s.steady()
	done := make(chan struct{})
	go func() {
		defer close(done)
		load.run(10 * time.Second)
	}()
	time.Sleep(4*time.Second + time.Duration(rand.Int64N(int64(2*time.Second)))) // anywhere between two checkpoints
	if err := one.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	one.wait(time.Minute)
	row := s.leases()[0]
	two, file2, _ := s.slowNode("w-two")
	<-done
	put := load.good()
	before := handlings(t, file1)
	all := func() []handling { return append(slices.Clone(before), handlings(t, file2)...) }
	eventually(t, "every good event handled", func() bool {
		ids := make(map[string]bool)
		for _, h := range all() {
			ids[h.id] = true
		}
		return len(ids) >= put
	})
	if code := two.stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	inOrder(t, all())
	recorded := load.recorded(row)
	times := make(map[string]int)
	repeats := 0
	for _, h := range all() {
		if times[h.id]++; times[h.id] < 2 {
			continue
		}
		repeats++
		if recorded[h.id] {
			t.Errorf("%s was handled again though the lease says that it was handled", h.id)
		}
	}
	open := 0 // handled by the first one and not recorded
	for _, h := range before {
		if !recorded[h.id] {
			open++
		}
	}
	t.Logf("kill -9 at %d events a second: %d handled before, %d of them not recorded yet (%d runs above the checkpoint), %d handled again",
		laneRate, len(before), open, len(row.Above.Runs), repeats)
	// What a second brings, and what 64 lanes hold; half as much again for the
	// machine's mood.
	if limit := (laneRate + 64) * 3 / 2; repeats > open || repeats > limit {
		t.Errorf("handled again: %d, want at most %d and at most %d", repeats, open, limit)
	}
}

// recorded are the events that a lease says are handled.
func (l *steady) recorded(row checkpoint.LeaseRow) map[string]bool {
	ids := slices.Clone(l.ids)
	number := func(id string) *big.Int {
		n, _ := new(big.Int).SetString(l.place(id).sequenceNumber, 10)
		return n
	}
	slices.SortFunc(ids, func(a, b string) int { return number(a).Cmp(number(b)) })
	done := make(map[string]bool)
	at := slices.IndexFunc(ids, func(id string) bool {
		return checkpoint.Position{SequenceNumber: l.place(id).sequenceNumber}.Compare(row.Checkpoint) > 0
	})
	for _, id := range ids[:at] {
		done[id] = true
	}
	for i, n := range row.Above.Runs {
		for _, id := range ids[at : at+n] {
			done[id] = i%2 == 1
		}
		at += n
	}
	return done
}
