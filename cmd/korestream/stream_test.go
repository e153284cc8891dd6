package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"korestream/internal/awsclient"
)

const testStream = "kore-events"

// testKinesis is a client of an endpoint by its URL.
func testKinesis(url string) *kinesis.Client {
	return kinesis.New(kinesis.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(url), HTTPClient: awsclient.PlainBodies(newHTTPClient()),
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
}

// testDynamoDB is likewise one of DynamoDB.
func testDynamoDB(url string) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(url), HTTPClient: awsclient.PlainBodies(newHTTPClient()),
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
}

func createStream(t *testing.T, kc *kinesis.Client, shards int32) {
	t.Helper()
	_, err := kc.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String(testStream), ShardCount: aws.Int32(shards)})
	if err != nil {
		t.Fatal(err)
	}
	awaitActive(t, kc)
}

func awaitActive(t *testing.T, kc *kinesis.Client) {
	t.Helper()
	w := kinesis.NewStreamExistsWaiter(kc, func(o *kinesis.StreamExistsWaiterOptions) { o.MinDelay = 100 * time.Millisecond })
	if err := w.Wait(t.Context(), &kinesis.DescribeStreamInput{StreamName: aws.String(testStream)}, time.Minute); err != nil {
		t.Fatal(err)
	}
}

// sims is how many SIMs the test's producer has.
const sims = 37

// putEvents puts the events first to last-1; event n belongs to SIM n%sims and
// has the ID sim/n. Records that are refused are put again before the next.
func putEvents(t *testing.T, kc *kinesis.Client, first, last int) {
	t.Helper()
	for from := first; from < last; from += 100 {
		var entries []types.PutRecordsRequestEntry
		for n := from; n < min(from+100, last); n++ {
			sim := fmt.Sprintf("HS%02d", n%sims)
			data := fmt.Sprintf(`{"specversion":"1.0","id":"%s/%06d","type":"com.kore.iot.supersim.connection.data-session.updated","source":"kore-events","data":{"sim_sid":%q}}`, sim, n, sim)
			entries = append(entries, types.PutRecordsRequestEntry{Data: []byte(data), PartitionKey: aws.String(sim)})
		}
		for len(entries) > 0 {
			out, err := kc.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: aws.String(testStream), Records: entries})
			if err != nil {
				t.Fatal(err)
			}
			var refused []types.PutRecordsRequestEntry
			for i, r := range out.Records {
				if r.ErrorCode != nil {
					refused = append(refused, entries[i])
				}
			}
			entries = refused
		}
	}
}

// archived reads the IDs of an archive in the order of its lines.
func archived(t *testing.T, path string) []string {
	t.Helper()
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var ids []string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var e struct{ ID string }
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			continue // a line that is being written
		}
		ids = append(ids, e.ID)
	}
	return ids
}

// complete fails the test unless the archives together hold each of the events
// 0 to n-1 exactly once, and each archive has those of a SIM in order.
func complete(t *testing.T, n int, archives ...string) {
	t.Helper()
	seen := make(map[string]int)
	for _, path := range archives {
		last := make(map[string]string)
		for _, id := range archived(t, path) {
			seen[id]++
			sim, _, _ := strings.Cut(id, "/")
			if id < last[sim] {
				t.Errorf("%s: %s comes after %s", path, id, last[sim])
			}
			last[sim] = id
		}
	}
	if missing, repeated := timesSeen(n, seen); len(missing) > 0 || len(repeated) > 0 {
		t.Errorf("of %d events %d are missing and %d were handled more than once", n, len(missing), len(repeated))
	}
}

func totalArchived(t *testing.T, archives ...string) int {
	t.Helper()
	n := 0
	for _, path := range archives {
		n += len(archived(t, path))
	}
	return n
}

// splitFirst splits the first open shard in two halves.
func splitFirst(t *testing.T, kc *kinesis.Client) {
	t.Helper()
	out, err := kc.ListShards(t.Context(), &kinesis.ListShardsInput{StreamName: aws.String(testStream)})
	if err != nil {
		t.Fatal(err)
	}
	s := out.Shards[0]
	_, err = kc.SplitShard(t.Context(), &kinesis.SplitShardInput{
		StreamName: aws.String(testStream), ShardToSplit: s.ShardId, NewStartingHashKey: aws.String(half(t, *s.HashKeyRange.EndingHashKey)),
	})
	if err != nil {
		t.Fatal(err)
	}
	awaitActive(t, kc)
}
