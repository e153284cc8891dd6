package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	ktypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"korestream/localstack/embed"
)

// letterSink is where dead letters go, and how it goes away.
type letterSink struct {
	config  string
	env     []string
	awayFor func(time.Duration)
}

func newLetterSink(t *testing.T, kind string, s *site) letterSink {
	t.Helper()
	switch kind {
	case "sqs":
		g, _, queue := sqsGate(t)
		return letterSink{"queue_url: \"" + queue + "\"", []string{"AWS_ENDPOINT_URL_SQS=" + g.url()}, g.awayFor}
	case "s3":
		g, _ := s3Gate(t)
		return letterSink{"bucket: " + sinkName, []string{"AWS_ENDPOINT_URL_S3=" + g.url()}, g.awayFor}
	}
	_, err := s.kc.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String(sinkName), ShardCount: aws.Int32(1)})
	if err != nil {
		t.Fatal(err)
	}
	return letterSink{"stream: " + sinkName, nil, func(d time.Duration) {
		f := s.ep.Faults().Add(embed.Fault{Service: embed.Kinesis, Stream: sinkName, Kind: embed.Unavailable})
		time.Sleep(d)
		f.Remove()
	}}
}

func TestRun_LettersAllLandAfterTheirSinkWasAwayFor30s(t *testing.T) {
	t.Parallel()
	scenarios := make(map[string]func(*testing.T))
	for _, kind := range []string{"sqs", "s3", "kinesis"} {
		scenarios[kind] = func(t *testing.T) {
			s := newSite(t, 2)
			lettersLand(t, s, kind, newLetterSink(t, kind, s))
		}
	}
	together(t, scenarios)
}

// lettersLand has poison of both kinds arrive while the sink is away: events that
// the handler refuses, and records that cannot be decoded.
func lettersLand(t *testing.T, s *site, kind string, sink letterSink) {
	const badSIM, broken = "HS05", 20
	dir := t.TempDir()
	cfg, handled := filepath.Join(dir, "korestream.yaml"), filepath.Join(dir, "handled")
	text := "stream: " + testStream + "\nadmin: {listen: \"\"}\nretry: {max_attempts: 2, initial_backoff: 1ms, max_backoff: 1s}\n" +
		"dead_letters: {type: " + kind + ", " + sink.config + "}\n" +
		"handlers:\n  - {name: slow, type: slow, settings: {takes: 1ms, file: " + handled + ", bad: " + badSIM + "}}\n"
	if err := os.WriteFile(cfg, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	env := append([]string{"AWS_ENDPOINT_URL=" + s.url()}, sink.env...)
	p := start(t, env, "run", "--config", cfg)
	p.logged("shard taken")
	load := s.produce(100)
	time.Sleep(3 * time.Second)
	for i := range broken {
		time.AfterFunc(time.Duration(i)*1500*time.Millisecond, func() { // as the sink goes, while it is away, as it comes
			_, err := s.kc.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: aws.String(testStream), Records: []ktypes.PutRecordsRequestEntry{
				{Data: fmt.Appendf(nil, `{"id": %d, `, i), PartitionKey: aws.String(fmt.Sprint(i))},
			}})
			if err != nil {
				t.Error(err)
			}
		})
	}
	sink.awayFor(30 * time.Second)
	back := time.Now()
	time.Sleep(2 * time.Second)
	n := load.stop()
	poison := 0
	for i := range n {
		if strings.HasPrefix(eventID(i), badSIM+"/") {
			poison++
		}
	}
	times := make(map[string]int)
	eventually(t, "all others handled", func() bool {
		clear(times)
		for _, h := range handlings(t, handled) {
			times[h.id]++
		}
		return len(times) >= n-poison
	})
	letters := make(map[string]bool)
	eventually(t, "all letters", func() bool {
		time.Sleep(time.Second)
		for _, l := range listLetters(t, env, cfg) {
			letters[l.ID] = true
		}
		return len(letters) >= poison+broken
	})
	took := time.Since(back)
	if code := p.stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	if len(letters) != poison+broken {
		t.Errorf("got %d letters, want %d", len(letters), poison+broken)
	}
	twice := 0
	for i := range n {
		id := eventID(i)
		if isPoison := strings.HasPrefix(id, badSIM+"/"); (times[id] == 0) != isPoison {
			t.Errorf("%s was handled %d times", id, times[id])
		}
		if times[id] > 1 {
			twice++
		}
	}
	t.Logf("sink of letters (%s) away for 30 s: %d of %d letters there, %d of %d other events handled, %d twice, caught up %s after it was back",
		kind, len(letters), poison+broken, len(times), n-poison, twice, took.Round(100*time.Millisecond))
}
