package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
)

func TestRun_HTTPGetsEverythingAfterAnOutageOf30s(t *testing.T) {
	t.Parallel()
	var away atomic.Bool
	var mu sync.Mutex // guards times
	times := make(map[string]int)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if away.Load() {
			http.Error(w, "deploying", http.StatusServiceUnavailable)
			return
		}
		events, err := cehttp.NewEventsFromHTTPRequest(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		for _, e := range events {
			times[e.ID()]++
		}
	}))
	defer hook.Close()
	s := newSite(t, 2)
	letters := filepath.Join(t.TempDir(), "letters.ndjson")
	p := start(t, []string{
		"AWS_ENDPOINT_URL=" + s.url(), "KORESTREAM_STREAM=" + testStream, "KORESTREAM_ADMIN_LISTEN=", "KORESTREAM_DEAD_LETTERS_PATH=" + letters,
		"KORESTREAM_RETRY_MAX_ATTEMPTS=3", "KORESTREAM_RETRY_MAX_BACKOFF=1s",
		"KORESTREAM_HANDLERS=[{name: hook, type: http, url: \"" + hook.URL + "\", mode: batched, batch: {max_events: 20}}]",
	}, "run")
	p.logged("shard taken")
	load := s.produce(200)
	time.Sleep(3 * time.Second)
	away.Store(true)
	time.Sleep(30 * time.Second)
	away.Store(false)
	back := time.Now()
	got := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(times)
	}
	time.Sleep(2 * time.Second)
	n := load.stop()
	eventually(t, "every event at the hook", func() bool { return got() >= n })
	took := time.Since(back)
	if code := p.stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	missing, repeated := timesSeen(n, times)
	if len(missing) > 0 {
		t.Errorf("%d events are missing, such as %s", len(missing), missing[0])
	}
	if text, err := os.ReadFile(letters); err != nil || len(text) > 0 {
		t.Errorf("an outage of 30 s buried something: %v\n%.500s", err, text)
	}
	t.Logf("hook away for 30 s under 200 events/s: %d of %d events there, %d twice, none buried, caught up %s after it was back", got(), n, len(repeated), took.Round(100*time.Millisecond))
}
