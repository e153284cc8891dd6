package main

import (
	"errors"
	"io"
	"math/big"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"korestream/localstack/engines"
)

func newHTTPClient() *http.Client { return &http.Client{Transport: &http.Transport{}} }

// half is the middle between 0 and a hash key.
func half(t *testing.T, key string) string {
	t.Helper()
	n, ok := new(big.Int).SetString(key, 10)
	if !ok {
		t.Fatalf("%q is no hash key", key)
	}
	return n.Rsh(n, 1).String()
}

// emulate starts an endpoint as a process of its own and returns its URL.
func emulate(t *testing.T) string {
	t.Helper()
	p := start(t, nil, "emulate", "--listen", "127.0.0.1:0")
	url, ok := p.logged("emulating AWS")["endpoint_url"].(string)
	if !ok {
		t.Fatal("emulate logged no endpoint_url")
	}
	return url
}

func TestRun_TwoProcessesHandleEveryEventOnce(t *testing.T) {
	t.Parallel()
	url := emulate(t)
	kc := testKinesis(url)
	createStream(t, kc, 4)
	const events = 3000
	env := []string{"AWS_ENDPOINT_URL=" + url}
	cfg1, archive1 := writeConfig(t, "stream: "+testStream+"\nlease: {failover: 4s}\n")
	cfg2, archive2 := writeConfig(t, "stream: "+testStream+"\nlease: {failover: 4s}\n")
	one := start(t, env, "run", "--config", cfg1)
	putEvents(t, kc, 0, events/3)
	two := start(t, env, "run", "--config", cfg2)
	putEvents(t, kc, events/3, events*2/3)
	two.logged("shard taken") // the shards are shared before the rest comes
	putEvents(t, kc, events*2/3, events)
	eventually(t, "all events", func() bool { return totalArchived(t, archive1, archive2) >= events })
	if one.stop() != 0 || two.stop() != 0 {
		t.Errorf("exit codes after SIGTERM: got %d and %d, want 0", one.exit, two.exit)
	}
	complete(t, events, archive1, archive2)
	if len(archived(t, archive2)) == 0 {
		t.Error("the second process handled nothing")
	}
}

func TestRun_StopsAndGoesOnWithoutLossOrRepeat(t *testing.T) {
	t.Parallel()
	url := emulate(t)
	kc := testKinesis(url)
	createStream(t, kc, 2)
	const events = 1500
	cfg, archive := writeConfig(t, "stream: "+testStream+"\n")
	for round := range 3 {
		p := start(t, []string{"AWS_ENDPOINT_URL=" + url}, "run", "--config", cfg)
		p.logged("shard taken")
		putEvents(t, kc, round*events/3, (round+1)*events/3)
		if code := p.stop(); code != 0 { // in the middle of it
			t.Fatalf("exit code: got %d, want 0", code)
		}
	}
	p := start(t, []string{"AWS_ENDPOINT_URL=" + url}, "run", "--config", cfg)
	eventually(t, "all events", func() bool { return totalArchived(t, archive) >= events })
	if code := p.stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	complete(t, events, archive)
}

func TestRun_OnEnginesThatWeDidNotWrite(t *testing.T) {
	t.Parallel()
	kinesisLocal, err := engines.StartKinesis(t.Context())
	if errors.Is(err, engines.ErrNoNode) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = kinesisLocal.Stop() })
	dynalite, err := engines.StartDynamoDB(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dynalite.Stop() })

	kc := testKinesis(kinesisLocal.URL)
	createStream(t, kc, 4)
	const events = 3000
	cfg, archive := writeConfig(t, "stream: "+testStream+"\n")
	p := start(t, []string{"AWS_ENDPOINT_URL_KINESIS=" + kinesisLocal.URL, "AWS_ENDPOINT_URL_DYNAMODB=" + dynalite.URL}, "run", "--config", cfg)
	p.logged("shard taken")
	putEvents(t, kc, 0, events/2)
	splitFirst(t, kc)
	putEvents(t, kc, events/2, events)
	eventually(t, "all events", func() bool { return totalArchived(t, archive) >= events })
	if code := p.stop(); code != 0 {
		t.Errorf("exit code after SIGTERM: got %d, want 0", code)
	}
	complete(t, events, archive)
}

