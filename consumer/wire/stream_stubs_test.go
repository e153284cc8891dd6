package wire_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"korestream/consumer/wire"
)

// canned answers every request with one stream.
type canned struct{ stream io.Reader }

func (c canned) Do(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Request: r, ContentLength: -1, Body: io.NopCloser(c.stream),
		Header: http.Header{"Content-Type": {"application/vnd.amazon.eventstream"}},
	}, nil
}

// message is a frame with headers in pairs of name and value.
func message(payload string, pairs ...string) []byte {
	m := eventstream.Message{Payload: []byte(payload)}
	for i := 0; i < len(pairs); i += 2 {
		m.Headers.Set(pairs[i], eventstream.StringValue(pairs[i+1]))
	}
	var b bytes.Buffer
	if err := eventstream.NewEncoder().Encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func event(payload string) []byte {
	return message(payload, ":event-type", "SubscribeToShardEvent", ":message-type", "event", ":content-type", "application/json")
}

// cannedInput is a call that the client finds nothing wrong with.
var cannedInput = &kinesis.SubscribeToShardInput{
	ConsumerARN: aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/kore/consumer/fan:1"), ShardId: aws.String("s"),
	StartingPosition: &types.StartingPosition{Type: types.ShardIteratorTypeLatest},
}

func cannedClient(stream io.Reader) *kinesis.Client {
	return clientOf(aws.Config{Region: "us-east-1", HTTPClient: canned{stream}, Credentials: aws.AnonymousCredentials{}})
}

func subscribeCanned(t testing.TB, stream io.Reader, pool *wire.Pool) *wire.Subscription {
	t.Helper()
	s, err := wire.Subscribe(t.Context(), cannedClient(stream), cannedInput, pool)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
