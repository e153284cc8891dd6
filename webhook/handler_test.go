package webhook

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"korestream/event"
)

func TestHandler_EveryEventOfABatchIsOnTheStreamByItsSIM(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		if got := w.post(batch(0, 120), "token-1"); got.Code != http.StatusOK {
			t.Fatalf("got %d %s, want 200", got.Code, got.Body)
		}
		records := w.records()
		if len(records) != 120 {
			t.Errorf("got %d records, want 120", len(records))
		}
		for _, r := range records {
			items, err := event.Decode(r.Data)
			if err != nil || len(items) != 1 {
				t.Fatalf("record %s: %v", r.Data, err)
			}
			if sim := items[0].Event.SIM(); *r.PartitionKey != sim {
				t.Errorf("partition key: got %s, want the SIM, %s", *r.PartitionKey, sim)
			}
		}
	})
}

func TestHandler_TestOfThePortalIsAnsweredAndLogged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		if got := w.post(portalTest, "t"); got.Code != http.StatusOK {
			t.Errorf("got %d, want 200", got.Code)
		}
		line := w.logs.FilterMessage("test event received").All()
		if len(line) != 1 || line[0].ContextMap()["event_id"] != "fff521c2-c7db-4b53-a5a0-c5d5d01f66ce" {
			t.Errorf("log: got %v, want the test event by its ID", line)
		}
		if s := w.h.Stats(); s.Tests != 1 || s.Put != 1 || s.Requests["accepted"] != 1 {
			t.Errorf("got %+v, want one test, put and accepted", s)
		}
		if got := w.send(signedRequest(http.MethodGet, "")); got.Code != http.StatusOK || w.h.Stats().Requests["empty"] != 1 {
			t.Errorf("a GET without a body: got %d, want 200 and nothing put", got.Code)
		}
		if n := w.ids()["fff521c2-c7db-4b53-a5a0-c5d5d01f66ce"]; n != 1 {
			t.Errorf("got the test event %d times on the stream, want once", n)
		}
	})
}

func TestHandler_FormsBecomeEventsOfOurOwnType(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		body := "SimSid=HS7319340e&Status=active&note=AT%26T+%C3%A9&Status=again"
		form := header{"Content-Type", "application/x-www-form-urlencoded"}
		for range 2 { // a repeat is the same event, though another process gets it
			if got := w.send(signedRequest(http.MethodPost, body, form, header{HeaderToken, "token"})); got.Code != http.StatusOK {
				t.Fatalf("got %d %s, want 200", got.Code, got.Body)
			}
			w.h = w.handler(testSecret, nil)
		}
		records := w.records()
		if len(records) != 2 || *records[0].PartitionKey != "HS7319340e" {
			t.Fatalf("got %v, want two records by the SIM", records)
		}
		var got [2]callback
		for i, r := range records {
			items, err := event.Decode(r.Data)
			if err != nil || items[0].Err != nil || items[0].Event.SIM() != "HS7319340e" || items[0].Event.Type != TypeCallback {
				t.Fatalf("no event of our own with its SIM: %s: %v", r.Data, err)
			}
			if err := json.Unmarshal(r.Data, &got[i]); err != nil {
				t.Fatal(err)
			}
		}
		if d := got[0].Data; d.Body != body || !slices.Equal(d.Fields["Status"], []string{"active", "again"}) || d.Fields["note"][0] != "AT&T é" {
			t.Errorf("got %+v, want all fields and the body", d)
		}
		if got[0].ID != got[1].ID || got[0].ID == "" {
			t.Errorf("IDs: got %q and %q, want one", got[0].ID, got[1].ID)
		}
	})
}

// hostile is what a stranger, or a broken sender, may send.
type hostile struct {
	name    string
	request *http.Request
	status  int
	outcome string
}

