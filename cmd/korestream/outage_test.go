package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// sinkOutage is a handler whose sink is away for a while.
type sinkOutage struct {
	handler string // its configuration
	env     []string
	away    func(p *proc) // takes half a minute
	seen    func() map[string]int
}

// survive runs korestream under load through the outage, and wants every event in
// the sink and none among the dead letters.
func (o sinkOutage) survive(t *testing.T) {
	t.Helper()
	s := newSite(t, 2)
	letters := filepath.Join(t.TempDir(), "letters.ndjson")
	p := start(t, append([]string{
		"AWS_ENDPOINT_URL=" + s.url(), "KORESTREAM_STREAM=" + testStream, "KORESTREAM_ADMIN_LISTEN=", "KORESTREAM_DEAD_LETTERS_PATH=" + letters,
		"KORESTREAM_RETRY_MAX_ATTEMPTS=3", "KORESTREAM_RETRY_MAX_BACKOFF=1s", "KORESTREAM_HANDLERS=[" + o.handler + "]",
	}, o.env...), "run")
	p.logged("shard taken")
	load := s.produce(200)
	time.Sleep(3 * time.Second)
	o.away(p)
	back := time.Now()
	time.Sleep(2 * time.Second)
	n := load.stop()
	var times map[string]int
	eventually(t, "every event in the sink", func() bool { times = o.seen(); return len(times) >= n })
	took := time.Since(back)
	if code := p.stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	missing, repeated := timesSeen(n, times)
	if len(missing) > 0 {
		t.Errorf("%d events are missing, such as %s", len(missing), missing[0])
	}
	if text, err := os.ReadFile(letters); err != nil || len(text) > 0 {
		t.Errorf("the outage buried something: %v\n%.500s", err, text)
	}
	t.Logf("sink away under 200 events/s: %d of %d events there, %d twice, none buried, caught up %s after it was back", len(times), n, len(repeated), took.Round(100*time.Millisecond))
}

func TestRun_SinksGetEverythingAfterAnOutageOf30s(t *testing.T) {
	t.Parallel()
	together(t, map[string]func(*testing.T){
		"sqs": sqsAway, "s3": s3Away, "exec away, then broken": programAwayThenBroken,
		"exec killed every 3 s": programKilledAgainAndAgain,
	})
}

// together runs scenarios side by side in the one slot of the test that calls it:
// what they do is mostly to wait.
func together(t *testing.T, scenarios map[string]func(*testing.T)) {
	t.Helper()
	var all sync.WaitGroup
	for name, scenario := range scenarios {
		all.Go(func() { t.Run(name, scenario) })
	}
	all.Wait()
}

func sqsAway(t *testing.T) {
	g, client, queue := sqsGate(t)
	times := make(map[string]int)
	sinkOutage{
		handler: "{name: queue, type: sqs, queue_url: \"" + queue + "\", batch: {max_events: 10}}",
		env:     []string{"AWS_ENDPOINT_URL_SQS=" + g.url()},
		away:    func(*proc) { g.awayFor(30 * time.Second) },
		seen: func() map[string]int {
			messageIDs(t, client, queue, times)
			return times
		},
	}.survive(t)
}

func s3Away(t *testing.T) {
	g, backend := s3Gate(t)
	sinkOutage{
		handler: "{name: bucket, type: s3, bucket: " + sinkName + ", batch: {max_events: 50, max_wait: 100ms}}",
		env:     []string{"AWS_ENDPOINT_URL_S3=" + g.url()},
		away:    func(*proc) { g.awayFor(30 * time.Second) },
		seen:    func() map[string]int { return objectIDs(t, backend) },
	}.survive(t)
}

func (g *gate) awayFor(d time.Duration) {
	g.close()
	time.Sleep(d)
	g.open()
}

func programAwayThenBroken(t *testing.T) {
	x := newExecSite(t)
	sinkOutage{
		handler: x.handler(),
		away: func(p *proc) {
			if err := os.Remove(x.program); err != nil {
				t.Fatal(err)
			}
			kill(t, programPID(t, p))
			time.Sleep(15 * time.Second)
			x.install(t, "#!/bin/sh\nread -r line\nexit 1\n")
			time.Sleep(15 * time.Second)
			x.install(t, child)
		},
		seen: func() map[string]int { return x.times(t) },
	}.survive(t)
}

func programKilledAgainAndAgain(t *testing.T) {
	x := newExecSite(t)
	var last *proc
	sinkOutage{
		handler: x.handler(),
		away: func(p *proc) {
			last = p
			killed := 0
			for range 8 {
				eventually(t, "the program to run again", func() bool { return programPID(t, p) != killed })
				killed = programPID(t, p)
				kill(t, killed)
				time.Sleep(3 * time.Second)
			}
		},
		seen: func() map[string]int { return x.times(t) },
	}.survive(t)
	if err := syscall.Kill(-programPID(t, last), 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the program outlives korestream: got %v, want no such process", err)
	}
	next := make(map[string]string) // the latest event of each SIM
	seen := make(map[string]bool)
	for _, id := range x.ids(t) {
		sim, _, _ := strings.Cut(id, "/")
		if !seen[id] && id < next[sim] {
			t.Errorf("%s came after %s, want the order of the stream", id, next[sim])
		}
		seen[id], next[sim] = true, max(next[sim], id)
	}
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Error(err)
	}
}
