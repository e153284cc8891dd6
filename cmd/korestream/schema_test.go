package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	ktypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"korestream/event/fleet"
)

// drifted is what the tests look at of `schema drift --output json`.
type drifted struct {
	Workers  []string
	NotAsked []struct{ Worker, Error string } `json:"not_asked"`
	Types    []struct {
		Type          string
		Seen, Checked int
	}
	Findings []struct {
		Type, Kind, Path, Got, Want string
		Count                       int
		EventID                     string `json:"event_id"`
	}
}

// count returns how often a finding was made.
func (d drifted) count(kind, typ, path, got string) (n int) {
	for _, f := range d.Findings {
		if f.Kind == kind && f.Type == typ && f.Path == path && f.Got == got {
			n += f.Count
		}
	}
	return n
}

func (d drifted) seen() (n int) {
	for _, t := range d.Types {
		n += t.Seen
	}
	return n
}

func driftOf(t *testing.T, env []string, more ...string) (d drifted) {
	t.Helper()
	code, out, errText := ask(t, env, append([]string{"schema", "drift", "--output", "json"}, more...)...)
	if err := json.Unmarshal([]byte(out), &d); code != 0 || err != nil {
		t.Fatalf("schema drift: exit code %d, %v\n%s\n%s", code, err, out, errText)
	}
	return d
}

// traffic is a number of events of a made-up fleet, nothing of it odd.
func traffic(n int) (records []fleet.Record) {
	cfg := fleet.DefaultConfig()
	cfg.Odd, cfg.Broken, cfg.Duplicates = 0, 0, 0
	f := fleet.New(cfg)
	for range n {
		records = append(records, f.Next())
	}
	return records
}

// putRecords puts records on the stream, as many at once as it takes.
func (s *site) putRecords(records []fleet.Record) {
	s.t.Helper()
	for len(records) > 0 {
		some := records[:min(len(records), 400)]
		records = records[len(some):]
		var entries []ktypes.PutRecordsRequestEntry
		for _, r := range some {
			entries = append(entries, ktypes.PutRecordsRequestEntry{Data: r.Data, PartitionKey: aws.String(r.PartitionKey)})
		}
		out, err := s.kc.PutRecords(s.t.Context(), &kinesis.PutRecordsInput{StreamName: aws.String(testStream), Records: entries})
		if err != nil || *out.FailedRecordCount > 0 {
			s.t.Fatalf("put records: %v, %+v", err, out)
		}
	}
}

// alike makes n records of one event, each with an ID and a SIM of its own.
func alike(n int, name, text string) (records []fleet.Record) {
	for i := range n {
		id := fmt.Sprintf("EZ%s%03d", name, i)
		data := strings.NewReplacer("<id>", id, "<sim>", fmt.Sprintf("HS%s%03d", name, i)).Replace(text)
		records = append(records, fleet.Record{PartitionKey: id, Data: []byte(data)})
	}
	return records
}

const (
	connectionEvent = `{"data":{"event_sid":"<id>","event_type":"com.kore.iot.supersim.connection.TYPE","account_sid":"CO1","sim_sid":"<sim>","sim_iccid":"89883070000000000001","timestamp":"2026-03-01T12:00:00Z"MORE},` +
		`"id":"<id>","time":"2026-03-01T12:00:00.0000000+00:00","type":"com.kore.iot.supersim.connection.TYPE","source":"kore-events","dataschema":"https://events-schemas.korewireless.com/SuperSim.ConnectionEvent/VERSION","specversion":"1.0","datacontenttype":"application/json"}`
	unknownEvent = `{"data":{"sim_sid":"<sim>"},"id":"<id>","type":"com.kore.iot.newthing.happened","source":"kore-events","specversion":"1.0"}`
)

func connectionOf(typ, more, version string) string {
	return strings.NewReplacer("TYPE", typ, "MORE", more, "VERSION", version).Replace(connectionEvent)
}

