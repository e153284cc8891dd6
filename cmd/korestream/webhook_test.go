package main

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"korestream/localstack/embed"
)

// receiver starts a process that takes webhooks and waits until it does.
func (s *site) receiver(address, secrets, more string) *proc {
	s.t.Helper()
	cfg, _ := writeConfig(s.t, "stream: "+testStream+"\nwebhook: {listen: \""+address+"\", url: \""+hookURL+"\", secret_file: "+secrets+"}\n"+more)
	p := start(s.t, []string{"AWS_ENDPOINT_URL=" + s.url()}, "webhook", "--config", cfg)
	p.logged("webhook listens")
	return p
}

// asked is what the admin server of a process answers.
func asked(t *testing.T, p *proc, path string) string {
	t.Helper()
	addr, _ := p.logged("admin server listens")["address"].(string)
	_, text := get(t, "http://"+addr+path)
	return text
}

// secretFile writes one.
func secretFile(t *testing.T, secrets string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secrets")
	if err := os.WriteFile(path, []byte(secrets), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestWebhook_WhatGotA2xxIsHandledOnceThroughKillsAndThrottling is short by default.
// TEST_WEBHOOK_RATE (events a second), TEST_WEBHOOK_SECONDS and TEST_WEBHOOK_THROTTLE
// (seconds) make it longer.
func TestWebhook_WhatGotA2xxIsHandledOnceThroughKillsAndThrottling(t *testing.T) {
	t.Parallel()
	rate, seconds := envNumber(t, "TEST_WEBHOOK_RATE", 300), envNumber(t, "TEST_WEBHOOK_SECONDS", 10)
	throttled := time.Duration(envNumber(t, "TEST_WEBHOOK_THROTTLE", 2)) * time.Second
	whole := time.Duration(seconds) * time.Second
	s := newSite(t, int32(2+rate/300)) // what Kinesis takes, with room for what is sent again
	shared := "dedupe: {store: dynamodb, claim_timeout: 6s}\nlease: {failover: 4s}\n"
	// Few lanes: one process stands for Kinesis and DynamoDB here, and at the default
	// hundreds of the consumer's claims would always stand before a webhook's.
	consumer, archive := s.node("w-one", shared+"lanes: {concurrency: 4}\n")
	address, secrets := freeAddress(t), secretFile(t, "next\n"+hookSecret+"\n")
	hook := s.receiver(address, secrets, shared)

	k := newKore(address, rate)
	ctx, cancel := context.WithTimeout(t.Context(), whole)
	defer cancel()
	sent := make(chan int, 1)
	go func() { sent <- k.run(ctx) }()
	for range 2 {
		time.Sleep(whole / 5)
		if err := hook.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		hook.wait(time.Minute)
		hook = s.receiver(address, secrets, shared)
	}
	time.Sleep(whole / 5)
	from := time.Now()
	fault := s.ep.Faults().Add(embed.Fault{Service: embed.Kinesis, Operation: "PutRecords", Kind: embed.Throttle})
	time.Sleep(throttled)
	fault.Remove()
	window := span{from, time.Now()}

	n := <-sent
	t.Logf("sent all; %d of %d are with the handlers", len(archived(t, archive)), n)
	if code := hook.stop(); code != 0 {
		t.Errorf("webhook: exit code %d, want 0", code)
	}
	p50, p99, longest, statuses := k.quantiles(window)
	t.Logf("answers by status %v; outside of the throttled window p50 %s, p99 %s; longest of all %s",
		statuses, p50.Round(time.Millisecond), p99.Round(time.Millisecond), longest.Round(time.Millisecond))
	missing := k.awaitHandled(t, archive)
	if code := consumer.stop(); code != 0 {
		t.Errorf("run: exit code %d, want 0", code)
	}
	seen := make(map[string]int)
	for _, id := range archived(t, archive) {
		seen[id]++
	}
	twice := 0
	for _, times := range seen {
		if times > 1 {
			twice++
		}
	}
	t.Logf("%d events at %d/s, 2 kills -9, %s throttled: %d got a 2xx, %d of them missing, %d handled twice; requests given up by KORE: %d",
		n, rate, throttled, len(k.stored), missing, twice, k.lost)
	if missing > 0 || twice > 0 {
		t.Errorf("%d missing, %d handled twice, want none", missing, twice)
	}
	if len(k.stored) < n*9/10 || statuses[http.StatusServiceUnavailable] == 0 && throttled > 5*time.Second {
		t.Errorf("%d of %d events got a 2xx, answers %v: want nearly all of them, and the throttling to be felt", len(k.stored), n, statuses)
	}
	if p99 > time.Second && seconds >= 60 {
		t.Errorf("p99 outside of the throttled window: got %s, want 1s at most", p99)
	}
	if longest >= 5*time.Second {
		t.Errorf("the longest answer took %s, want less than KORE waits", longest)
	}
}

// awaitHandled waits until every event that got a 2xx is archived, as long as the
// archive grows, and returns how many are not.
func (k *kore) awaitHandled(t *testing.T, archive string) (missing int) {
	t.Helper()
	const patience = 30 * time.Second
	for lines, moved := 0, time.Now(); ; {
		begun := time.Now()
		ids := archived(t, archive)
		seen := make(map[string]bool, len(ids))
		for _, id := range ids {
			seen[id] = true
		}
		missing = 0
		for id := range k.stored {
			if !seen[id] {
				missing++
			}
		}
		if len(ids) > lines {
			lines, moved = len(ids), time.Now()
		}
		if missing == 0 || time.Since(moved) > patience {
			return missing
		}
		time.Sleep(max(time.Second, 10*time.Since(begun))) // a large archive takes time to read
	}
}

func TestWebhook_BesideAConsumerInOneProcess(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2)
	address, secrets := freeAddress(t), secretFile(t, "old")
	p, archive := s.node("w-one", "webhook: {listen: \""+address+"\", url: \""+hookURL+"\", secret_file: "+secrets+"}\n")
	p.logged("webhook listens")
	k := newKore(address, 100)
	body := []byte("[" + hookEvent(1) + "," + hookEvent(2) + "]")
	if k.try(body, "t") {
		t.Error("a 2xx for another secret")
	}
	if err := os.WriteFile(secrets, []byte("old\n"+hookSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the new secret", func() bool { return k.try(body, "t") })
	eventually(t, "both events", func() bool { return len(archived(t, archive)) == 2 })
	metrics := asked(t, p, "/metrics")
	for _, want := range []string{
		`korestream_webhook_requests_total{outcome="accepted"} 1`, `korestream_webhook_events_total{kind="put"} 2`,
		`korestream_webhook_requests_total{outcome="bad_signature"}`, "korestream_webhook_answer_seconds_count",
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("metrics lack %s:\n%s", want, metrics)
		}
	}
	for _, probe := range []string{"/livez", "/readyz"} {
		if got := asked(t, p, probe); !strings.HasPrefix(got, "ok") {
			t.Errorf("%s: got %s, want ok", probe, got)
		}
	}
	if code := p.stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	for _, line := range p.lines() {
		if strings.Contains(line, hookSecret) {
			t.Errorf("the log has the secret: %s", line)
		}
	}
}

func TestWebhook_DrainsWhatIsInFlightOnSIGTERM(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	address := freeAddress(t)
	p := s.receiver(address, secretFile(t, hookSecret), "")
	if got := asked(t, p, "/readyz"); !strings.HasPrefix(got, "ok") {
		t.Errorf("/readyz: got %s, want ok", got)
	}
	slow := s.ep.Faults().Add(embed.Fault{Operation: "PutRecords", Kind: embed.Slow, Delay: time.Second})
	defer slow.Remove()
	k := newKore(address, 100)
	answered := make(chan bool, 1)
	go func() { answered <- k.try([]byte(hookEvent(1)), "t") }()
	eventually(t, "the request", func() bool {
		return strings.Contains(asked(t, p, "/metrics"), "korestream_webhook_in_flight_requests 1")
	})
	p.signal(syscall.SIGTERM)
	if !<-answered {
		t.Error("the request that was in flight got no 2xx")
	}
	if code := p.wait(time.Minute); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
}

func TestWebhook_ConfigurationMistakesEndItWith78(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"no address": {},
		"no URL":     {"--set", "webhook.listen=127.0.0.1:0"},
		"no secret":  {"--set", "webhook.listen=127.0.0.1:0", "--set", "webhook.url=" + hookURL},
		"no file":    {"--set", "webhook.listen=127.0.0.1:0", "--set", "webhook.url=" + hookURL, "--set", "webhook.secret_file=nowhere"},
	} {
		p := start(t, nil, append([]string{"webhook", "--stream", testStream}, args...)...)
		if code := p.wait(time.Minute); code != 78 || p.errText() == "" {
			t.Errorf("%s: got %d, %s, want 78 and a reason", name, code, p.errText())
		}
	}
}
