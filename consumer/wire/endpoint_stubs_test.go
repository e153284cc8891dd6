package wire_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"korestream/consumer/wire"
	"korestream/internal/awsclient"
	"korestream/localstack/embed"
)

// world is an embedded endpoint with a stream of one shard and one consumer.
type world struct {
	testing.TB
	endpoint *embed.Endpoint
	client   *kinesis.Client
	pool     *wire.Pool
	consumer string
}

const shard0 = "shardId-000000000000"

func newWorld(t testing.TB, opts ...embed.Option) *world {
	t.Helper()
	e := embed.New(opts...)
	w := &world{TB: t, endpoint: e, client: clientOf(e.Config()), pool: wire.NewPool(testKept)}
	w.must(w.client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("kore"), ShardCount: aws.Int32(1)}))
	out, err := w.client.RegisterStreamConsumer(t.Context(), &kinesis.RegisterStreamConsumerInput{
		StreamARN: aws.String(e.StreamARN("kore")), ConsumerName: aws.String("fan"),
	})
	w.must(out, err)
	w.consumer = *out.Consumer.ConsumerARN
	return w
}

// serve lets the client reach the endpoint over HTTP.
func (w *world) serve() {
	w.Helper()
	server := httptest.NewServer(w.endpoint)
	w.Cleanup(server.Close)
	w.Cleanup(server.Client().CloseIdleConnections)
	cfg := w.endpoint.Config()
	cfg.BaseEndpoint = aws.String(server.URL)
	cfg.HTTPClient = awsclient.PlainBodies(server.Client())
	w.client = clientOf(cfg)
}

func clientOf(cfg aws.Config) *kinesis.Client {
	return kinesis.NewFromConfig(cfg, func(o *kinesis.Options) {
		o.Retryer = aws.NopRetryer{}
		o.Protocol = wire.NewProtocol(o.Protocol)
	})
}

func (w *world) must(_ any, err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// put puts records named from to to-1.
func (w *world) put(from, to int) {
	w.Helper()
	in := &kinesis.PutRecordsInput{StreamName: aws.String("kore")}
	for i := from; i < to; i++ {
		in.Records = append(in.Records, types.PutRecordsRequestEntry{
			Data: []byte(record(i)), PartitionKey: aws.String(fmt.Sprintf("key \"%d\" Ж", i)),
		})
	}
	w.must(w.client.PutRecords(w.Context(), in))
}

// record is a payload of some 300 bytes.
func record(i int) string { return fmt.Sprintf("%d ", i) + strings.Repeat("<data> ", 40) }

// split ends the shard.
func (w *world) split() {
	w.Helper()
	w.must(w.client.SplitShard(w.Context(), &kinesis.SplitShardInput{
		StreamName: aws.String("kore"), ShardToSplit: aws.String(shard0), NewStartingHashKey: aws.String("170141183460469231731687303715884105728"),
	}))
}

func (w *world) iterator() *string {
	w.Helper()
	out, err := w.client.GetShardIterator(w.Context(), &kinesis.GetShardIteratorInput{
		StreamName: aws.String("kore"), ShardId: aws.String(shard0), ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
	})
	w.must(out, err)
	return out.ShardIterator
}

func (w *world) subscribeTo(shard string) (*wire.Subscription, error) {
	return wire.Subscribe(w.Context(), w.client, &kinesis.SubscribeToShardInput{
		ConsumerARN: &w.consumer, ShardId: &shard,
		StartingPosition: &types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon},
	}, w.pool)
}

func (w *world) subscribe() *wire.Subscription {
	w.Helper()
	s, err := w.subscribeTo(shard0)
	w.must(s, err)
	return s
}

// check checks that the page has records from on, and returns the next number.
func (w *world) check(p *wire.Page, from int) int {
	w.Helper()
	for _, r := range p.Records {
		if string(r.Data) != record(from) || r.PartitionKey != fmt.Sprintf("key \"%d\" Ж", from) || r.SequenceNumber == "" || r.ArrivedAt.IsZero() {
			w.Fatalf("got record %+v, want number %d", r, from)
		}
		from++
	}
	return from
}
