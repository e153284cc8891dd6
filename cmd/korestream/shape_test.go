package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// The events of this test: number n is of SIM n%sims, in a country or in none,
// and every 30th has a number in quotes.
const shapeEvents = 300

func shapeCountry(n int) string { return [...]string{"US", "CA", "MX", ""}[n%4] }

func shapeICCID(n int) string { return fmt.Sprintf("898830700000000%05d", n%sims) }

func shapeEvent(n int) string {
	network, total := "", fmt.Sprint(n)
	if c := shapeCountry(n); c != "" {
		network = fmt.Sprintf(`"network":{"iso_country":%q,"mcc":"310"},`, c)
	}
	if n%30 == 0 {
		total = fmt.Sprintf("%q", total)
	}
	return fmt.Sprintf(`{"data":{"sim_sid":"HS%02d","sim_iccid":%q,"imsi":"90143%010d",%s"location":{"lat":26.2721,"lon":-81.809},"data_total":%s,"cost":1.50},`+
		`"id":%q,"type":"com.kore.iot.supersim.connection.data-session.updated","source":"kore-events","specversion":"1.0"}`,
		n%sims, shapeICCID(n), n%sims, network, total, eventID(n))
}

func putShapeEvents(t *testing.T, kc *kinesis.Client) {
	t.Helper()
	for n := range shapeEvents {
		_, err := kc.PutRecord(t.Context(), &kinesis.PutRecordInput{
			StreamName: aws.String(testStream), Data: []byte(shapeEvent(n)), PartitionKey: aws.String(fmt.Sprint(n % sims)),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := kc.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: aws.String(testStream), Records: []types.PutRecordsRequestEntry{
		{Data: []byte(`{"data":{"test_id":"88bf54a9"},"id":"a-test","type":"com.kore.eventstreams.test.event"}`), PartitionKey: aws.String("x")},
	}})
	if err != nil {
		t.Fatal(err)
	}
}

// shapedLine is what the test looks at of an archive's line.
type shapedLine struct {
	ID   string
	Data struct {
		Network struct {
			Country string `json:"iso_country"`
		}
		ICCID string `json:"sim_iccid"`
		IMSI  string
		SIM   string `json:"sim_sid"`
	}
}

// shapedLines reads an archive by ID; no event may be there twice.
func shapedLines(t *testing.T, path string) (map[string]shapedLine, string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	byID := make(map[string]shapedLine)
	for lines := bufio.NewScanner(strings.NewReader(string(text))); lines.Scan(); {
		var l shapedLine
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatalf("%s: %s: %v", path, lines.Text(), err)
		}
		if _, twice := byID[l.ID]; twice {
			t.Errorf("%s: %s is there twice", path, l.ID)
		}
		byID[l.ID] = l
	}
	return byID, string(text)
}

