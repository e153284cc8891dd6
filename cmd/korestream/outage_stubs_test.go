package main

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"korestream/localstack/engines"
)

// gate is an address behind which a service is, and can be away: then nobody
// listens there.
type gate struct {
	t       *testing.T
	addr    string
	handler http.Handler
	server  *http.Server
}

func newGate(t *testing.T, h http.Handler) *gate {
	t.Helper()
	g := &gate{t: t, addr: freeAddress(t), handler: h}
	g.open()
	t.Cleanup(g.close)
	return g
}

func (g *gate) url() string { return "http://" + g.addr }

// open listens, on the same port as before.
func (g *gate) open() {
	g.t.Helper()
	l, err := net.Listen("tcp", g.addr)
	if err != nil {
		g.t.Fatal(err)
	}
	server := &http.Server{Handler: g.handler, ReadHeaderTimeout: time.Minute}
	g.server = server
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			g.t.Errorf("serve: %v", err)
		}
	}()
}

func (g *gate) close() { _ = g.server.Close() } // its connections are to be broken

const sinkName = "korestream-test"

// sqsGate is a queue of an SQS that is not ours.
func sqsGate(t *testing.T) (g *gate, client *sqs.Client, queue string) {
	t.Helper()
	engine, err := engines.StartSQS(t.Context())
	if errors.Is(err, engines.ErrNoNode) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := engine.Stop(); err != nil {
			t.Error(err)
		}
	})
	to, err := url.Parse(engine.URL)
	if err != nil {
		t.Fatal(err)
	}
	g = newGate(t, httputil.NewSingleHostReverseProxy(to))
	client = sqs.NewFromConfig(engine.Config()) // past the gate
	out, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String(sinkName)})
	if err != nil {
		t.Fatal(err)
	}
	return g, client, *out.QueueUrl
}

// messageIDs takes all messages out of a queue and adds how often each event was
// among them.
func messageIDs(t *testing.T, client *sqs.Client, queue string, times map[string]int) {
	t.Helper()
	for {
		out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queue, MaxNumberOfMessages: 10})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Messages) == 0 {
			return
		}
		for _, m := range out.Messages {
			times[idOf(t, *m.Body)]++
			if _, err := client.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &queue, ReceiptHandle: m.ReceiptHandle}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// s3Gate is a bucket of an S3 that is not ours.
func s3Gate(t *testing.T) (*gate, *s3mem.Backend) {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket(sinkName); err != nil {
		t.Fatal(err)
	}
	return newGate(t, gofakes3.New(backend).Server()), backend
}

// objectIDs reads all objects of a bucket and says how often each event is there.
func objectIDs(t *testing.T, backend *s3mem.Backend) map[string]int {
	t.Helper()
	times := make(map[string]int)
	all, err := backend.ListBucket(sinkName, nil, gofakes3.ListBucketPage{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all.Contents {
		o, err := backend.GetObject(sinkName, c.Key, nil)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := gzip.NewReader(o.Contents)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(lines)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			times[idOf(t, line)]++
		}
	}
	return times
}

func idOf(t *testing.T, text string) string {
	t.Helper()
	var e struct{ ID string }
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		t.Fatalf("%v: %.200s", err, text)
	}
	return e.ID
}

// child is a program for a handler of type exec. It notes each line that it reads
// in a file before it answers.
const child = `#!/bin/sh
while IFS= read -r line; do
	id=${line#'{"id":"'}
	id=${id%%'"'*}
	printf '%s\n' "$line" >> "$NOTES"
	printf '{"id":"%s"}\n' "$id"
done
`

// execSite is a program in a folder, and what it notes.
type execSite struct{ program, notes string }

func newExecSite(t *testing.T) execSite {
	t.Helper()
	dir := t.TempDir()
	x := execSite{filepath.Join(dir, "child"), filepath.Join(dir, "notes")}
	x.install(t, child)
	return x
}

// install puts a program in place at once.
func (x execSite) install(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(x.program+".new", []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(x.program+".new", x.program); err != nil {
		t.Fatal(err)
	}
}

func (x execSite) handler() string {
	return "{name: program, type: exec, command: [\"" + x.program + "\"], env: [\"NOTES=" + x.notes + "\"]}"
}

// ids are the events that were noted, in their order.
func (x execSite) ids(t *testing.T) (ids []string) {
	t.Helper()
	text, err := os.ReadFile(x.notes)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var q struct{ Event struct{ ID string } }
		if err := json.Unmarshal([]byte(line), &q); err == nil { // a kill may have torn it
			ids = append(ids, q.Event.ID)
		}
	}
	return ids
}

func (x execSite) times(t *testing.T) map[string]int {
	times := make(map[string]int)
	for _, id := range x.ids(t) {
		times[id]++
	}
	return times
}

// programPID is the process of the program that was started last.
func programPID(t *testing.T, p *proc) int {
	t.Helper()
	pid := 0
	for _, l := range p.lines() {
		var m struct {
			Message string
			PID     int
		}
		if json.Unmarshal([]byte(l), &m) == nil && m.Message == "program started" {
			pid = m.PID
		}
	}
	if pid == 0 {
		t.Fatal("no program was started")
	}
	return pid
}
