package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"korestream/localstack/embed"
)

// verified is what the tests look at of `verify --output json`.
type verified struct {
	EventID string `json:"event_id"`
	Hops    []struct {
		Hop, Detail string
		Took        *float64 `json:"took_seconds"`
	}
	LostAt string `json:"lost_at"`
	Why    []struct{ Reason, Detail string }
}

// names are the hops that the event has made.
func (v verified) names() string {
	var all []string
	for _, h := range v.Hops {
		all = append(all, h.Hop)
	}
	return strings.Join(all, " ")
}

func (v verified) because(reason, detail string) bool {
	for _, w := range v.Why {
		if w.Reason == reason && strings.Contains(w.Detail, detail) {
			return true
		}
	}
	return false
}

func readVerified(t *testing.T, lines []string) verified {
	t.Helper()
	var v verified
	if err := json.Unmarshal([]byte(strings.Join(lines, "\n")), &v); err != nil {
		t.Fatalf("%v\n%s", err, strings.Join(lines, "\n"))
	}
	return v
}

// verify follows an event and returns the exit code too.
func (s *site) verify(args ...string) (int, verified) {
	s.t.Helper()
	p := start(s.t, []string{"AWS_ENDPOINT_URL=" + s.url(), "KORESTREAM_STREAM=" + testStream}, append([]string{"verify", "--output", "json"}, args...)...)
	code := p.wait(time.Minute)
	return code, readVerified(s.t, p.lines())
}

const allHops = "put owner decoded handled checkpointed"

// throughInTime fails the test unless the event made all hops, known to the
// owner, in less than five seconds.
func (v verified) throughInTime(t *testing.T, from int) {
	t.Helper()
	if v.names() != allHops || v.LostAt != "" {
		t.Fatalf("got %+v, want all hops", v)
	}
	took := 0.0
	for i, h := range v.Hops {
		if h.Took == nil {
			t.Errorf("%s: how long it took is not known", h.Hop)
		} else if i >= from {
			took += *h.Took
		}
	}
	if took >= 5 {
		t.Errorf("the event took %.1f s, want less than 5 s", took)
	}
	t.Logf("the event took %.3f s", took)
}

func TestVerify_FollowsAnEventThroughAHealthyFleet(t *testing.T) {
	t.Parallel()
	s := newSite(t, 4)
	one, archiveOne := s.node("w-one", "")
	two, archiveTwo := s.node("w-two", "")
	eventually(t, "both to work", func() bool { return s.ownedBy(4, "w-one", "w-two") })
	for range 3 {
		code, v := s.verify()
		if code != 0 {
			t.Errorf("exit code: got %d, want 0", code)
		}
		v.throughInTime(t, 0)
		if ids := append(archived(t, archiveOne), archived(t, archiveTwo)...); !strings.Contains(strings.Join(ids, " "), v.EventID) {
			t.Errorf("event %s is in no archive", v.EventID)
		}
	}
	p := start(t, []string{"AWS_ENDPOINT_URL=" + s.url(), "KORESTREAM_STREAM=" + testStream}, "verify", "--wait-for-kore", "--output", "json")
	eventually(t, "the wait for KORE", func() bool { return strings.Contains(p.errText(), "waiting") })
	sent := time.NewTicker(500 * time.Millisecond) // it may not read yet: KORE's button can be pressed again
	defer sent.Stop()
	const sample = `{"data":{"test_id":"88bf54a9-f2fb-40b6-8faf-e6c5a3c348d2"},"id":"fff521c2-c7db-4b53-a5a0-c5d5d01f66ce","time":"2024-09-25T19:09:48.5842087+00:00","type":"com.kore.eventstreams.test.event","source":"kore-events","dataschema":"/schemas/test/1","specversion":"1.0","datacontenttype":"application/json"}`
	eventually(t, "KORE's event to be followed", func() bool {
		select {
		case <-p.done:
			return true
		case <-sent.C:
		}
		_, err := s.kc.PutRecord(t.Context(), &kinesis.PutRecordInput{StreamName: aws.String(testStream), PartitionKey: aws.String("kore"), Data: []byte(sample)})
		if err != nil {
			t.Fatal(err)
		}
		return false
	})
	v := readVerified(t, p.lines())
	if p.exit != 0 || v.EventID != "fff521c2-c7db-4b53-a5a0-c5d5d01f66ce" {
		t.Errorf("with KORE's event: got exit code %d and %+v, want 0 and its ID", p.exit, v)
	}
	v.throughInTime(t, 1)
	if one.stop() != 0 || two.stop() != 0 {
		t.Errorf("exit codes: got %d and %d, want 0", one.exit, two.exit)
	}
}

func TestVerify_SaysWhatItCannotKnowOfAnOwnerThatCannotBeAsked(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	p := start(t, []string{"AWS_ENDPOINT_URL=" + s.url(), "KORESTREAM_STREAM=" + testStream, "KORESTREAM_ADMIN_LISTEN="}, "run")
	p.logged("shard taken")
	code, v := s.verify()
	if code != 0 || v.names() != allHops {
		t.Fatalf("got exit code %d and %+v, want 0 and all hops", code, v)
	}
	for _, h := range v.Hops[2:4] {
		if h.Took != nil || !strings.Contains(h.Detail, "not known") || !strings.Contains(h.Detail, "admin.listen") {
			t.Errorf("got %+v, want that it is not known, and why", h)
		}
	}
}

