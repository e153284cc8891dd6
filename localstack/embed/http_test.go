package embed_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"korestream/localstack/embed"
)

func TestHTTP_SubscriptionGoesFromShardToChild(t *testing.T) {
	t.Parallel()
	s, _, _ := newServed(t)
	s.create("kore", 1)
	consumer := s.consumer("kore", "fan")
	s.put("kore", "k", "1")
	sub := s.subscribe(consumer, shard(0), fromHorizon)
	wantEqual(s, "what was there", sub.read(1), "1")
	s.put("kore", "k", "2")
	wantEqual(s, "what came", sub.read(1), "2")
	s.split("kore", shard(0), half)
	last := sub.next()
	wantEqual(s, "has a continuation at the end", last.ContinuationSequenceNumber != nil, false)
	wantEqual(s, "children", childIDs(last.ChildShards), shard(1)+" "+shard(2))
	wantEqual(s, "range of the first child", *last.ChildShards[0].HashKeyRange.StartingHashKey, "0")
	wantEqual(s, "parent of the first child", strings.Join(last.ChildShards[0].ParentShards, " "), shard(0))
	sub.ends("")
	sub.close()

	out, err := s.kinesis.PutRecord(t.Context(), &kinesis.PutRecordInput{
		StreamName: aws.String("kore"), PartitionKey: aws.String("k"), ExplicitHashKey: aws.String(half), Data: []byte("3"),
	})
	wantEqual(s, "shard of the upper half", *ok(s, out, err).ShardId, shard(2))
	child := s.subscribe(consumer, shard(2), fromHorizon)
	defer child.close()
	wantEqual(s, "the child's records", child.read(1), "3")
}

func TestHTTP_SubscriptionIsTakenOver(t *testing.T) {
	t.Parallel()
	s, _, _ := newServed(t)
	s.create("kore", 1)
	consumer := s.consumer("kore", "fan")
	first := s.subscribe(consumer, shard(0), fromLatest)
	defer first.close()
	first.next()
	_, err := s.trySubscribe(t.Context(), consumer, shard(0), fromLatest)
	s.fails(err, "ResourceInUseException", "Another active subscription exists for this consumer")
	s.endpoint.Faults().SetClockOffset(5 * time.Second)
	second := s.subscribe(consumer, shard(0), fromLatest)
	defer second.close()
	first.ends("ResourceInUseException")
}

func TestHTTP_ARequestWithoutSenseIsRefused(t *testing.T) {
	t.Parallel()
	s, url, client := newServed(t)
	s.create("kore", 1)
	const signed = "AWS4-HMAC-SHA256 Credential=embed/20260101/us-east-1/kinesis/aws4_request"
	tests := []struct {
		name, target, auth, body string
		status                   int
		code                     string
	}{
		{"of an unknown service", "SQS_20121105.SendMessage", signed, `{}`, 400, "UnknownOperationException"},
		{"of an unknown operation", "Kinesis_20131202.Fly", signed, `{}`, 400, "UnknownOperationException"},
		{"without a target", "", signed, `{}`, 400, "UnknownOperationException"},
		{"not signed", "Kinesis_20131202.ListStreams", "", `{}`, 400, "MissingAuthenticationTokenException"},
		{"no JSON", "Kinesis_20131202.ListStreams", signed, `{`, 400, "SerializationException"},
		{"too large", "Kinesis_20131202.PutRecord", signed, strings.Repeat(" ", 25<<20), 413, "RequestEntityTooLargeException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("X-Amz-Target", tt.target)
			req.Header.Set("Authorization", tt.auth)
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != tt.status || !bytes.Contains(body, []byte(`"__type":"`+tt.code+`"`)) {
				t.Errorf("got %d %s, want %d %s", resp.StatusCode, body, tt.status, tt.code)
			}
			if got := resp.Header.Get("Content-Type"); got != "application/x-amz-json-1.1" {
				t.Errorf("content type: got %s", got)
			}
		})
	}
}

func TestHTTP_AnswersHealthChecksAndSaysItsTime(t *testing.T) {
	t.Parallel()
	at := time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)
	s, url, client := newServed(t, embed.WithClock(func() time.Time { return at }))
	s.endpoint.Faults().SetClockOffset(-90 * time.Minute)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	wantEqual(s, "status", resp.StatusCode, 200)
	wantEqual(s, "date", resp.Header.Get("Date"), "Mon, 03 Feb 2031 02:35:06 GMT")
	wantEqual(s, "has a request ID", resp.Header.Get("X-Amzn-Requestid") != "", true)
}

func TestHTTP_LargeBatchesAndPagesArriveWhole(t *testing.T) {
	t.Parallel()
	s, _, _ := newServed(t)
	s.create("kore", 1)
	const records, size = 20, 500_000 // near the 10 MiB of a PutRecords and of an answer
	var entries []types.PutRecordsRequestEntry
	for i := range records {
		entries = append(entries, types.PutRecordsRequestEntry{
			Data: bytes.Repeat([]byte{byte(i)}, size), PartitionKey: aws.String("k"),
		})
	}
	for _, batch := range [][]types.PutRecordsRequestEntry{entries, entries[:1]} {
		out, err := s.kinesis.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: aws.String("kore"), Records: batch})
		wantEqual(s, "failed records", *ok(s, out, err).FailedRecordCount, 0)
	}
	n, it := 0, s.iterator("kore", shard(0), types.ShardIteratorTypeTrimHorizon)
	for _, want := range []int{records, 1} {
		page := s.get(it)
		wantEqual(s, "records in the answer", len(page.Records), want)
		for _, r := range page.Records {
			if !bytes.Equal(r.Data, entries[n%records].Data) {
				t.Fatalf("record %d is not what was put", n)
			}
			n++
		}
		it = *page.NextShardIterator
	}
}

func TestHTTP_ABrokenConnectionIsSeenAsOne(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		call func(s *stub) error
	}{
		{"of an answer", func(s *stub) error {
			_, err := s.kinesis.ListStreams(s.Context(), &kinesis.ListStreamsInput{})
			return err
		}},
		{"of an empty answer", func(s *stub) error {
			_, err := s.kinesis.AddTagsToStream(s.Context(), &kinesis.AddTagsToStreamInput{
				StreamName: aws.String("kore"), Tags: map[string]string{"a": "b"},
			})
			return err
		}},
	}
	for _, tt := range tests {
		for over, made := range map[string]func(t *testing.T) *stub{
			"in process": func(t *testing.T) *stub { return newStub(t) },
			"over HTTP":  func(t *testing.T) *stub { s, _, _ := newServed(t); return s },
		} {
			t.Run(tt.name+" "+over, func(t *testing.T) {
				t.Parallel()
				s := made(t)
				s.create("kore", 1)
				s.endpoint.Faults().Add(embed.Fault{Kind: embed.CutConnection, Count: 1})
				if err := tt.call(s); !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
					t.Errorf("got %v, want the end of the connection", err)
				}
				ok(s, 0, tt.call(s))
			})
		}
	}
}
