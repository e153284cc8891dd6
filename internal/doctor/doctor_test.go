package doctor

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"korestream/localstack/embed"
)

func TestExamine_FindsNothingOnAHealthySetUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPatient(t)
		p.worker("one")
		p.worker("two")
		time.Sleep(time.Second)
		r := p.examine()
		for _, f := range r.Findings {
			if !f.OK || f.Advice {
				t.Errorf("found: %+v", f)
			}
		}
		checked := make(map[string]bool)
		for _, f := range r.Findings {
			checked[f.Check] = true
		}
		for _, check := range []string{
			"clock", "lease table", "lease table billing", "lease table time to live", "dedupe table", "dedupe table time to live", "table of SIM states",
			"status", "shards", "retention", "headroom", "encryption", "record size", "ingest", "readers", "fan-out consumer", "dead letters", "permissions", "workers",
		} {
			if !checked[check] {
				t.Errorf("%s was not looked at", check)
			}
		}
		idle := make(map[string]bool)
		for _, a := range r.Actions {
			if a.Result != allowed {
				idle[a.Action] = true
			}
		}
		if got := fmt.Sprint(idle); got != "map[kinesis:RegisterStreamConsumer:true sqs:SendMessage:true]" {
			t.Errorf("not exercised: got %s, want what has no harmless call", got)
		}
		kept, err := p.db.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("korestream-handled")})
		if err != nil || kept.Count != 0 {
			t.Errorf("an examination left %d rows, %v; want none", kept.Count, err)
		}
	})
}