func hostiles() []hostile {
	const gzipBomb = "\x1f\x8b\x08\x00"
	body := batch(0, 2)
	form := header{"Content-Type", "application/x-www-form-urlencoded"}
	padded := func(body, more string) string { return body + "\x80\x00\x00\x00\x00\x00\x01\xb8" + more }
	post := func(body string, hs ...header) *http.Request { return signedRequest(http.MethodPost, body, hs...) }
	path := post(body)
	path.URL.Path = "/kore/"
	query := signedRequest(http.MethodGet, "")
	query.URL.RawQuery = "id=1"
	twice := post(body)
	twice.Header.Add("Content-Type", "text/plain")
	return []hostile{
		{"another path", path, 404, "bad_path"},
		{"PUT", signedRequest(http.MethodPut, body), 405, "bad_method"},
		{"HEAD", signedRequest(http.MethodHead, ""), 405, "bad_method"},
		{"no content type", post(body, header{"Content-Type", ""}), 415, "bad_type"},
		{"text", post(body, header{"Content-Type", "text/plain"}), 415, "bad_type"},
		{"two content types", twice, 415, "bad_type"},
		{"another charset", post(body, header{"Content-Type", "application/json; charset=utf-16"}), 415, "bad_type"},
		{"a bomb", post(gzipBomb, header{"Content-Encoding", "gzip"}), 415, "encoded"},
		{"a bomb that claims to be JSON", post(gzipBomb), 400, "bad_body"},
		{"no signature", post(body, header{HeaderSignature, ""}), 401, "unsigned"},
		{"wrong signature", post(body, header{HeaderSignature, Sign("x", "POST", testURL, []byte(body))}), 401, "bad_signature"},
		{"signature of another body", post(body, header{HeaderSignature, Sign(testSecret, "POST", testURL, []byte(batch(0, 3)))}), 401, "bad_signature"},
		{"a prolonged JSON body", post(padded(body, body)), 400, "bad_body"},
		{"a prolonged form", post(padded("a=b", "&c=d"), form), 400, "bad_body"},
		{"a form with no UTF-8", post("a=%ff", form), 400, "bad_body"},
		{"a form with a bad escape", post("a=%zz", form), 400, "bad_body"},
		{"a large form", post("a="+strings.Repeat("b", maxForm), form), 400, "bad_body"},
		{"no body", post(""), 400, "bad_body"},
		{"no events", post("[]"), 400, "bad_body"},
		{"half a body", post(body[:100]), 400, "bad_body"},
		{"events in a query", query, 400, "bad_body"},
		{"a large body", post(`{"id":"1","type":"` + strings.Repeat("a", 1<<20) + `"}`), 413, "too_large"},
	}
}

func TestHandler_HostileInputGetsAClear4xxAndNothingIsPut(t *testing.T) {
	t.Parallel()
	for _, tt := range hostiles() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				got := w.send(tt.request)
				if got.Code != tt.status || w.h.Stats().Requests[tt.outcome] != 1 {
					t.Errorf("got %d, counted as %v, want %d, %s", got.Code, w.h.Stats().Requests, tt.status, tt.outcome)
				}
				if n := len(w.records()); n != 0 {
					t.Errorf("%d records were put", n)
				}
				for _, l := range w.logs.All() {
					if strings.Contains(l.Message, testSecret) {
						t.Errorf("the log has the secret: %v", l)
					}
				}
			})
		})
	}
}

func TestHandler_LargeBodyOfUnknownLengthIsCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *Config) { c.MaxBodyBytes = 1000 })
		r := signedRequest(http.MethodPost, batch(0, 50))
		r.ContentLength = -1
		if got := w.send(r); got.Code != http.StatusRequestEntityTooLarge {
			t.Errorf("got %d, want 413", got.Code)
		}
	})
}

func TestHandler_WhatIsNoEventTakesNoOtherAlong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		body := strings.TrimSuffix(batch(0, 2), "]") + `,{"type":"no.id"},7]`
		if got := w.post(body, "t"); got.Code != http.StatusOK {
			t.Errorf("got %d, want 200", got.Code)
		}
		if n := len(w.records()); n != 4 || w.h.Stats().NotEvents != 2 {
			t.Errorf("got %d records, %d no events; want 4, of which the consumer buries 2", n, w.h.Stats().NotEvents)
		}
	})
}

func TestHandler_WithoutASecretItMustBeMeant(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		c := DefaultConfig()
		c.Stream, c.URL = testStream, testURL
		none, err := OpenSecrets("", "", w.h.log)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := NewHandler(c, w.kc, none); err == nil || !strings.Contains(err.Error(), "AllowUnsigned") {
			t.Errorf("got %v, want to be told of AllowUnsigned", err)
		}
		w.h = w.handler("", func(c *Config) { c.AllowUnsigned = true }, WithLogger(w.h.log))
		if got := w.send(signedRequest(http.MethodPost, batch(0, 1), header{HeaderSignature, ""})); got.Code != http.StatusOK {
			t.Errorf("got %d, want 200", got.Code)
		}
		if w.logs.FilterMessageSnippet("unsigned").Len() != 1 {
			t.Error("no warning in the log")
		}
	})
}