// shapeConfig writes a configuration with three archives in a folder: of the
// events in the US, of all without what identifies a SIM, and of the heavy ones.
func shapeConfig(t *testing.T, dir, name, heavy string) string {
	t.Helper()
	key, path := filepath.Join(dir, "key"), filepath.Join(dir, name)
	if err := os.WriteFile(key, []byte("0123456789abcdef0123456789abcdef\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(`
stream: %s
admin: {listen: ""}
dead_letters: {path: %[2]s/letters.ndjson}
handlers:
  - name: us
    type: ndjson
    path: %[2]s/us.ndjson
    where: data.network.iso_country == "US"
  - name: lake
    type: ndjson
    path: %[2]s/lake.ndjson
    redact: [iccid=hash, imsi=mask, location]
    redact_key_file: %[3]s
  - name: heavy
    type: ndjson
    path: %[2]s/heavy.ndjson
    where: %[4]s
    project: [data.sim_sid, data.data_total, data.cost]
`, testStream, dir, key, heavy)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRun_HandlersGetWhatTheyWantAndSeeWhatTheyMay(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2)
	putShapeEvents(t, s.kc)
	dir := t.TempDir()
	env := []string{"AWS_ENDPOINT_URL=" + s.url()}
	cfg := shapeConfig(t, dir, "first.yaml", "data.data_total >= 150")
	p := start(t, env, "run", "--config", cfg)
	eventually(t, "all events in the lake", func() bool { return totalArchived(t, filepath.Join(dir, "lake.ndjson")) > shapeEvents })
	if code := p.stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}

	us, _ := shapedLines(t, filepath.Join(dir, "us.ndjson"))
	for id, l := range us {
		if l.Data.Network.Country != "US" {
			t.Errorf("%s is in country %q, want US", id, l.Data.Network.Country)
		}
	}
	lake, text := shapedLines(t, filepath.Join(dir, "lake.ndjson"))
	if len(us) != shapeEvents/4 || len(lake) != shapeEvents+1 {
		t.Errorf("got %d events in the US and %d in the lake, want %d and %d", len(us), len(lake), shapeEvents/4, shapeEvents+1)
	}
	for _, secret := range []string{"8988307", "90143", "26.2721", "location"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s is in the lake", secret)
		}
	}
	hashes := make(map[string]string)
	for n := range shapeEvents {
		l, sim := lake[eventID(n)], shapeICCID(n)
		if known := hashes[sim]; len(l.Data.ICCID) != 64 || known != "" && known != l.Data.ICCID || l.Data.IMSI != fmt.Sprintf("****%04d", n%sims) {
			t.Fatalf("%s: got ICCID %s and IMSI %s, want the hash %s of its SIM and a mask", l.ID, l.Data.ICCID, l.Data.IMSI, known)
		}
		hashes[sim] = l.Data.ICCID
	}
	if strings.Count(text, `"cost":1.50}`) != shapeEvents {
		t.Error("numbers in the lake are not as they came")
	}
	shapedAndRedriven(t, env, dir, cfg)
}

// shapedAndRedriven goes on with what the condition on numbers failed on.
func shapedAndRedriven(t *testing.T, env []string, dir, cfg string) {
	const failed = shapeEvents / 30
	if l := listLetters(t, env, cfg, "--reason", "filter_failed"); len(l) != failed || l[0].Handler != "heavy" {
		t.Fatalf("letters: got %+v, want %d of heavy", l, failed)
	}
	letters, err := os.ReadFile(filepath.Join(dir, "letters.ndjson"))
	if err != nil || !strings.Contains(string(letters), shapeICCID(0)) {
		t.Errorf("the letters do not hold the whole event: %v\n%.500s", err, letters)
	}
	mended := shapeConfig(t, dir, "mended.yaml", "int(data.data_total) >= 150")
	code, out, errText := ask(t, env, "dlq", "redrive", "--config", mended)
	if code != 0 || !strings.Contains(out, fmt.Sprintf("%d redriven, 0 stay", failed)) {
		t.Errorf("redrive: exit code %d, %q, %q", code, out, errText)
	}
	heavy, text := shapedLines(t, filepath.Join(dir, "heavy.ndjson"))
	if len(heavy) != shapeEvents/2 || strings.Contains(text, "8988307") || strings.Contains(text, "network") || !strings.Contains(text, `"data_total":"150"`) {
		t.Errorf("heavy: got %d events, want %d of 150 and more, the redriven ones too, with what is projected:\n%.500s", len(heavy), shapeEvents/2, text)
	}
	if lake, _ := shapedLines(t, filepath.Join(dir, "lake.ndjson")); len(lake) != shapeEvents+1 {
		t.Errorf("the redrive has reached handlers that the letters were not of: %d events in the lake", len(lake))
	}
}

func TestRun_ABadConditionEndsWith78AndSaysWhere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for condition, want := range map[string]string{
		"data.network.iso_country = 'US'": "column 26: Syntax error",
		"data.data_total":                 "want a condition",
		"country == 'US'":                 "column 1: undeclared reference to 'country'",
	} {
		cfg := shapeConfig(t, dir, "bad.yaml", condition)
		code, _, errText := ask(t, []string{"AWS_ENDPOINT_URL=http://127.0.0.1:1"}, "run", "--config", cfg)
		if code != 78 || !strings.Contains(errText, "handlers[2].where ("+cfg+":") || !strings.Contains(errText, want) {
			t.Errorf("%s: got exit code %d and %q, want 78 and %q", condition, code, errText, want)
		}
	}
}
