package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	ktypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// simShown is what the tests look at of `sim --output json`.
type simShown struct {
	SIM, Network, RAT, Session string
	Attached                   *bool
	Usage                      struct{ Total int }
	LastAt                     time.Time `json:"last_event_at"`
}

// reportTime is when the nth report of a SIM happened.
func reportTime(n int) time.Time { return time.Date(2026, 3, 1, 12, n, 0, 0, time.UTC) }

// putReports puts the reports first to last-1 of each SIM, newest first, each of
// one byte of one session, by partition keys that key makes.
func (s *site) putReports(sims, first, last int, key func(sim string, n int) string) {
	s.t.Helper()
	var entries []ktypes.PutRecordsRequestEntry
	for n := last - 1; n >= first; n-- {
		for i := range sims {
			sim, at := fmt.Sprintf("HS%02d", i), reportTime(n).Format(time.RFC3339)
			data := fmt.Sprintf(`{"specversion":"1.0","id":"%s/%d","type":"com.kore.iot.supersim.connection.data-session.updated","time":%q,"data":{"sim_sid":%q,"timestamp":%q,
				"network":{"mcc":"310","mnc":"170","friendly_name":"net%d","iso_country":"US"},"rat_type":"NB-IoT","data_session_sid":"PI%d",
				"data_session_start_time":"2026-03-01T12:00:00Z","data_session_update_end_time":%q,"data_total":1}}`, sim, n, at, sim, at, n, i, at)
			entries = append(entries, ktypes.PutRecordsRequestEntry{Data: []byte(data), PartitionKey: aws.String(key(sim, n))})
		}
	}
	for len(entries) > 0 {
		n := min(400, len(entries))
		out, err := s.kc.PutRecords(s.t.Context(), &kinesis.PutRecordsInput{StreamName: aws.String(testStream), Records: entries[:n]})
		if err != nil || *out.FailedRecordCount > 0 {
			s.t.Fatalf("put reports: %v, %+v", err, out)
		}
		entries = entries[n:]
	}
}

func (s *site) simEnv(worker, handler string) []string {
	return []string{
		"AWS_ENDPOINT_URL=" + s.url(), "KORESTREAM_STREAM=" + testStream, "KORESTREAM_ADMIN_LISTEN=127.0.0.1:0", "KORESTREAM_WORKER=" + worker,
		"KORESTREAM_LEASE_FAILOVER=4s", "KORESTREAM_DEDUPE_STORE=none",
		"KORESTREAM_SCHEMA_DRIFT=false", // its lines have event IDs, and those of this test name SIMs
		"KORESTREAM_HANDLERS=[{name: states, type: simstate, " + handler + "}]",
	}
}

// getSIM runs `sim get`; a nil answer is none.
func getSIM(t *testing.T, env []string, sim string) (*simShown, string) {
	t.Helper()
	code, out, errText := ask(t, env, "sim", "get", sim, "--output", "json")
	if code == 1 {
		return nil, errText
	}
	v := new(simShown)
	if err := json.Unmarshal([]byte(out), v); code != 0 || err != nil {
		t.Fatalf("sim get %s: exit code %d, %v\n%s\n%s", sim, code, err, out, errText)
	}
	return v, errText
}

// wantSIM tells whether `sim get` shows the state after n reports.
func wantSIM(t *testing.T, env []string, sim string, n int) bool {
	t.Helper()
	v, _ := getSIM(t, env, sim)
	return v != nil && v.SIM == sim && v.Usage.Total == n && v.Network == fmt.Sprint("net", n-1) && v.LastAt.Equal(reportTime(n-1)) &&
		v.RAT == "NB-IoT" && v.Attached != nil && *v.Attached
}

func listSIMs(t *testing.T, env []string, more ...string) (names string, totals int) {
	t.Helper()
	code, out, errText := ask(t, env, append([]string{"sim", "ls", "--output", "json"}, more...)...)
	var list []simShown
	if err := json.Unmarshal([]byte(out), &list); code != 0 || err != nil {
		t.Fatalf("sim ls: exit code %d, %v\n%s\n%s", code, err, out, errText)
	}
	for _, v := range list {
		names += v.SIM + " "
		totals += v.Usage.Total
	}
	return strings.TrimSpace(names), totals
}

