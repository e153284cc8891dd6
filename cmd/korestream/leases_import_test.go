package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// places reads every shard's sequence numbers from the beginning.
func places(t *testing.T, kc *kinesis.Client) map[string][]string {
	t.Helper()
	listed, err := kc.ListShards(t.Context(), &kinesis.ListShardsInput{StreamName: aws.String(testStream)})
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string][]string)
	for _, s := range listed.Shards {
		id := aws.ToString(s.ShardId)
		it, err := kc.GetShardIterator(t.Context(), &kinesis.GetShardIteratorInput{
			StreamName: aws.String(testStream), ShardId: s.ShardId, ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := kc.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: it.ShardIterator})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range got.Records {
			out[id] = append(out[id], aws.ToString(r.SequenceNumber))
		}
	}
	return out
}

// javaTable is the lease table of an application of Amazon's KCL 2 that has
// checkpointed each shard at the given place.
func javaTable(t *testing.T, db *dynamodb.Client, name string, at map[string]string) {
	t.Helper()
	_, err := db.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: ddb.BillingModePayPerRequest,
		AttributeDefinitions: []ddb.AttributeDefinition{{AttributeName: aws.String("leaseKey"), AttributeType: ddb.ScalarAttributeTypeS}},
		KeySchema:            []ddb.KeySchemaElement{{AttributeName: aws.String("leaseKey"), KeyType: ddb.KeyTypeHash}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := dynamodb.NewTableExistsWaiter(db).Wait(t.Context(), &dynamodb.DescribeTableInput{TableName: &name}, time.Minute); err != nil {
		t.Fatal(err)
	}
	for shard, place := range at {
		_, err := db.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &name, Item: map[string]ddb.AttributeValue{
			"leaseKey": &ddb.AttributeValueMemberS{Value: shard}, "leaseCounter": &ddb.AttributeValueMemberN{Value: "77"},
			"leaseOwner": &ddb.AttributeValueMemberS{Value: "java-worker"}, "ownerSwitchesSinceCheckpoint": &ddb.AttributeValueMemberN{Value: "1"},
			"checkpoint": &ddb.AttributeValueMemberS{Value: place}, "checkpointSubSequenceNumber": &ddb.AttributeValueMemberN{Value: "0"},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestLeasesImport_GoesOnWhereTheOtherApplicationStopped(t *testing.T) {
	t.Parallel()
	url := emulate(t)
	env := []string{"AWS_ENDPOINT_URL=" + url}
	kc := testKinesis(url)
	createStream(t, kc, 2)
	const all = 200
	putEvents(t, kc, 0, all)
	done, left := make(map[string]string), 0
	for shard, numbers := range places(t, kc) {
		done[shard] = numbers[len(numbers)/3] // a third, and one, was read
		left += len(numbers) - len(numbers)/3 - 1
	}
	javaTable(t, testDynamoDB(url), "java-app", done)

	args := []string{"leases", "import", "--stream", testStream, "--from", "java-app", "--watch", "1s", "--output", "json"}
	for _, tt := range []struct {
		more   []string
		action string
	}{{[]string{"--dry-run"}, "imported"}, {nil, "imported"}, {nil, "already there"}} {
		p := start(t, env, append(slices.Clone(args), tt.more...)...)
		if code := p.wait(time.Minute); code != 0 {
			t.Fatalf("exit code: got %d, want 0", code)
		}
		var report struct {
			DryRun bool `json:"dry_run"`
			Shards []struct{ Shard, Checkpoint, Action string }
		}
		if err := json.Unmarshal([]byte(strings.Join(p.lines(), "\n")), &report); err != nil {
			t.Fatal(err)
		}
		if len(report.Shards) != 2 || report.DryRun != (tt.more != nil) {
			t.Errorf("report: got %+v, want two shards", report)
		}
		for _, s := range report.Shards {
			if s.Checkpoint != done[s.Shard] || s.Action != tt.action {
				t.Errorf("%s: got %q at %s, want %q at %s", s.Shard, s.Action, s.Checkpoint, tt.action, done[s.Shard])
			}
		}
	}

	cfg, archive := writeConfig(t, "stream: "+testStream+"\nstart: latest\n")
	p := start(t, env, "run", "--config", cfg)
	eventually(t, "the rest of the events", func() bool { return len(archived(t, archive)) >= left })
	if code := p.stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	if got := len(archived(t, archive)); got != left {
		t.Errorf("handled: got %d events, want the %d that were not checkpointed of %d", got, left, all)
	}
}

func TestLeasesImport_RefusesWithThreeAndSaysWhatToDo(t *testing.T) {
	t.Parallel()
	url := emulate(t)
	createStream(t, testKinesis(url), 1)
	javaTable(t, testDynamoDB(url), "java-app", map[string]string{"shardId-000000000000": "no number"})
	for _, tt := range []struct {
		from string
		want []string
		code int
	}{
		{"java-app", []string{"shardId-000000000000", "no number", "java-app"}, 3},
		{"nowhere", []string{"nowhere", "no such table"}, 3},
		{"korestream", []string{"korestream", "nothing is to be imported"}, 3},
		{"", []string{"--from"}, 2},
	} {
		p := start(t, []string{"AWS_ENDPOINT_URL=" + url}, "leases", "import", "--stream", testStream, "--watch", "1s", "--from", tt.from)
		if code := p.wait(time.Minute); code != tt.code {
			t.Errorf("from %q: exit code %d, want %d", tt.from, code, tt.code)
		}
		for _, want := range tt.want {
			if !strings.Contains(p.errText(), want) {
				t.Errorf("from %q: the error does not say %q:\n%s", tt.from, want, p.errText())
			}
		}
	}
}

func TestLeasesImport_TableForPeople(t *testing.T) {
	t.Parallel()
	url := emulate(t)
	createStream(t, testKinesis(url), 2)
	javaTable(t, testDynamoDB(url), "java-app", map[string]string{"shardId-000000000000": "123", "shardId-000000000001": "LATEST", "shardId-000000000099": "5"})
	p := start(t, []string{"AWS_ENDPOINT_URL=" + url}, "leases", "import", "--stream", testStream, "--watch", "1s", "--from", "java-app", "--dry-run")
	if code := p.wait(time.Minute); code != 0 {
		t.Fatalf("exit code: got %d, want 0", code)
	}
	var rows []string
	for _, l := range p.lines() {
		rows = append(rows, strings.Join(strings.Fields(l), " "))
	}
	got := strings.Join(rows, "\n")
	for n, want := range []string{"123 imported", "TRIM_HORIZON imported never checkpointed (LATEST)"} {
		if want = fmt.Sprintf("shardId-%012d %s", n, want); !strings.Contains(got, want) {
			t.Errorf("got\n%s\nwant a line %q", got, want)
		}
	}
	for _, want := range []string{"shardId-000000000099 - skipped", "expired", "dry run: nothing was written to table korestream"} {
		if !strings.Contains(got, want) {
			t.Errorf("got\n%s\nwant %q in it", got, want)
		}
	}
}
