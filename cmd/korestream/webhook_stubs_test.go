package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"korestream/webhook"
)

const (
	hookSecret = "f4d430d03cff6f03e1"
	// hookURL is what is signed; the driver calls the process itself.
	hookURL = "https://hooks.example.com/kore"
	// hookSIMs is how many SIMs the driver has, so that shards get alike.
	hookSIMs = 500
)

// envNumber is a test's parameter.
func envNumber(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%s: want a number of 1 or more", name, text)
	}
	return n
}

// kore sends webhooks as KORE does: batches of 50, 5 s for an answer, three more
// tries after growing pauses, the token of a request the same in each, and now and
// then a request or an event twice.
type kore struct {
	url    string
	client *http.Client
	rate   int // events a second

	mu sync.Mutex // guards the fields below
	// stored are the events of requests that got a 2xx, lost how many requests were
	// given up.
	stored  map[string]bool
	lost    int
	answers []hookAnswer
	flights sync.WaitGroup
}

// hookAnswer is one answer of the process, whatever its status.
type hookAnswer struct {
	begun  time.Time
	took   time.Duration
	status int
}

func newKore(address string, rate int) *kore {
	return &kore{
		url: "http://" + address + "/kore", rate: rate, stored: make(map[string]bool),
		client: &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
	}
}

func hookEventID(n int) string { return fmt.Sprintf("EZ%08d", n) }

func hookEvent(n int) string {
	id, sim := hookEventID(n), fmt.Sprintf("HS%04d", n%hookSIMs)
	return fmt.Sprintf(`{"data":{"apn":"super","imsi":"732123206640719","network":{"mcc":"310","mnc":"170","friendly_name":"AT&T"},"sim_sid":%q,"event_sid":%q,"rat_type":"4G LTE","data_total":%d,"location":{"lat":26.2721,"lon":-81.8090}},"id":%q,"time":"2026-01-02T03:04:05.1234567+00:00","type":"com.kore.iot.supersim.connection.data-session.updated","source":"kore-events","specversion":"1.0","datacontenttype":"application/json"}`, sim, id, n, id)
}

// run sends at the rate until ctx ends, waits for what is under way, and returns how
// many different events were sent.
func (k *kore) run(ctx context.Context) (sent int) {
	const size = 50
	interval := time.Second * size / time.Duration(k.rate)
	for begun := time.Now(); ; {
		// By the clock, so that what is late is sent nevertheless.
		select {
		case <-time.After(time.Until(begun.Add(interval * time.Duration(sent/size)))):
		case <-ctx.Done():
			k.flights.Wait()
			return sent
		}
		var ids []int
		for range size {
			ids = append(ids, sent)
			sent++
		}
		if sent > 10*size && rand.N(10) == 0 { // an event of an earlier request
			ids = append(ids, rand.N(sent-size))
		}
		token := uuid.NewString()
		k.flights.Go(func() { k.deliver(ids, token) })
		if rand.N(20) == 0 { // the request a second time, at once
			k.flights.Go(func() { k.deliver(ids, token) })
		}
	}
}

// deliver sends one request until it gets a 2xx or KORE would give up.
func (k *kore) deliver(ids []int, token string) {
	list := make([]string, len(ids))
	for i, n := range ids {
		list[i] = hookEvent(n)
	}
	body := []byte("[" + strings.Join(list, ",") + "]")
	for pause := time.Second; ; pause *= 2 {
		if k.try(body, token) {
			k.mu.Lock()
			defer k.mu.Unlock()
			for _, n := range ids {
				k.stored[hookEventID(n)] = true
			}
			return
		}
		if pause > 4*time.Second {
			break
		}
		time.Sleep(pause)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.lost++
}

func (k *kore) try(body []byte, token string) bool {
	req, err := http.NewRequest(http.MethodPost, k.url, bytes.NewReader(body))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "KoreProxy/1.1")
	req.Header.Set(webhook.HeaderToken, token)
	req.Header.Set(webhook.HeaderSignature, webhook.Sign(hookSecret, http.MethodPost, hookURL, body))
	begun := time.Now()
	resp, err := k.client.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body) // the status is what counts
	k.mu.Lock()
	defer k.mu.Unlock()
	k.answers = append(k.answers, hookAnswer{begun, time.Since(begun), resp.StatusCode})
	return resp.StatusCode/100 == 2
}

// span is a time in which something was made to fail.
type span struct{ from, to time.Time }

// quantiles are the p50 and p99 of the answers outside of the window, the longest of
// all answers, and how many there were of each status.
func (k *kore) quantiles(window span) (p50, p99, longest time.Duration, statuses map[int]int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	statuses = make(map[int]int)
	var took []time.Duration
	for _, a := range k.answers {
		statuses[a.status]++
		longest = max(longest, a.took)
		if a.begun.Add(a.took).Before(window.from) || a.begun.After(window.to) {
			took = append(took, a.took)
		}
	}
	if len(took) == 0 {
		return 0, 0, longest, statuses
	}
	slices.Sort(took)
	return took[len(took)/2], took[len(took)*99/100], longest, statuses
}