func TestSIM_InMemoryAsksEveryWorkerAndSaysWhoIsSilent(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2)
	const sims, reports = 10, 40
	env := s.simEnv("w-one", "store: memory")
	one, two := start(t, env, "run"), start(t, s.simEnv("w-two", "store: memory"), "run")
	eventually(t, "a shard each", func() bool { return s.ownedBy(2, "w-one", "w-two") })
	s.putReports(sims, 0, reports, func(sim string, _ int) string { return sim })
	for i := range sims {
		sim := fmt.Sprintf("HS%02d", i)
		eventually(t, "the state of "+sim, func() bool { return wantSIM(t, env, sim, reports) })
	}
	if names, totals := listSIMs(t, env); len(strings.Fields(names)) != sims || totals != sims*reports {
		t.Errorf("sim ls: got %s with %d bytes, want %d SIMs with %d", names, totals, sims, sims*reports)
	}
	if names, _ := listSIMs(t, env, "--after", "HS03", "--limit", "2", "--handler", "states"); names != "HS04 HS05" {
		t.Errorf("sim ls: got %s, want HS04 HS05", names)
	}
	if code, out, errText := ask(t, env, "sim", "get", "HS07"); code != 0 || !strings.Contains(out, "net39") || errText != "" {
		t.Errorf("sim get as a table: exit code %d\n%s\n%s", code, out, errText)
	}
	for _, p := range []*proc{one, two} {
		addr, _ := p.logged("admin server listens")["address"].(string)
		if status, body := get(t, "http://"+addr+"/sims?handler=states&limit=99"); status != 200 || !strings.Contains(body, "HS") {
			t.Errorf("one of both holds no SIM: got %d %.200s", status, body)
		}
		_, page := get(t, "http://"+addr+"/status")
		_, metrics := get(t, "http://"+addr+"/metrics")
		if strings.Contains(page+metrics+p.tail(), "HS0") {
			t.Error("status, metrics or log name a SIM")
		}
	}
	hidden := start(t, append(s.simEnv("w-hidden", "store: memory"), "KORESTREAM_ADMIN_LISTEN=", "KORESTREAM_HANDLERS=[{name: log, type: log}]"), "run")
	hidden.logged("stream checked")
	eventually(t, "a worker that cannot be asked to be named", func() bool {
		_, notes := getSIM(t, env, "HS07")
		return strings.Contains(notes, "worker w-hidden did not answer: it is alive and it has no admin server")
	})
	if code := hidden.stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	_ = two.cmd.Process.Kill()
	two.wait(time.Minute)
	if _, notes := getSIM(t, env, "HS07"); !strings.Contains(notes, "worker w-two did not answer: it has written no heartbeat") {
		t.Errorf("after kill -9: got %q, want that w-two is dead", notes)
	}
	if names, _ := listSIMs(t, env); names == "" {
		t.Error("after kill -9 nothing is known of any SIM, want what the other worker has")
	}
	if code := one.stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	if v, errText := getSIM(t, env, "HS01"); v != nil || !strings.Contains(errText, "no worker is alive") {
		t.Errorf("with no worker: got %+v, %q, want that none is alive", v, errText)
	}
}

func TestSIM_InATableIsExactThoughOneSIMIsOnSeveralShardsAndAWorkerDies(t *testing.T) {
	t.Parallel()
	s := newSite(t, 4)
	const sims, reports = 5, 200
	env := s.simEnv("w-one", "store: dynamodb, ttl: 720h")
	one, two := start(t, env, "run"), start(t, s.simEnv("w-two", "store: dynamodb, ttl: 720h"), "run")
	eventually(t, "two shards each", func() bool { n := s.owned(); return n["w-one"] == 2 && n["w-two"] == 2 })
	spread := func(sim string, n int) string { return fmt.Sprint(sim, "-", n) }
	s.putReports(sims, 0, reports/2, spread)
	for i := range sims {
		sim := fmt.Sprintf("HS%02d", i)
		eventually(t, "the state of "+sim, func() bool { return wantSIM(t, env, sim, reports/2) })
	}
	addr, _ := one.logged("admin server listens")["address"].(string)
	_, metrics := get(t, "http://"+addr+"/metrics")
	s.putReports(sims, reports/2, reports, spread)
	_ = two.cmd.Process.Kill() // in the middle of it
	two.wait(time.Minute)
	for i := range sims {
		sim := fmt.Sprintf("HS%02d", i)
		eventually(t, "the state of "+sim+" after kill -9", func() bool { return wantSIM(t, env, sim, reports) })
	}
	if code := one.stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	names, totals := listSIMs(t, env, "--limit", "4")
	if names != "HS00 HS01 HS02 HS03" || totals != 4*reports {
		t.Errorf("sim ls with no process: got %s with %d bytes, want 4 SIMs with %d", names, totals, 4*reports)
	}
	for _, l := range strings.Split(metrics, "\n") {
		if strings.HasPrefix(l, "korestream_simstate_conflicts_total") {
			t.Logf("%d SIMs over 4 shards and 2 workers, %d reports of each, kill -9 in between: all counted once; at one worker, before that, %s", sims, reports, l)
		}
	}
}
