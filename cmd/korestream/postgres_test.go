package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"korestream/internal/pgtest"
)

func TestRun_PostgresKeepsEachEventOnceThroughAnOutage(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	s := newSite(t, 2)
	dir := t.TempDir()
	dsn := filepath.Join(dir, "dsn")
	if err := os.WriteFile(dsn, []byte(server.DSN()), 0o600); err != nil {
		t.Fatal(err)
	}
	letters := filepath.Join(dir, "letters.ndjson")
	env := []string{
		"AWS_ENDPOINT_URL=" + s.url(), "KORESTREAM_STREAM=" + testStream, "KORESTREAM_ADMIN_LISTEN=", "KORESTREAM_DEAD_LETTERS_PATH=" + letters,
		"KORESTREAM_RETRY_MAX_ATTEMPTS=3", "KORESTREAM_RETRY_MAX_BACKOFF=1s", "KORESTREAM_DEDUPE_STORE=none",
		"KORESTREAM_HANDLERS=[{name: db, type: postgres, dsn_file: " + dsn + ", batch: {max_events: 50}}]",
	}
	p := start(t, env, "run")
	p.logged("shard taken")
	load := s.produce(200)
	time.Sleep(3 * time.Second)
	server.Stop(t)
	time.Sleep(30 * time.Second)
	server.Resume(t)
	time.Sleep(2 * time.Second)
	n := load.stop()
	count := func(query string) (got int) {
		conn, err := pgx.Connect(t.Context(), server.DSN())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(t.Context())
		if err := conn.QueryRow(t.Context(), query).Scan(&got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	eventually(t, "all events in the database", func() bool { return count("select count(*) from korestream.events") >= n })
	if code := p.stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	if got := count("select count(distinct id) from korestream.events"); got != n {
		t.Errorf("events: got %d, want %d", got, n)
	}
	if got := count("select count(*) from korestream.sims"); got != sims {
		t.Errorf("SIMs: got %d, want %d", got, sims)
	}
	code, out, errText := ask(t, env, "sim", "ls", "--limit", "3", "--after", "HS01", "--output", "json")
	var list []struct{ SIM string }
	if err := json.Unmarshal([]byte(out), &list); code != 0 || err != nil || len(list) != 3 || list[0].SIM != "HS02" {
		t.Errorf("sim ls: exit code %d, %v, want HS02 to HS04\n%s\n%s", code, err, out, errText)
	}
	if code, out, _ := ask(t, env, "sim", "get", "HS07"); code != 0 || !strings.Contains(out, "HS07") {
		t.Errorf("sim get: exit code %d\n%s", code, out)
	}
	if code, _, errText := ask(t, env, "sim", "get", "HS99999"); code != 1 || !strings.Contains(errText, "nothing is known") {
		t.Errorf("sim get of none: exit code %d, %q, want 1", code, errText)
	}
	text, err := os.ReadFile(letters)
	if err != nil || len(text) > 0 {
		t.Errorf("an outage of 30 s buried something: %v\n%.500s", err, text)
	}
	t.Logf("database away for 30 s under 200 events/s: %d of %d events there, none buried", n, n)
}
