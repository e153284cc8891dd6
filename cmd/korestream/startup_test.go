package main

import (
	"encoding/json"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"korestream/localstack/embed"
)

// startupLimit is how long a process may take to say that it cannot work: it cuts
// itself off after 13 s, and where nobody answers needs 12 s of them. The rest is for
// the machine, which has to start it and to end it beside others.
const startupLimit = 30 * time.Second

func TestRun_StartupCheckFailsWithThreeAndSaysWhy(t *testing.T) {
	t.Parallel()
	denied := embed.New()
	denied.Faults().Add(embed.Fault{Kind: embed.Custom, Status: 400, Code: "UnrecognizedClientException", Message: "The security token included in the request is invalid."})
	deniedServer := httptest.NewServer(denied)
	t.Cleanup(deniedServer.Close)
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts and never answers
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	url := emulate(t)
	createStream(t, testKinesis(url), 2)

	tests := []struct {
		name, url, more string
		want            []string
	}{
		{"too few shards", url, "stream: kore-events\nstartup: {shards: {min: 7}}", []string{"2 open shards", "at least 7", "aws kinesis update-shard-count --stream-name kore-events --target-shard-count 7"}},
		{"too many shards", url, "stream: kore-events\nstartup: {shards: {max: 1}}", []string{"2 open shards", "1 to 1", "--target-shard-count 1"}},
		{"too short a retention", url, "stream: kore-events\nstartup: {retention: {min: 72h}}", []string{"24 h", "72 h", "aws kinesis increase-stream-retention-period --stream-name kore-events --retention-period-hours 72"}},
		{"no such stream", url, "stream: nowhere", []string{"nowhere", "does not exist"}},
		{"credentials refused", deniedServer.URL, "stream: kore-events", []string{"kore-events", "credentials refused"}},
		{"nobody listens", "http://127.0.0.1:1", "stream: kore-events", []string{"kore-events", "cannot be reached", "127.0.0.1:1"}},
		{"nobody answers", "http://" + silent.Addr().String(), "stream: kore-events", []string{"kore-events", "cannot be reached"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg, _ := writeConfig(t, tt.more)
			p := start(t, []string{"AWS_ENDPOINT_URL=" + tt.url}, "run", "--config", cfg)
			if code := p.wait(startupLimit); code != 3 {
				t.Errorf("exit code: got %d, want 3", code)
			}
			for _, want := range tt.want {
				if !strings.Contains(p.errText(), want) {
					t.Errorf("the error does not say %q:\n%s", want, p.errText())
				}
			}
			if all := p.errText() + p.tail(); strings.Contains(all, "goroutine ") || strings.Contains(all, ".go:") {
				t.Errorf("the error has a stack trace:\n%s", all)
			}
		})
	}
}

func TestRun_WarnsOfAMismatchIfToldTo(t *testing.T) {
	t.Parallel()
	url := emulate(t)
	createStream(t, testKinesis(url), 1)
	cfg, _ := writeConfig(t, "stream: kore-events\nstartup: {shards: {min: 5}, on_mismatch: warn}\n")
	p := start(t, []string{"AWS_ENDPOINT_URL=" + url}, "run", "--config", cfg)
	if got, _ := p.logged("stream is not as required")["error"].(string); !strings.Contains(got, "at least 5") {
		t.Errorf("warning: got %q", got)
	}
	p.logged("shard taken")
	if code := p.stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
}