func TestExamine_FindsEachFaultAndSaysHowToMendIt(t *testing.T) {
	t.Parallel()
	stream := aws.String("kore-events")
	for _, tt := range []struct {
		name               string
		opts               []embed.Option
		plant              func(*testing.T, *patient)
		check, found, mend string
	}{
		{"retention is too short", nil, func(_ *testing.T, p *patient) { p.flags["startup.retention.min"] = "72h" }, "retention", "24 h", "increase-stream-retention-period --stream-name kore-events --retention-period-hours 72"},
		{"too few shards", nil, func(_ *testing.T, p *patient) { p.flags["startup.shards.min"] = "4" }, "shards", "2 open shards", "update-shard-count --stream-name kore-events --target-shard-count 4"},
		{"no stream", nil, func(t *testing.T, p *patient) {
			p.must(p.kc.DeleteStream(t.Context(), &kinesis.DeleteStreamInput{StreamName: stream, EnforceConsumerDeletion: aws.Bool(true)}))
		}, "stream", "no such stream", "aws kinesis create-stream --stream-name kore-events"},
		{"stream goes", []embed.Option{embed.WithTransition(time.Minute)}, func(t *testing.T, p *patient) {
			time.Sleep(2 * time.Minute)
			p.must(p.kc.DeleteStream(t.Context(), &kinesis.DeleteStreamInput{StreamName: stream, EnforceConsumerDeletion: aws.Bool(true)}))
		}, "status", "DELETING", "aws kinesis wait stream-exists"},
		{"clock is wrong", nil, func(_ *testing.T, p *patient) { p.ep.Faults().SetClockOffset(10 * time.Minute) }, "clock", "10m0s apart", "timedatectl"},
		{"key cannot be used", nil, func(t *testing.T, p *patient) {
			p.must(p.kc.StartStreamEncryption(t.Context(), &kinesis.StartStreamEncryptionInput{StreamName: stream, EncryptionType: types.EncryptionTypeKms, KeyId: aws.String("alias/kore")}))
			p.ep.Faults().Add(embed.Fault{Operation: "GetRecords", Kind: embed.KMSError})
		}, "encryption", "alias/kore refused: KMSAccessDeniedException", "describe-key --key-id alias/kore"},
		{"records larger than a letter may be", nil, func(t *testing.T, p *patient) {
			p.must(p.kc.UpdateMaxRecordSize(t.Context(), &kinesis.UpdateMaxRecordSizeInput{StreamARN: aws.String(p.ep.StreamARN("kore-events")), MaxRecordSizeInKiB: aws.Int32(10240)}))
		}, "record size", "10240 KiB", "dead_letters.bucket"},
		{"a shard at its limit", nil, func(t *testing.T, p *patient) {
			p.must(p.db.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("korestream"), Item: map[string]ddb.AttributeValue{
				"leaseKey": &ddb.AttributeValueMemberS{Value: "shardId-000000000000"}, "leaseCounter": &ddb.AttributeValueMemberN{Value: "1"},
				"checkpoint": &ddb.AttributeValueMemberS{Value: "TRIM_HORIZON"}, "throughputKBps": &ddb.AttributeValueMemberN{Value: "990.5"},
			}}))
		}, "ingest", "990 KiB/s on shardId-000000000000, the busiest shard; 1 shards above", "update-shard-count --stream-name kore-events --target-shard-count 3"},
		{"a shard at its limit, and no worker yet", nil, func(t *testing.T, p *patient) {
			for range 10 {
				p.must(p.kc.PutRecord(t.Context(), &kinesis.PutRecordInput{StreamName: stream, PartitionKey: aws.String("k"), Data: make([]byte, 900<<10)}))
			}
		}, "ingest", "900 KiB/s on shardId-", "update-shard-count --stream-name kore-events --target-shard-count 3"},
		{"a shard with too many records", nil, func(t *testing.T, p *patient) {
			var records []types.PutRecordsRequestEntry
			for range 500 {
				records = append(records, types.PutRecordsRequestEntry{PartitionKey: aws.String("k"), Data: []byte("x")})
			}
			for range 19 {
				p.must(p.kc.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: stream, Records: records}))
			}
		}, "ingest", "1 shards above", "update-shard-count --stream-name kore-events --target-shard-count 3"},
		{"others read too much", nil, func(_ *testing.T, p *patient) {
			p.ep.Faults().Add(embed.Fault{Operation: "GetRecords", Kind: embed.Throttle})
		}, "readers", "4 of 4 reads refused", "fan_out"},
		{"no place for a consumer", nil, func(t *testing.T, p *patient) {
			for n := range 19 {
				p.must(p.kc.RegisterStreamConsumer(t.Context(), &kinesis.RegisterStreamConsumerInput{StreamARN: aws.String(p.ep.StreamARN("kore-events")), ConsumerName: aws.String(fmt.Sprint("other-", n))}))
			}
			p.flags["source.consumer"] = "ours"
		}, "fan-out consumer", "no ours, and 20 consumers", "deregister-stream-consumer"},
		{"no lease table, and not to be made", nil, func(_ *testing.T, p *patient) {
			p.dropTable("korestream")
			p.flags["lease.create_table"] = "false"
		}, "lease table", "no table korestream", "aws dynamodb create-table --table-name korestream --billing-mode PAY_PER_REQUEST --attribute-definitions AttributeName=leaseKey"},
		{"lease table of something else", nil, func(_ *testing.T, p *patient) {
			p.dropTable("korestream")
			p.createTable("korestream", "pk", "")
		}, "lease table", "has the key pk", "give lease.table another name"},
		{"leases expire", nil, func(_ *testing.T, p *patient) { p.expire("korestream", "acquiredAt", true) }, "lease table time to live", "acquiredAt", "Enabled=false,AttributeName=acquiredAt"},
		{"handled events never expire", nil, func(_ *testing.T, p *patient) { p.expire("korestream-handled", "expiresAt", false) }, "dedupe table time to live", "none", "update-time-to-live --table-name korestream-handled --time-to-live-specification Enabled=true,AttributeName=expiresAt"},
		{"states of SIMs in a table of something else", nil, func(_ *testing.T, p *patient) {
			p.dropTable("korestream-sims")
			p.createTable("korestream-sims", "id", "")
		}, "table of SIM states", "has the key id", "the table of handler s"},
		{"no queue for dead letters", nil, func(_ *testing.T, p *patient) { p.queue = nil }, "dead letters", "no queue " + testQueue, "aws sqs create-queue"},
		{"dead letters move on", nil, func(_ *testing.T, p *patient) { p.queue["RedrivePolicy"] = "{}" }, "dead letters redrive", "redrive policy", "set-queue-attributes"},
		{"the queue takes less than is sent", nil, func(_ *testing.T, p *patient) { p.queue["MaximumMessageSize"] = "262144" }, "dead letters", "262144 bytes", "MaximumMessageSize=1048576"},
		{"no bucket for dead letters", nil, func(_ *testing.T, p *patient) {
			p.flags["dead_letters.type"], p.flags["dead_letters.bucket"] = "s3", "lost"
			p.bucketCode, p.bucketStatus = "NoSuchBucket", 404
		}, "dead letters", "no bucket lost", "aws s3api create-bucket --bucket lost"},
		{"no stream for dead letters", nil, func(_ *testing.T, p *patient) {
			p.flags["dead_letters.type"], p.flags["dead_letters.stream"] = "kinesis", "lost"
		}, "dead letters", "no stream lost", "aws kinesis create-stream --stream-name lost"},
		{"two processes of one ID", nil, func(_ *testing.T, p *patient) {
			p.worker("twin")
			time.Sleep(time.Second)
			p.worker("twin")
			time.Sleep(time.Second)
		}, "workers", "several processes run as twin", "its own worker"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPatient(t, tt.opts...)
				tt.plant(t, p)
				r := p.examine()
				var faults []Finding
				for _, f := range r.Findings {
					if !f.OK {
						faults = append(faults, f)
					}
				}
				if len(faults) != 1 || r.Faults() != 1 {
					t.Fatalf("got %d faults, want one: %+v", len(faults), faults)
				}
				f := faults[0]
				if f.Check != tt.check || !strings.Contains(f.Found, tt.found) || !strings.Contains(f.Mend, tt.mend) || f.Why == "" {
					t.Errorf("got %+v, want %s: found %q, mend %q", f, tt.check, tt.found, tt.mend)
				}
			})
		})
	}
}

func TestExamine_NamesEachActionThatIsDenied(t *testing.T) {
	t.Parallel()
	actions := []string{
		"kinesis:DescribeStreamSummary", "kinesis:ListShards", "kinesis:GetShardIterator", "kinesis:GetRecords",
		"kinesis:DescribeStreamConsumer", "kinesis:SubscribeToShard",
		"dynamodb:DescribeTable", "dynamodb:Scan", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem",
		"dynamodb:CreateTable", "dynamodb:DescribeTimeToLive", "dynamodb:UpdateTimeToLive", "s3:PutObject",
	}
	for _, action := range actions {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPatient(t)
				service, operation, _ := strings.Cut(action, ":")
				if service == "s3" {
					p.bucketCode, p.bucketStatus = "AccessDenied", 403
				} else {
					p.deny(service, operation)
				}
				r := p.examine()
				found := 0
				for _, f := range r.Findings {
					switch {
					case f.OK:
					case f.Check == "permission" && f.Found == action+" is denied" && strings.Contains(f.Mend, "korestream iam-policy"):
						found++
					default:
						t.Errorf("another fault: %+v", f)
					}
				}
				if found == 0 {
					t.Errorf("not found; the actions were %+v", r.Actions)
				}
			})
		})
	}
}
