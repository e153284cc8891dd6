package embed_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	"github.com/fxamacker/cbor/v2"

	"korestream/localstack/embed"
)

const cborType = "application/x-amz-cbor-1.1"

// post sends a body to an operation of Kinesis in AWS CBOR.
func (t *stub) post(operation string, body []byte) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://embed.invalid/", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", cborType)
	r.Header.Set("X-Amz-Target", "Kinesis_20131202."+operation)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=embed")
	resp, err := t.endpoint.HTTPClient().Do(r)
	return ok(t, resp, err)
}

type members = map[string]any

// ask calls an operation as AWS's SDK for Java does and returns what it answers.
func (t *stub) ask(operation string, in members) (status int, out members) {
	t.Helper()
	body, err := cbor.Marshal(in)
	resp := t.post(operation, ok(t, body, err))
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if ok(t, text, err); resp.Header.Get("Content-Type") != cborType || resp.Header.Get("Content-Length") != fmt.Sprint(len(text)) {
		t.Errorf("%s: %d bytes with the head %v", operation, len(text), resp.Header)
	}
	if len(text) > 0 {
		out = ok(t, out, cborMode(t).Unmarshal(text, &out))
	}
	return resp.StatusCode, out
}

// cborMode leaves tags as they are.
func cborMode(t *stub) cbor.DecMode {
	mode, err := cbor.DecOptions{TimeTagToAny: cbor.TimeTagToTime, DefaultMapType: reflect.TypeFor[members]()}.DecMode()
	return ok(t, mode, err)
}

// epoch is a time as the SDK for Java writes it.
func epoch(at time.Time) cbor.Tag { return cbor.Tag{Number: 1, Content: at.UnixMilli()} }

func (t *stub) askedIterator(in members) string {
	t.Helper()
	in["StreamName"], in["ShardId"] = "kore", shard(0)
	status, out := t.ask("GetShardIterator", in)
	wantEqual(t, "status", status, http.StatusOK)
	return out["ShardIterator"].(string)
}

func TestCBOR_AConsumersCalls(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1764147600123).UTC()
	s := newStub(t, embed.WithClock(func() time.Time { return now }))
	status, out := s.ask("CreateStream", members{"StreamName": "kore", "ShardCount": 1})
	wantEqual(s, "CreateStream", fmt.Sprint(status, out), "200 map[]")
	for _, data := range []string{"first", "\x00\xff second"} {
		_, out = s.ask("PutRecord", members{"StreamName": "kore", "PartitionKey": "ключ", "Data": []byte(data)})
		wantEqual(s, "shard", out["ShardId"], any(shard(0)))
		now = now.Add(time.Second)
	}
	status, out = s.ask("GetRecords", members{"ShardIterator": s.askedIterator(members{"ShardIteratorType": "TRIM_HORIZON"}), "Limit": 10})
	wantEqual(s, "status", status, http.StatusOK)
	records := out["Records"].([]any)
	second := records[1].(members)
	wantEqual(s, "records", len(records), 2)
	wantEqual(s, "data", string(second["Data"].([]byte)), "\x00\xff second")
	wantEqual(s, "key", second["PartitionKey"], any("ключ"))
	// Read as the tag says, milliseconds are too many seconds.
	wantEqual(s, "arrival", second["ApproximateArrivalTimestamp"].(time.Time).Unix(), 1764147601123)
	wantEqual(s, "behind", out["MillisBehindLatest"], any(uint64(0)))

	_, out = s.ask("DescribeStreamSummary", members{"StreamName": "kore"})
	summary := out["StreamDescriptionSummary"].(members)
	wantEqual(s, "created", summary["StreamCreationTimestamp"].(time.Time).Unix(), 1764147600123)
	_, out = s.ask("ListShards", members{"StreamName": "kore", "ShardFilter": members{"Type": "FROM_TIMESTAMP", "Timestamp": epoch(now)}})
	wantEqual(s, "shards", len(out["Shards"].([]any)), 1)
}

func TestCBOR_TimesOfRequestsAreMilliseconds(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1764147600123).UTC()
	s := newStub(t, embed.WithClock(func() time.Time { return now }))
	s.create("kore", 1)
	s.put("kore", "k", "before")
	now = now.Add(time.Minute)
	s.put("kore", "k", "after")
	for name, at := range map[string]any{"tagged": epoch(now), "untagged": now.UnixMilli()} {
		_, out := s.ask("GetRecords", members{"ShardIterator": s.askedIterator(members{"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": at})})
		records := out["Records"].([]any)
		if len(records) != 1 || string(records[0].(members)["Data"].([]byte)) != "after" {
			t.Errorf("%s: got %v, want what came after", name, records)
		}
	}
}

func TestCBOR_ErrorsAreInItToo(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	status, out := s.ask("DescribeStreamSummary", members{"StreamName": "none"})
	wantEqual(s, "error", fmt.Sprint(status, " ", out["__type"]), "400 ResourceNotFoundException")
	if message, _ := out["message"].(string); !strings.Contains(message, "none") {
		t.Errorf("the message is %q", message)
	}
	s.endpoint.Faults().Add(embed.Fault{Operation: "ListStreams", Kind: embed.ServerError})
	status, out = s.ask("ListStreams", members{})
	wantEqual(s, "fault", fmt.Sprint(status, " ", out["__type"]), "500 InternalFailure")
	for _, body := range []string{"", "{}", "\xa1\x61", "\x80", "\xa1\x69Timestamp\xf9\x7e\x00"} {
		resp := s.post("DescribeStreamSummary", []byte(body))
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if ok(s, text, err); resp.StatusCode != http.StatusBadRequest || !bytes.Contains(text, []byte("Exception")) {
			t.Errorf("%q: got %d, %q", body, resp.StatusCode, text)
		}
	}
}

func TestCBOR_EventsOfASubscriptionAreInItToo(t *testing.T) {
	t.Parallel()
	s, _, _ := newServed(t)
	s.create("kore", 1)
	consumer := s.consumer("kore", "fan")
	s.put("kore", "k", "payload")
	s.split("kore", shard(0), half) // so that the subscription ends
	body, err := cbor.Marshal(members{"ConsumerARN": consumer, "ShardId": shard(0), "StartingPosition": members{"Type": "TRIM_HORIZON"}})
	resp := s.post("SubscribeToShard", ok(s, body, err))
	defer resp.Body.Close()
	var got []any
	for {
		m, err := eventstream.NewDecoder().Decode(resp.Body, nil)
		if err != nil {
			break
		}
		wantEqual(s, "type", m.Headers.Get(":content-type").String(), cborType)
		var event members
		ok(s, event, cborMode(s).Unmarshal(m.Payload, &event))
		records, _ := event["Records"].([]any)
		for _, r := range records {
			got = append(got, string(r.(members)["Data"].([]byte)))
		}
	}
	wantEqual(s, "events", fmt.Sprint(got), "[payload]")
}