func TestDoctor_ReportsForPeopleAndForPrograms(t *testing.T) {
	t.Parallel()
	url := emulate(t)
	createStream(t, testKinesis(url), 2)
	env := []string{"AWS_ENDPOINT_URL=" + url}
	good := start(t, env, "doctor", "--stream", "kore-events", "--output", "json")
	if code := good.wait(startupLimit); code != 0 {
		t.Errorf("exit code for a stream as it should be: got %d, want 0", code)
	}
	var report struct {
		OpenShards int `json:"open_shards"`
		Findings   []struct {
			Check string
			OK    bool
		}
	}
	if err := json.Unmarshal([]byte(strings.Join(good.lines(), "\n")), &report); err != nil {
		t.Fatal(err)
	}
	var checks []string
	for _, f := range report.Findings {
		checks = append(checks, f.Check)
		if !f.OK {
			t.Errorf("%s is not ok", f.Check)
		}
	}
	for _, want := range []string{"clock", "lease table", "status", "shards", "retention", "headroom", "permissions"} {
		if !slices.Contains(checks, want) {
			t.Errorf("report: got %v, want %s among them", checks, want)
		}
	}
	if report.OpenShards != 2 {
		t.Errorf("report: got %d shards, want 2", report.OpenShards)
	}
	bad := start(t, env, "doctor", "--stream", "kore-events", "--set", "startup.shards.min=3")
	if code := bad.wait(startupLimit); code != 3 {
		t.Errorf("exit code for too few shards: got %d, want 3", code)
	}
	text := strings.Join(bad.lines(), "\n")
	for _, want := range []string{"2 open shards", "at least 3", "aws kinesis update-shard-count"} {
		if !strings.Contains(text, want) {
			t.Errorf("the table does not say %q:\n%s", want, text)
		}
	}
}

func TestRun_BadConfigurationExitsWith78AndNamesTheKey(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, yaml string
		env        []string
		want       []string
	}{
		{"unknown key", "stream: s\nlease: {failovr: 10s}", nil, []string{"lease.failovr", "did you mean lease.failover"}},
		{"unknown variable", "stream: s", []string{"KORESTREAM_STREEM=x"}, []string{"KORESTREAM_STREEM", "did you mean KORESTREAM_STREAM"}},
		{"bad duration", "stream: s\ndrain: {timeout: 25}", nil, []string{"drain.timeout", `"25"`, "unit"}},
		{"two handlers of one name", "stream: s\nhandlers: [{name: a, type: log}, {name: a, type: log}]", nil, []string{"handlers[1].name", `"a"`, "handlers[0]"}},
		{"unwritable path", "stream: s\ndead_letters: {path: /nonexistent/letters.ndjson}", nil, []string{"dead_letters.path", "/nonexistent/letters.ndjson"}},
		{"unwritable path of a handler", "stream: s\nhandlers: [{name: a, type: ndjson, path: /nonexistent/a.ndjson}]", nil, []string{"handlers[0].path", "/nonexistent"}},
		{"no stream", "application: x-y", nil, []string{"stream", "not set"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "korestream.yaml")
			if err := os.WriteFile(path, []byte(tt.yaml), 0o600); err != nil {
				t.Fatal(err)
			}
			p := start(t, tt.env, "run", "--config", path)
			if code := p.wait(time.Minute); code != 78 {
				t.Errorf("exit code: got %d, want 78", code)
			}
			for _, want := range tt.want {
				if !strings.Contains(p.errText(), want) {
					t.Errorf("the error does not say %q:\n%s", want, p.errText())
				}
			}
		})
	}
}

func TestUsage_ExitsWithTwo(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"fly"}, {"run", "now"}, {"run", "--fast"}, {"dev", "--count", "-1"}, {"doctor", "--output", "xml"}, {"run", "--set", "x"}} {
		p := start(t, nil, args...)
		if code := p.wait(time.Minute); code != 2 {
			t.Errorf("korestream %v: got exit code %d, want 2", args, code)
		}
	}
}

func TestDev_CountedRunAccountsForEveryRecord(t *testing.T) {
	t.Parallel()
	p := start(t, nil, "dev", "--count", "2000", "--dir", t.TempDir())
	if code := p.wait(time.Minute); code != 0 {
		t.Fatalf("exit code: got %d, want 0", code)
	}
	out := p.lines()
	var s struct {
		Put, Handled, DeadLettered, Duplicates int
		Dead                                   int `json:"dead_lettered"`
		Checkpointed                           bool
		Shards                                 int
		Elapsed                                float64 `json:"elapsed_seconds"`
	}
	if err := json.Unmarshal([]byte(out[len(out)-1]), &s); err != nil {
		t.Fatalf("last line %q: %v", out[len(out)-1], err)
	}
	if s.Put != 2000 || s.Handled+s.Dead+s.Duplicates != s.Put || s.Dead == 0 || s.Duplicates == 0 || !s.Checkpointed || s.Shards != 4 {
		t.Errorf("summary does not add up: %s", out[len(out)-1])
	}
}