func TestIAMPolicy_IsPrintedWithoutACall(t *testing.T) {
	t.Parallel()
	code, out, errText := ask(t, nil, "iam-policy", "--stream", testStream, "--account", "111122223333", "--set", "lease.create_table=false")
	if code != 0 || !strings.Contains(out, `"arn:aws:kinesis:us-east-1:111122223333:stream/kore-events"`) || strings.Contains(out, "CreateTable") || strings.Contains(out, "PutRecord") {
		t.Errorf("got exit code %d and\n%s\n%s\nwant the stream by its ARN, and neither CreateTable nor PutRecord", code, out, errText)
	}
	if code, out, _ = ask(t, nil, "iam-policy", "--stream", testStream, "--operator"); code != 0 || !strings.Contains(out, "kinesis:PutRecord") {
		t.Errorf("for an operator: got exit code %d and\n%s\nwant PutRecord, for verify", code, out)
	}
}

func TestVerify_NamesTheHopWhereTheEventIsLost(t *testing.T) {
	t.Parallel()
	t.Run("the owner was killed", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, 1)
		p, _ := s.node("w-one", "lease: {failover: 4s}\n")
		p.logged("shard taken")
		_ = p.cmd.Process.Kill()
		p.wait(time.Minute)
		code, v := s.verify("--timeout", "2s", "--set", "lease.failover=4s")
		if code != 1 || v.LostAt != "owner" || v.names() != "put" || !v.because("owner dead", "w-one") {
			t.Errorf("got exit code %d and %+v, want 1, lost at its owner, which is dead", code, v)
		}
	})
	t.Run("the owner was stopped in order", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, 1)
		p, _ := s.node("w-one", "")
		p.logged("shard taken")
		if code := p.stop(); code != 0 {
			t.Fatalf("exit code: got %d, want 0", code)
		}
		code, v := s.verify("--timeout", "2s")
		if code != 1 || v.LostAt != "owner" || !v.because("no worker", "start one") {
			t.Errorf("got exit code %d and %+v, want 1, lost at its owner, for there is none", code, v)
		}
	})
	t.Run("the handler fails", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, 1)
		p := start(t, []string{
			"AWS_ENDPOINT_URL=" + s.url(), "KORESTREAM_STREAM=" + testStream, "KORESTREAM_ADMIN_LISTEN=127.0.0.1:0",
			`KORESTREAM_HANDLERS=[{name: billing, type: slow, settings: {takes: 0s, bad: "", file: notes}}]`,
		}, "run")
		p.logged("shard taken")
		// Time for the record to be read and tried, a second each, on a machine that
		// may be slow; the handler never succeeds.
		code, v := s.verify("--timeout", "8s")
		if code != 1 || v.LostAt != "handled" || v.names() != "put owner decoded" || !v.because("handler", "billing has failed") || !v.because("handler", "no plan for this SIM") {
			t.Errorf("got exit code %d and %+v, want 1, lost at its handler, with its words", code, v)
		}
	})
	t.Run("the event is buried", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, 1)
		p := start(t, []string{
			"AWS_ENDPOINT_URL=" + s.url(), "KORESTREAM_STREAM=" + testStream, "KORESTREAM_ADMIN_LISTEN=127.0.0.1:0", "KORESTREAM_RETRY_MAX_ATTEMPTS=2",
			`KORESTREAM_HANDLERS=[{name: billing, type: slow, settings: {takes: 0s, bad: "", file: notes}}]`,
		}, "run")
		p.logged("shard taken")
		code, v := s.verify()
		if code != 1 || v.LostAt != "handled" || !v.because("buried", "billing failed 2 times") {
			t.Errorf("got exit code %d and %+v, want 1, lost at its handler, and buried", code, v)
		}
	})
	t.Run("the table denies writes", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, 1)
		p, _ := s.node("w-one", "")
		p.logged("shard taken")
		if code, v := s.verify(); code != 0 {
			t.Fatalf("before: got exit code %d and %+v, want 0", code, v)
		}
		s.ep.Faults().Add(embed.Fault{Service: embed.DynamoDB, Operation: "UpdateItem", Kind: embed.AccessDenied})
		code, v := s.verify()
		if code != 1 || v.LostAt != "checkpointed" || v.names() != "put owner decoded handled" || !v.because("no checkpoint", "AccessDenied") {
			t.Errorf("got exit code %d and %+v, want 1, lost at its checkpoint, for the table denies it", code, v)
		}
	})
}

func TestDoctor_SaysWhyNothingCanBeKnown(t *testing.T) {
	t.Parallel()
	p := start(t, []string{"AWS_ENDPOINT_URL=http://127.0.0.1:1", "KORESTREAM_STREAM=" + testStream}, "doctor")
	if code := p.wait(time.Minute); code != 3 || !strings.Contains(p.errText(), "the endpoint cannot be reached") {
		t.Errorf("got exit code %d and %q, want 3 and that nobody answers", code, p.errText())
	}
}