func TestRun_SecondSignalStopsAtOnce(t *testing.T) {
	t.Parallel()
	url := emulate(t)
	kc := testKinesis(url)
	createStream(t, kc, 1)
	// A pipe that nobody reads: the handler cannot finish, so the drain waits.
	pipe, _ := fifo(t)
	p := start(t, []string{
		"AWS_ENDPOINT_URL=" + url, "KORESTREAM_STREAM=" + testStream, "KORESTREAM_DRAIN_TIMEOUT=2m", "KORESTREAM_ADMIN_LISTEN=127.0.0.1:0",
		"KORESTREAM_RETRY_TIMEOUT=0s", "KORESTREAM_HANDLERS=[{name: pipe, type: ndjson, sync: never, path: " + pipe + "}]",
	}, "run")
	p.logged("shard taken")
	putEvents(t, kc, 0, 5000)
	eventually(t, "the handler to be blocked", func() bool { return blocked(t, p) })
	p.signal(syscall.SIGTERM)
	p.logged("draining")
	time.Sleep(500 * time.Millisecond)
	select {
	case <-p.done:
		t.Fatal("the drain ended though its handler is blocked")
	default:
	}
	p.signal(syscall.SIGTERM)
	if code := p.wait(10 * time.Second); code != 4 {
		t.Errorf("exit code: got %d, want 4", code)
	}
}

// blocked tells whether events are in their handler for more than a second.
func blocked(t *testing.T, p *proc) bool {
	t.Helper()
	addr, _ := p.logged("admin server listens")["address"].(string)
	_, body := get(t, "http://"+addr+"/metrics")
	m := regexp.MustCompile(`korestream_shard_slowest_event_seconds\{[^}]*\} ([0-9.]+)`).FindStringSubmatch(body)
	if m == nil {
		return false
	}
	seconds, err := strconv.ParseFloat(m[1], 64)
	return err == nil && seconds > 1
}

func TestRun_ServesProbesAndMetrics(t *testing.T) {
	t.Parallel()
	url := emulate(t)
	kc := testKinesis(url)
	createStream(t, kc, 1)
	putEvents(t, kc, 0, 10)
	cfg, archive := writeConfig(t, "stream: "+testStream+"\n")
	p := start(t, []string{"AWS_ENDPOINT_URL=" + url}, "run", "--config", cfg)
	addr, ok := p.logged("admin server listens")["address"].(string)
	if !ok {
		t.Fatal("no address logged")
	}
	eventually(t, "all events", func() bool { return totalArchived(t, archive) == 10 })
	eventually(t, "the events to be counted", func() bool { // which is after they can be seen in the archive
		_, body := get(t, "http://"+addr+"/metrics")
		return strings.Contains(body, `korestream_events_total{outcome="handled"} 10`)
	})
	for path, want := range map[string]string{
		"/livez": "ok\n", "/readyz": "ok\n", "/startupz": "ok\n", "/metrics": `korestream_handler_seconds_count{handler="archive"} 10`,
	} {
		status, body := get(t, "http://"+addr+path)
		if status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: got %d %.300q, want 200 with %q", path, status, body, want)
		}
	}
	if code := p.stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := newHTTPClient().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestEmulate_MakesAStreamAndFillsIt(t *testing.T) {
	t.Parallel()
	p := start(t, nil, "emulate", "--listen", "127.0.0.1:0", "--stream", testStream, "--shards", "2", "--rate", "200")
	url, _ := p.logged("emulating AWS")["endpoint_url"].(string)
	p.logged("stream created")
	cfg, archive := writeConfig(t, "stream: "+testStream+"\nstartup: {shards: {min: 2, max: 2}}\n")
	run := start(t, []string{"AWS_ENDPOINT_URL=" + url}, "run", "--config", cfg)
	eventually(t, "a hundred events", func() bool { return totalArchived(t, archive) >= 100 })
	if run.stop() != 0 || p.stop() != 0 {
		t.Errorf("exit codes after SIGTERM: got %d and %d, want 0", run.exit, p.exit)
	}
	wrong := start(t, nil, "emulate", "--listen", "127.0.0.1:0", "--rate", "5")
	if code := wrong.wait(10 * time.Second); code != 2 {
		t.Errorf("a rate without a stream: got exit code %d, want 2", code)
	}
}
