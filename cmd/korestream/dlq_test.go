package main

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	ktypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// letterList is what the tests look at of `dlq ls --output json`.
type letterList []struct {
	ID        string
	Reason    string
	Handler   string
	EventType string `json:"event_type"`
}

func listLetters(t *testing.T, env []string, cfg string, more ...string) letterList {
	t.Helper()
	code, out, errText := ask(t, env, append([]string{"dlq", "ls", "--config", cfg, "--output", "json"}, more...)...)
	var l letterList
	if err := json.Unmarshal([]byte(out), &l); code != 0 || err != nil {
		t.Fatalf("dlq ls: exit code %d, %v\n%s\n%s", code, err, out, errText)
	}
	return l
}

func TestDLQ_500BadEventsAreBuriedShownAndRedriven(t *testing.T) {
	t.Parallel()
	for _, sink := range []string{"file", "kinesis", "s3"} {
		t.Run(sink, func(t *testing.T) {
			t.Parallel()
			buriedShownAndRedriven(t, sink)
		})
	}
}

// s3Server starts an S3 server that is not ours, with one bucket.
func s3Server(t *testing.T, bucket string) string {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket(bucket); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(server.Close)
	return server.URL
}

func buriedShownAndRedriven(t *testing.T, sink string) {
	s := newSite(t, 2)
	const bad, broken = 480, 20
	const lettersStream = "letters"
	_, err := s.kc.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String(lettersStream), ShardCount: aws.Int32(2)})
	if err != nil {
		t.Fatal(err)
	}
	env := []string{"AWS_ENDPOINT_URL=" + s.url(), "AWS_ENDPOINT_URL_S3=" + s3Server(t, "letters")}
	dir := t.TempDir()
	out, letters := filepath.Join(dir, "full", "out.ndjson"), filepath.Join(dir, "letters.ndjson")
	inFile := func() string { // all of it; nothing where letters go elsewhere
		text, err := os.ReadFile(letters)
		if err != nil && sink == "file" {
			t.Fatal(err)
		}
		return string(text)
	}
	// A handler that does not know an outage from a bad event: each one fails.
	failing := filepath.Join(dir, "failing.yaml")
	fixed := filepath.Join(dir, "fixed.yaml")
	write := func(path, handler string) {
		text := "stream: " + testStream + "\nadmin: {listen: \"\"}\nretry: {max_attempts: 2, initial_backoff: 1ms, max_backoff: 2ms, breaker: {failures: 0}}\n" +
			"dead_letters: {type: " + sink + ", path: " + letters + ", stream: " + lettersStream + ", bucket: letters}\nhandlers:\n  - {name: archive, " + handler + ", match: [\"*\"]}\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(failing, "type: slow, settings: {takes: 0s, file: /dev/full}")
	write(fixed, "type: ndjson, path: "+out)
	if err := os.Mkdir(filepath.Dir(out), 0o700); err != nil {
		t.Fatal(err)
	}
	p := start(t, env, "run", "--config", failing)
	load := &producer{s: s, places: make(map[string]place)}
	for n := 0; n < bad; n += 80 {
		var ids []string
		for i := range 80 {
			ids = append(ids, eventID(n+i))
		}
		load.put(ids)
	}
	for i := range broken {
		_, err := s.kc.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: aws.String(testStream), Records: []ktypes.PutRecordsRequestEntry{
			{Data: fmt.Appendf(nil, `{"id": %d, `, i), PartitionKey: aws.String("x")},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	var all letterList
	eventually(t, "500 letters", func() bool { // while the process runs
		all = listLetters(t, env, failing)
		return len(all) >= bad+broken
	})
	if n := len(listLetters(t, env, failing, "--reason", "handler_failed", "--type", "*.data-session.updated")); n != bad {
		t.Errorf("letters that the handler gave up on: got %d, want %d", n, bad)
	}
	if n := len(listLetters(t, env, failing, "--sim", "HS05")); n != 13 {
		t.Errorf("letters of one SIM: got %d, want 13", n)
	}
	if n := len(listLetters(t, env, failing, "--since", "1h", "--limit", "7")); n != 7 {
		t.Errorf("the first seven: got %d", n)
	}
	code, text, _ := ask(t, env, "dlq", "show", all[0].ID, "--config", failing)
	if code != 0 || !strings.Contains(text, `"payload"`) || !strings.Contains(text, `"error_chain"`) || !strings.Contains(text, testStream) {
		t.Errorf("show: exit code %d\n%s", code, text)
	}
	if code, _, errText := ask(t, env, "dlq", "show", "0123", "--config", failing); code != 2 || !strings.Contains(errText, "no letter 0123") {
		t.Errorf("show of none: got exit code %d, %q, want 2", code, errText)
	}
	before := inFile()
	if code, text, _ := ask(t, env, "dlq", "redrive", "--dry-run", "--config", fixed); code != 0 || !strings.Contains(text, "500 letters picked") {
		t.Errorf("dry run: exit code %d, %q", code, text)
	}
	if inFile() != before || len(archived(t, out)) != 0 || len(listLetters(t, env, failing)) != bad+broken {
		t.Error("a dry run changed something")
	}
	// The fix is there. The process that buries still runs.
	code, text, errText := ask(t, env, "dlq", "redrive", "--reason", "handler_failed", "--config", fixed)
	if code != 0 || !strings.Contains(text, "480 redriven, 0 stay") {
		t.Errorf("redrive: exit code %d, %q, %q", code, text, errText)
	}
	complete(t, bad, out)
	if code := p.stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	code, text, _ = ask(t, env, "dlq", "redrive", "--config", fixed)
	if code != 1 || !strings.Contains(text, "0 redriven, 20 stay") {
		t.Errorf("redrive of what cannot be decoded: exit code %d, %.300q, want 1 and that they stay", code, text)
	}
	if n := len(listLetters(t, env, fixed)); n != broken {
		t.Errorf("letters at the end: got %d, want the %d that cannot be decoded", n, broken)
	}
	if n := strings.Count(inFile(), "\n"); sink == "file" && n != broken {
		t.Errorf("the file holds %d lines at the end, want %d", n, broken)
	}
}