func TestSchema_AFleetsDriftIsShownAndWhatBreaksItsSchemaIsBuried(t *testing.T) {
	t.Parallel()
	s := newSite(t, 4)
	const more = "schema: {sample: 1, types: [{match: \"*.attachment.*\"}]}\nlease: {failover: 4s}\n"
	env := []string{"AWS_ENDPOINT_URL=" + s.url(), "KORESTREAM_STREAM=" + testStream, "KORESTREAM_LEASE_FAILOVER=4s"}
	one, oneArchive := s.node("w-one", more)
	two, twoArchive := s.node("w-two", more)
	eventually(t, "both to own shards", func() bool { return s.ownedBy(4, "w-one", "w-two") })
	const clean = 400
	s.putRecords(traffic(clean))
	eventually(t, "the clean events", func() bool { return totalArchived(t, oneArchive, twoArchive) == clean })
	if d := driftOf(t, env); len(d.Workers) != 2 || len(d.Findings) != 0 || d.seen() != clean {
		t.Errorf("clean traffic: got %+v, want nothing found by two workers in %d events", d, clean)
	}
	if code, out, _ := ask(t, env, "schema", "drift"); code != 0 || !strings.Contains(out, "nothing that the catalogue does not have\nworkers w-one, w-two: 400 events, 400 of them compared") {
		t.Errorf("clean traffic as a table: exit code %d, %q", code, out)
	}
	s.putRecords(alike(30, "imei", connectionOf("attachment.accepted", `,"imei":350000000000017`, "2")))
	s.putRecords(alike(20, "down", connectionOf("data-session.updated", `,"data_download":"2048"`, "2"))) // passed: no policy for it
	s.putRecords(alike(25, "signal", connectionOf("data-session.ended", `,"signal":{"rsrp":-97},"rat_type":"5G NR"`, "3")))
	s.putRecords(alike(15, "thing", unknownEvent))
	const handled = clean + 20 + 25 + 15
	eventually(t, "the others", func() bool { return totalArchived(t, oneArchive, twoArchive) == handled })
	wantDrift(t, env, handled+30)
	both := []*proc{one, two}
	eventually(t, "all letters", func() bool {
		n := 0
		for _, p := range both {
			n += len(listLetters(t, env, configOf(p)))
		}
		return n >= 30
	})
	counted, letters := 0.0, 0
	for _, p := range both {
		addr, _ := p.logged("admin server listens")["address"].(string)
		_, metrics := get(t, "http://"+addr+"/metrics")
		counted += metric(t, metrics, `korestream_schema_findings_total{kind="changed_kind",type="attachment.accepted"}`)
		list := listLetters(t, env, configOf(p), "--reason", "schema_mismatch")
		letters += len(list)
		for _, l := range list {
			if l.EventType != "com.kore.iot.supersim.connection.attachment.accepted" || l.Handler != "" {
				t.Errorf("buried: got %+v, want an attachment, by no handler", l)
			}
		}
		for _, line := range p.lines() {
			if strings.Contains(line, "350000000000017") || strings.Contains(line, "89883070000000000001") {
				t.Errorf("a value is logged: %s", line)
			}
		}
		if code := p.stop(); code != 0 {
			t.Errorf("exit code: got %d, want 0", code)
		}
		if code, out, errText := ask(t, env, "dlq", "redrive", "--reason", "schema_mismatch", "--config", configOf(p)); code != 0 {
			t.Errorf("redrive of what breaks its schema: exit code %d, %q, %q", code, out, errText)
		}
	}
	if letters != 30 || counted != 30 {
		t.Errorf("got %d letters and %v in the metrics, want 30 and 30", letters, counted)
	}
	if n := totalArchived(t, oneArchive, twoArchive); n != handled+30 {
		t.Errorf("after the redrive: got %d events, want all %d", n, handled+30)
	}
	wantSilence(t, env)
}

// wantDrift wants what the test has put on the stream to be found, and no more.
func wantDrift(t *testing.T, env []string, events int) {
	t.Helper()
	var d drifted
	eventually(t, "all to be looked at", func() bool { d = driftOf(t, env); return d.seen() == events })
	for _, want := range []struct {
		kind, typ, path, got string
		count                int
	}{
		{"changed_kind", "attachment.accepted", "data.imei", "number", 30},
		{"changed_kind", "data-session.updated", "data.data_download", "string", 20},
		{"new_field", "data-session.ended", "data.signal", "object", 25},
		{"new_value", "data-session.ended", "data.rat_type", "5G NR", 25},
		{"unknown_schema", "data-session.ended", "dataschema", "https://events-schemas.korewireless.com/SuperSim.ConnectionEvent/3", 25},
		{"new_type", "com.kore.iot.newthing.happened", "type", "com.kore.iot.newthing.happened", 15},
	} {
		if n := d.count(want.kind, want.typ, want.path, want.got); n != want.count {
			t.Errorf("%s %s: got %d, want %d of %+v", want.kind, want.path, n, want.count, d.Findings)
		}
	}
	if len(d.Findings) != 6 {
		t.Errorf("got %d findings, want 6: %+v", len(d.Findings), d.Findings)
	}
}

