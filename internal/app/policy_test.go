package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"korestream/internal/iam"
)

var discard = zap.NewNop()

const (
	queueURL   = "https://sqs.us-east-1.amazonaws.com/111122223333/events"
	batchURL   = "https://sqs.us-east-1.amazonaws.com/111122223333/batches"
	lettersURL = "https://sqs.us-east-1.amazonaws.com/111122223333/letters"
)

// configurations are such that each rule of the table is needed by one of them.
func configurations(a *account) map[string]map[string]string {
	return map[string]map[string]string{
		"polling, all in files": {},
		"fan-out, tables and queues": {
			"source.type": "fan_out", "dedupe.store": "dynamodb",
			"handlers": "[{name: sims, type: simstate, store: dynamodb, ttl: 1h}, {name: q, type: sqs, queue_url: " + queueURL + "}, " +
				"{name: b, type: sqs, queue_url: " + batchURL + ", batch: {max_events: 5}}, {name: own, type: blocks}]",
			"dead_letters.type": "sqs", "dead_letters.queue_url": lettersURL, "dead_letters.bucket": policyBucket, "dead_letters.max_message_bytes": "2048",
		},
		"auto, buckets": {
			"source.type": "auto", "handlers": "[{name: o, type: s3, bucket: " + policyBucket + ", prefix: events/}, {name: sims, type: simstate, store: dynamodb}]",
			"dead_letters.type": "s3", "dead_letters.bucket": policyBucket, "dead_letters.prefix": "dead/",
		},
		"letters in a stream": {"dead_letters.type": "kinesis", "dead_letters.stream": a.ep.StreamARN("letters")},
	}
}

// fill puts an event, what no handler ends with, and what is no event: a small
// and a large letter.
func (a *account) fill() {
	a.put(`{"id":"EZ1","type":"supersim.connection.attachment.accepted","time":"2026-03-01T12:00:00Z","source":"kore-events","specversion":"1.0","data":{"sim_sid":"HS1","timestamp":"2026-03-01T12:00:00Z"}}`)
	a.put("no event")
	a.put(strings.Repeat("no event ", 1000))
	a.put(`{"id":"blocks","type":"supersim.connection.attachment.accepted","source":"kore-events","specversion":"1.0","data":{"sim_sid":"HS2","timestamp":"2026-03-01T12:00:00Z"}}`)
}

// rare are calls that only circumstances bring about which these runs have not, and
// why that is known to be right.
var rare = map[string]string{
	"kinesis SubscribeToShard korestream, auto, buckets": "auto subscribes when a shard has been behind for ten seconds; consumer's own tests show it, and fan-out makes the same call here",
}

func TestPolicy_AllowsTheCallsOfADaemonAndNoOther(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"polling, all in files", "fan-out, tables and queues", "auto, buckets", "letters in a stream"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := newAccount(t)
				cfg := a.load(configurations(a)[name])
				a.fill()
				a.runFor(cfg, 10*time.Second)
				a.runFor(a.load(configurations(a)[name]), 10*time.Second) // with checkpoints
				needed, called := a.needed(cfg, false), a.called()
				if missing := without(called, needed); len(missing) > 0 {
					t.Errorf("called and not in the table:\n%s", strings.Join(missing, "\n"))
				}
				for _, idle := range without(needed, called) {
					if rare[idle+", "+name] == "" {
						t.Errorf("in the table and never called: %s", idle)
					}
				}
			})
		})
	}
}

// elsewhere are calls of operators that are not made here, and why.
var elsewhere = map[string]string{
	"kinesis PutRecord": "verify puts its event; TestVerify shows it",
	"dynamodb Scan":     "sim ls reads the table of states; its own tests show it",
}

func TestPolicy_AllowsTheCallsOfAnOperatorToo(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"fan-out, tables and queues", "auto, buckets", "letters in a stream"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := newAccount(t)
				cfg := a.load(configurations(a)[name])
				a.fill()
				a.runFor(cfg, 10*time.Second)
				a.forget()
				if err := examine(t.Context(), cfg, a.clients, io.Discard, "table"); err != nil {
					t.Error(err)
				}
				a.redrive(cfg)
				operator, called := a.needed(cfg, true), a.called()
				daemon := a.needed(cfg, false)
				for _, extra := range without(called, daemon) {
					if !operator[extra] {
						t.Errorf("called and not in the table: %s", extra)
					}
				}
				for _, idle := range without(operator, called) {
					service, rest, _ := strings.Cut(idle, " ")
					operation, _, _ := strings.Cut(rest, " ")
					if elsewhere[service+" "+operation] == "" {
						t.Errorf("in the table and never called: %s", idle)
					}
				}
			})
		})
	}
}

func TestPolicy_NamesEachResourceAndNoMore(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	cfg := a.load(configurations(a)["fan-out, tables and queues"])
	var b bytes.Buffer
	if err := IAMPolicy(cfg, PolicyOptions{Keys: []string{"arn:aws:kms:us-east-1:111122223333:key/k"}}, &b); err != nil {
		t.Fatal(err)
	}
	var d iam.Document
	if err := json.Unmarshal(b.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	got := make(map[string][]string)
	for _, s := range d.Statement {
		got[s.Resource[0]] = s.Action
	}
	const tables, queues = "arn:aws:dynamodb:us-east-1:000000000000:table/korestream", "arn:aws:sqs:us-east-1:111122223333:"
	stream := a.ep.StreamARN("kore-events")
	for resource, actions := range map[string][]string{
		stream:                            {"kinesis:DescribeStreamSummary", "kinesis:ListShards", "kinesis:GetShardIterator", "kinesis:GetRecords", "kinesis:RegisterStreamConsumer"},
		stream + "/consumer/korestream:*": {"kinesis:DescribeStreamConsumer", "kinesis:SubscribeToShard"},
		tables:                            {"dynamodb:DescribeTable", "dynamodb:Scan", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:CreateTable"},
		tables + "-handled":               {"dynamodb:DescribeTable", "dynamodb:CreateTable", "dynamodb:DescribeTimeToLive", "dynamodb:UpdateTimeToLive", "dynamodb:UpdateItem", "dynamodb:DeleteItem"},
		tables + "-sims":                  {"dynamodb:DescribeTable", "dynamodb:CreateTable", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DescribeTimeToLive", "dynamodb:UpdateTimeToLive"},
		queues + "events":                 {"sqs:SendMessage"}, queues + "batches": {"sqs:SendMessage"}, queues + "letters": {"sqs:SendMessage"},
		"arn:aws:s3:::" + policyBucket + "/*":      {"s3:PutObject"},
		"arn:aws:kms:us-east-1:111122223333:key/k": {"kms:Decrypt", "kms:GenerateDataKey"},
	} {
		if !slices.Equal(got[resource], actions) {
			t.Errorf("%s: got %v, want %v", resource, got[resource], actions)
		}
		delete(got, resource)
	}
	if len(got) > 0 {
		t.Errorf("other statements: %v", got)
	}
	if len(d.Statement) > 0 {
		if via := fmt.Sprint(d.Statement[len(d.Statement)-1].Condition); !strings.Contains(via, "kinesis.us-east-1.amazonaws.com") || strings.Contains(via, "dynamodb") {
			t.Errorf("the key's condition: got %s, want the services that use it", via)
		}
	}
}
