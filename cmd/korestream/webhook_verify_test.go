package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"korestream/webhook"
)

// hookTest is what the portal's button sends: one test event, alone in its list, with
// an ID of its own each time.
const hookTest = `[{"data":{"test_id":"88bf54a9-f2fb-40b6-8faf-e6c5a3c348d2"},"id":%q,"time":"2024-09-25T19:09:48.5842087+00:00","type":"com.kore.eventstreams.test.event","source":"kore-events","dataschema":"/schemas/test/1","specversion":"1.0","datacontenttype":"application/json"}]`

// pressed sends a test event as the button does, signed with the secret, and returns
// the event's ID and the status.
func pressed(t *testing.T, address, secret string) (id string, status int) {
	t.Helper()
	id = uuid.NewString()
	body := fmt.Appendf(nil, hookTest, id)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/kore", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set(webhook.HeaderToken, uuid.NewString())
	req.Header.Set(webhook.HeaderSignature, webhook.Sign(secret, http.MethodPost, hookURL, body))
	for tries := 4; ; tries-- { // as KORE: a server hangs up on whoever is slow to say what it wants
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			resp.Body.Close()
			return id, resp.StatusCode
		}
		if tries == 1 {
			t.Fatal(err)
		}
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
}

func TestWebhook_TheTestOfThePortalIsAnsweredLoggedAndFollowedByVerify(t *testing.T) {
	t.Parallel()
	url := emulate(t)
	createStream(t, testKinesis(url), 2)
	env := []string{"AWS_ENDPOINT_URL=" + url, "KORESTREAM_STREAM=" + testStream}
	address := freeAddress(t)
	config, archive := writeConfig(t, "")
	run := start(t, env, "run", "--config", config)
	run.logged("shard taken")
	hookConfig, _ := writeConfig(t, "webhook: {listen: \""+address+"\", url: \""+hookURL+"\", secret_file: "+secretFile(t, hookSecret)+"}\n")
	hook := start(t, env, "webhook", "--config", hookConfig)
	hook.logged("webhook listens")

	if _, status := pressed(t, address, "not the secret"); status/100 == 2 {
		t.Errorf("a test with a wrong signature got %d, want it refused", status)
	}
	verify := start(t, env, "verify", "--config", config, "--wait-for-kore")
	eventually(t, "the wait for KORE", func() bool { return strings.Contains(verify.errText(), "press Test Event") })
	var sent []string
	again := time.NewTicker(500 * time.Millisecond) // it may not read yet: the button can be pressed again
	defer again.Stop()
	eventually(t, "verify to end", func() bool {
		select {
		case <-verify.done:
			return true
		case <-again.C:
		}
		id, status := pressed(t, address, hookSecret)
		if status/100 != 2 {
			t.Errorf("the test got %d, want a 2xx", status)
		}
		sent = append(sent, id)
		return false
	})
	if verify.exit != 0 {
		t.Errorf("verify: got exit code %d, want 0", verify.exit)
	}
	table := strings.Join(verify.lines(), "\n")
	for hop := range strings.FieldsSeq(allHops) {
		if !regexp.MustCompile(`(?m)^ok +` + hop + ` `).MatchString(table) {
			t.Errorf("verify does not name the hop %s:\n%s", hop, table)
		}
	}
	followed := regexp.MustCompile(`(?m)^ok +decoded .* (\S+)$`).FindStringSubmatch(table)
	if followed == nil || !slices.Contains(sent, followed[1]) {
		t.Fatalf("verify has followed %v, want one of %v:\n%s", followed, sent, table)
	}
	var logged []string
	for _, l := range hook.lines() {
		var line struct {
			Message string
			EventID string `json:"event_id"`
		}
		if json.Unmarshal([]byte(l), &line) == nil && line.Message == "test event received" {
			logged = append(logged, line.EventID)
		}
	}
	if logged = slices.Compact(logged); !slices.Equal(logged, sent) { // a try whose answer was lost is logged too
		t.Errorf("the webhook logged the tests %v, want %v", logged, sent)
	}
	if text := asked(t, hook, "/metrics"); !regexp.MustCompile(`(?m)^korestream_webhook_events_total\{kind="test"\} [1-9]`).MatchString(text) {
		t.Errorf("the webhook counts no test event")
	}
	if ids := archived(t, archive); !slices.Contains(ids, followed[1]) {
		t.Errorf("the handlers got %v, want the test event %s", ids, followed[1])
	}
	for name, p := range map[string]*proc{"run": run, "webhook": hook} {
		if code := p.stop(); code != 0 {
			t.Errorf("%s: got exit code %d, want 0", name, code)
		}
	}
}
