package wire_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"korestream/consumer/wire"
)

// tapped keeps the bodies of the answers that a client gets.
type tapped struct {
	next   aws.HTTPClient
	bodies [][]byte
}

func (c *tapped) Do(r *http.Request) (*http.Response, error) {
	resp, err := c.next.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	c.bodies = append(c.bodies, b)
	resp.Body = io.NopCloser(bytes.NewReader(b))
	return resp, err
}

// realAnswers are bodies that the embedded endpoint sent: pages of a shard to its
// end, and the stream of a subscription to it.
func realAnswers(t testing.TB) (pages [][]byte, stream []byte) {
	t.Helper()
	w := newWorld(t)
	w.put(0, 8)
	it := w.iterator()
	w.split()
	cfg := w.endpoint.Config()
	tap := &tapped{next: cfg.HTTPClient}
	cfg.HTTPClient = tap
	w.client = kinesis.NewFromConfig(cfg)
	for it != nil {
		out, err := w.client.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: it, Limit: aws.Int32(3)})
		w.must(out, err)
		it = out.NextShardIterator
	}
	pages = tap.bodies
	s := w.subscribe()
	w.must(nil, s.Close())
	return pages, tap.bodies[len(tap.bodies)-1]
}

// ordinary tells whether a body that the SDK takes has nothing in it that we
// leave to the SDK: then ours must have taken it too.
func ordinary(body []byte) bool {
	known := []string{"Records", "Data", "SequenceNumber", "PartitionKey", "ApproximateArrivalTimestamp", "NextShardIterator", "MillisBehindLatest", "EncryptionType", "ChildShards", "ShardId"}
	for _, name := range known {
		// At most once, so that nothing is there twice.
		if bytes.Count(body, []byte(`"`+name+`"`)) > 1 {
			return false
		}
	}
	odd := []string{`\`, "null", "[[[[[[", `"Infinity"`, `"-Infinity"`}
	return json.Valid(body) && len(body) < 1000 && !slices.ContainsFunc(odd, func(s string) bool {
		return strings.Contains(strings.ToLower(string(body)), strings.ToLower(s))
	})
}

func FuzzGetRecords(f *testing.F) {
	pages, _ := realAnswers(f)
	for _, p := range pages {
		f.Add(p)
	}
	f.Add(body(2, 40))
	for _, s := range []string{
		wrap(`"Data":"aG\/\u002b\/w==","PartitionKey":"\ud83d\ude00\n"`), wrap(`"Data":null,"X":[{"a":-1.5e+3},true,false]`),
		`{"ChildShards":[{"ShardId":"s1","ParentShards":["s0"],"HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"9"}}],"MillisBehindLatest":0,"Records":[]}`,
		wrap(`"ApproximateArrivalTimestamp":1.7631E9`), wrap(`"ApproximateArrivalTimestamp":"NaN"`), wrap(`"Data":"aGk=","Data":"aGk="`), `{}`, ``,
	} {
		f.Add([]byte(s))
	}
	shaped := shapedRecords()
	f.Add(inARow(shaped...))
	for _, learnt := range shaped {
		f.Add(inARow(learnt, learnt, shaped[0], learnt))
		for _, record := range near(learnt) {
			if len(record) < 1<<10 {
				f.Add(inARow(learnt, record, learnt))
			}
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		fellBack := wantSame(t, body)
		if !bytes.Equal(before, body) {
			t.Fatal("the body was changed")
		}
		var page wire.Page
		if fellBack && ordinary(body) && bySDK(body, &page) == nil {
			t.Fatalf("%q: the SDK had to decode an ordinary answer", body)
		}
	})
}

// FuzzData holds the decoding of base64 against the SDK's at every length, with
// one byte of it changed.
func FuzzData(f *testing.F) {
	for n := range 80 {
		f.Add(bytes.Repeat([]byte{byte(n), 0xfe}, n), uint16(n*7), byte('A'+n))
	}
	f.Fuzz(func(t *testing.T, data []byte, at uint16, b byte) {
		text := []byte(body64(data))
		one := func() string { return `{"Data":"` + string(text) + `","PartitionKey":"k"}` }
		good := one()
		wantSame(t, inARow(good, good))
		if len(text) > 0 {
			text[int(at)%len(text)] = b
		}
		wantSame(t, inARow(one()))
		wantSame(t, inARow(good, one(), one()))
	})
}

// FuzzEvent holds the decoding of an event against the SDK's.
func FuzzEvent(f *testing.F) {
	for _, s := range []string{
		oneRecord, `{"Records":[],"ChildShards":[{"ShardId":"a"}],"ContinuationSequenceNumber":null,"MillisBehindLatest":0}`,
		`{"Records":[null],"ContinuationSequenceNumber":"1"}`, `{}`, `{"ContinuationSequenceNumber":5,"NextShardIterator":7,"Records":[]}`,
	} {
		f.Add([]byte(s))
	}
	_, stream := realAnswers(f)
	for r := bytes.NewReader(stream); r.Len() > 0; {
		m, err := eventstream.NewDecoder().Decode(r, nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(m.Payload)
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		want, wantErr := eventBySDK(payload)
		s := subscribeCanned(t, bytes.NewReader(event(string(payload))), wire.NewPool(testKept))
		defer s.Close()
		var got wire.Page
		err := s.Next(t.Context(), &got)
		if (err == nil) != (wantErr == nil) || err == nil && !same(&got, &want) {
			t.Fatalf("%q: got %+v and %v, the SDK's is %+v and %v", payload, content(&got), err, want, wantErr)
		}
		checkMemory(t, &got)
	})
}

// eventBySDK decodes an event with what the SDK's reader of events uses.
func eventBySDK(payload []byte) (page wire.Page, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = io.ErrNoProgress
		}
	}()
	msg, err := sdkProtocol().DeserializeEventMessage(subscribeEvents, kinesis.TypeRegistry, bytes.NewReader(event(string(payload))))
	if err != nil {
		return page, err
	}
	ev := msg.(*types.SubscribeToShardEvent)
	if ev.Records == nil && len(ev.ChildShards) == 0 {
		return page, wire.ErrNoRecords
	}
	wire.FromSDK(&kinesis.GetRecordsOutput{Records: ev.Records, ChildShards: ev.ChildShards, MillisBehindLatest: ev.MillisBehindLatest}, &page)
	page.ContinuationSequenceNumber = aws.ToString(ev.ContinuationSequenceNumber)
	page.Ended = ev.ContinuationSequenceNumber == nil
	return page, nil
}
