package main

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"korestream/checkpoint"
	"korestream/localstack/embed"
)

func TestRun_KilledProcessLosesNothingAndIsReplacedInTime(t *testing.T) {
	t.Parallel()
	const shards, failover = 16, 10 * time.Second // the default
	s := newSite(t, shards)
	load := s.produce(200)
	one, archive1 := s.node("w-one", "")
	two, archive2 := s.node("w-two", "")
	three, archive3 := s.node("w-three", "")
	eventually(t, "an even share", func() bool {
		n := s.owned()
		return n["w-one"] >= 5 && n["w-two"] >= 5 && n["w-three"] >= 5
	})
	time.Sleep(3 * time.Second)

	if err := two.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	killed := time.Now()
	two.wait(time.Minute)
	open := make(map[string]checkpoint.Position) // of the dead one's shards
	for _, l := range s.leases() {
		if l.Owner == "w-two" {
			open[l.Shard] = l.Checkpoint
		}
	}
	excused := make(map[string]bool)
	for _, id := range archived(t, archive2) {
		at := load.place(id)
		if cp, ok := open[at.shard]; ok && (checkpoint.Position{SequenceNumber: at.sequenceNumber}).Compare(cp) > 0 {
			excused[id] = true
		}
	}
	eventually(t, "the survivors to own everything", func() bool { return s.ownedBy(shards, "w-one", "w-three") })
	took := time.Since(killed)
	time.Sleep(2 * time.Second)
	n := load.stop()
	handledAll(t, n, archive1, archive2, archive3)
	if one.stop() != 0 || three.stop() != 0 {
		t.Errorf("exit codes: got %d and %d, want 0", one.exit, three.exit)
	}
	missing, repeated := reckon(t, n, archive1, archive2, archive3)
	t.Logf("kill -9 of one of 3 processes, %d shards, %d events: %d missing, %d repeated of %d that were handled and not checkpointed; all shards owned again after %s",
		shards, n, len(missing), len(repeated), len(excused), took.Round(10*time.Millisecond))
	if len(missing) > 0 {
		t.Errorf("missing: %v", missing)
	}
	for _, id := range repeated {
		if !excused[id] {
			t.Errorf("%s was handled twice though it was checkpointed or another's", id)
		}
	}
	// The guarantee is failover + 2 s, proven in virtual time; machines that run
	// tests may be slow beside it.
	if took > failover+10*time.Second {
		t.Errorf("all shards were owned again after %s", took)
	}
}

func TestRun_RollingRestartUnderLoadHandlesNothingTwice(t *testing.T) {
	t.Parallel()
	const shards = 16
	s := newSite(t, shards)
	load := s.produce(200)
	var nodes []*proc
	var archives []string
	add := func() *proc {
		p, archive := s.node(fmt.Sprint("w-", len(archives)), "")
		nodes, archives = append(nodes, p), append(archives, archive)
		return p
	}
	for range 3 {
		add()
	}
	eventually(t, "an even share", func() bool { n := s.owned(); return n["w-0"] >= 5 && n["w-1"] >= 5 && n["w-2"] >= 5 })
	for i := range 3 {
		if code := nodes[i].stop(); code != 0 {
			t.Errorf("w-%d: got exit code %d, want 0", i, code)
		}
		add().logged("shard taken")
	}
	eventually(t, "an even share after the deploy", func() bool { n := s.owned(); return n["w-3"] >= 5 && n["w-4"] >= 5 && n["w-5"] >= 5 })
	n := load.stop()
	handledAll(t, n, archives...)
	for i, p := range nodes[3:] {
		if code := p.stop(); code != 0 {
			t.Errorf("w-%d: got exit code %d, want 0", i+3, code)
		}
	}
	missing, repeated := reckon(t, n, archives...)
	t.Logf("rolling restart of 3 processes, %d shards, %d events: %d missing, %d repeated", shards, n, len(missing), len(repeated))
	complete(t, n, archives...)
}

func TestRun_StormsOfSIGTERMLoseAndRepeatNothing(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	s := newSite(t, 4)
	load := s.produce(100)
	var archives []string
	var running []*proc
	stop := func() {
		p := running[0]
		running = running[1:]
		code := p.stop()
		// One that is told before its main has begun ends by the signal itself.
		if unborn := code == -1 && len(p.lines()) == 0; code != 0 && !unborn {
			t.Errorf("got exit code %d, want 0", code)
		}
	}
	for round := range 12 {
		p, archive := s.node(fmt.Sprint("w-", round), "lease: {failover: 4s}\n")
		running, archives = append(running, p), append(archives, archive)
		if rng.IntN(3) == 0 { // as it begins, or before
			time.Sleep(time.Duration(rng.IntN(100)) * time.Millisecond)
		} else {
			time.Sleep(time.Duration(rng.IntN(2500)) * time.Millisecond)
		}
		for len(running) > 2 || len(running) > 0 && rng.IntN(3) == 0 {
			stop()
		}
	}
	last, archive := s.node("w-last", "lease: {failover: 4s}\n")
	archives = append(archives, archive)
	for len(running) > 0 {
		stop()
	}
	n := load.stop()
	handledAll(t, n, archives...)
	if code := last.stop(); code != 0 {
		t.Errorf("got exit code %d, want 0", code)
	}
	missing, repeated := reckon(t, n, archives...)
	t.Logf("12 processes stopped at random, %d events: %d missing, %d repeated", n, len(missing), len(repeated))
	complete(t, n, archives...)
}