// wantSilence wants to hear who cannot be asked: nobody alive, and then one without
// an admin server.
func wantSilence(t *testing.T, env []string) {
	t.Helper()
	if code, _, errText := ask(t, env, "schema", "drift"); code != 1 || !strings.Contains(errText, "no worker of application korestream is alive") {
		t.Errorf("drift with nobody alive: exit code %d, %q, want 1", code, errText)
	}
	hidden := start(t, append(env, "KORESTREAM_WORKER=hidden", "KORESTREAM_ADMIN_LISTEN="), "run")
	hidden.logged("shard taken")
	if code, out, errText := ask(t, env, "schema", "drift"); code != 1 || !strings.Contains(out, "hidden is alive and could not be asked") || !strings.Contains(errText, "could be asked") {
		t.Errorf("drift with one that cannot be asked: exit code %d, %q, %q, want 1 and its name", code, out, errText)
	}
	if code := hidden.stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
}

// configOf is the configuration file that a process was started with.
func configOf(p *proc) string { return p.cmd.Args[len(p.cmd.Args)-1] }

// metric is the value of one series, 0 if it is not there.
func metric(t *testing.T, text, series string) (v float64) {
	t.Helper()
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, series+" "); ok {
			if _, err := fmt.Sscan(rest, &v); err != nil {
				t.Fatal(err)
			}
		}
	}
	return v
}

func TestSchema_FilesAndTheCatalogueNeedNoStream(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "events.ndjson")
	var lines []string
	for _, r := range append(traffic(50), alike(2, "x", connectionOf("attachment.accepted", `,"imei":7,"signal":1`, "2"))...) {
		lines = append(lines, string(r.Data))
	}
	write := func() {
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write()
	code, out, errText := ask(t, nil, "schema", "check", path)
	if code != 1 || !strings.Contains(out, "line 52: event EZx001, attachment.accepted: data.imei: got number, want null or string\n52 events: 50 match, 2 do not") ||
		!strings.Contains(errText, "not every event matches") {
		t.Errorf("check: exit code %d\n%s\n%s", code, out, errText)
	}
	if d := driftOf(t, nil, "--file", path); d.seen() != 52 || d.count("new_field", "attachment.accepted", "data.signal", "integer") != 2 || len(d.Findings) != 2 {
		t.Errorf("drift of a file: got %+v", d)
	}
	lines = lines[:50]
	write()
	if code, out, _ := ask(t, nil, "schema", "check", path); code != 0 || out != "50 events: 50 match, 0 do not" {
		t.Errorf("check of what is clean: exit code %d, %q", code, out)
	}
	if code, out, _ := ask(t, nil, "schema", "ls"); code != 0 || !strings.Contains(out, "*.supersim.connection.data-session.updated   SuperSim.ConnectionEvent   1 2") {
		t.Errorf("ls: exit code %d\n%s", code, out)
	}
	code, out, _ = ask(t, nil, "schema", "show", "data-session.updated", "--version", "1")
	if code != 0 || !json.Valid([]byte(out)) || !strings.Contains(out, "draft-07") || strings.Contains(out, "data_session_data_total") {
		t.Errorf("show of version 1: exit code %d\n%s", code, out)
	}
	for _, args := range [][]string{{"schema"}, {"schema", "show", "no-such"}, {"schema", "show", "test", "--version", "9"}, {"schema", "check"}, {"schema", "check", path + "x"}} {
		if code, _, errText := ask(t, nil, args...); code != 2 || errText == "" {
			t.Errorf("%v: got exit code %d, %q, want 2 and why", args, code, errText)
		}
	}
}