func TestRun_PausedProcessComesBackHarmlessly(t *testing.T) {
	t.Parallel()
	s := newSite(t, 4)
	load := s.produce(100)
	const failover = "lease: {failover: 4s}\n"
	one, archive1 := s.node("w-one", failover)
	two, archive2 := s.node("w-two", failover)
	eventually(t, "two shards each", func() bool { n := s.owned(); return n["w-one"] == 2 && n["w-two"] == 2 })
	t.Cleanup(func() { _ = two.cmd.Process.Signal(syscall.SIGCONT) }) // it must be able to end
	highest := make(map[string]checkpoint.Position)
	watch := func() {
		for _, l := range s.leases() {
			if l.Checkpoint.Compare(highest[l.Shard]) < 0 {
				t.Errorf("checkpoint of %s moved back from %s to %s", l.Shard, highest[l.Shard], l.Checkpoint)
			}
			highest[l.Shard] = l.Checkpoint
		}
	}
	two.signal(syscall.SIGSTOP)
	eventually(t, "the other to take everything", func() bool { watch(); return s.owned()["w-one"] == 4 })
	time.Sleep(2 * time.Second)
	two.signal(syscall.SIGCONT)
	eventually(t, "two shards each again", func() bool { watch(); n := s.owned(); return n["w-one"] == 2 && n["w-two"] == 2 })
	n := load.stop()
	handledAll(t, n, archive1, archive2)
	if one.stop() != 0 || two.stop() != 0 {
		t.Errorf("exit codes: got %d and %d, want 0", one.exit, two.exit)
	}
	watch()
	missing, repeated := reckon(t, n, archive1, archive2)
	t.Logf("SIGSTOP beyond the lease, SIGCONT: %d events, %d missing, %d repeated", n, len(missing), len(repeated))
	if len(missing) > 0 {
		t.Errorf("missing: %v", missing)
	}
}

const gaveUp = "no heartbeat written in time: giving all leases up"

func TestRun_OutlivesAThrottledTable(t *testing.T) {
	t.Parallel()
	s := newSite(t, 4)
	load := s.produce(100)
	// Leases outlive 6.4 s without a heartbeat, so a machine that is slow for seconds
	// does not decide.
	p, archive := s.node("w-one", "lease: {failover: 8s}\n")
	eventually(t, "all shards", func() bool { return s.owned()["w-one"] == 4 })
	throttle := func(d time.Duration) {
		f := s.ep.Faults().Add(embed.Fault{Service: embed.DynamoDB, Kind: embed.Throttle})
		time.Sleep(d)
		f.Remove()
	}
	throttle(2 * time.Second)
	time.Sleep(3 * time.Second)
	if lineLogged(p, gaveUp) {
		t.Error("leases were given up in a throttle of a quarter of the failover time")
	}
	throttle(12 * time.Second)
	eventually(t, "the leases to be given up in a throttle of more than the failover time", func() bool { return lineLogged(p, gaveUp) })
	eventually(t, "all shards again", func() bool { return s.owned()["w-one"] == 4 })
	n := load.stop()
	handledAll(t, n, archive)
	if code := p.stop(); code != 0 {
		t.Errorf("got exit code %d, want 0", code)
	}
	missing, repeated := reckon(t, n, archive)
	t.Logf("table throttled for longer than the failover time: %d events, %d missing, %d repeated", n, len(missing), len(repeated))
	if len(missing) > 0 {
		t.Errorf("missing: %v", missing)
	}
}

func TestRun_OutlivesARestartedEndpoint(t *testing.T) {
	t.Parallel()
	s := newSite(t, 4)
	load := s.produce(100)
	p, archive := s.node("w-one", "")
	eventually(t, "all shards", func() bool { return s.owned()["w-one"] == 4 })
	s.close()
	time.Sleep(4 * time.Second)
	s.open()
	time.Sleep(3 * time.Second)
	n := load.stop()
	handledAll(t, n, archive)
	if code := p.stop(); code != 0 {
		t.Errorf("got exit code %d, want 0", code)
	}
	missing, repeated := reckon(t, n, archive)
	t.Logf("endpoint away for 4 s: %d events, %d missing, %d repeated", n, len(missing), len(repeated))
	complete(t, n, archive)
}

func TestRun_64ShardsAreTakenAndSharedInTime(t *testing.T) {
	const shards = 64 // not in parallel: its figure is for an idle machine
	s := newSite(t, shards)
	begun := time.Now()
	one, _ := s.node("w-one", "")
	eventually(t, "64 shards", func() bool { return s.owned()["w-one"] == shards })
	taken := time.Since(begun)
	begun = time.Now()
	two, _ := s.node("w-two", "")
	eventually(t, "32 shards each", func() bool { n := s.owned(); return n["w-one"] == shards/2 && n["w-two"] == shards/2 })
	shared := time.Since(begun)
	t.Logf("64 shards taken by one process %s after its start, shared %s after a second one's", taken.Round(10*time.Millisecond), shared.Round(10*time.Millisecond))
	if most := 25 * time.Second; taken > most || shared > most { // 10 s, in virtual time
		t.Errorf("taken after %s, shared after %s, want 10 s on an idle machine", taken, shared)
	}
	if one.stop() != 0 || two.stop() != 0 {
		t.Errorf("exit codes: got %d and %d, want 0", one.exit, two.exit)
	}
}
