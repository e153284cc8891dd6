package embed_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
	"go.uber.org/goleak"

	"korestream/localstack/embed"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// stub is an endpoint with one client that does not retry.
type stub struct {
	*testing.T
	endpoint *embed.Endpoint
	cfg      aws.Config
	kinesis  *kinesis.Client
}

func newStub(t *testing.T, opts ...embed.Option) *stub {
	t.Helper()
	e := embed.New(opts...)
	return &stub{T: t, endpoint: e, cfg: e.Config(), kinesis: client(e.Config())}
}

func client(cfg aws.Config) *kinesis.Client {
	return kinesis.NewFromConfig(cfg, func(o *kinesis.Options) { o.Retryer = aws.NopRetryer{} })
}

// ok returns a call's result, which must not be an error.
func ok[T any](t *stub, out T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatalf("got %v, want no error", err)
	}
	return out
}

// fails checks that a call failed with the given code and a message that has
// the given part.
func (t *stub) fails(err error, code, part string) {
	t.Helper()
	var api smithy.APIError
	switch {
	case !errors.As(err, &api):
		t.Errorf("got error %v, want %s", err, code)
	case api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), part):
		t.Errorf("got %s: %q, want %s: …%q…", api.ErrorCode(), api.ErrorMessage(), code, part)
	}
}

func (t *stub) create(name string, shards int32) {
	t.Helper()
	_, err := t.kinesis.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: &name, ShardCount: &shards})
	if err != nil {
		t.Fatalf("create %s: %v", name, err)
	}
}

func (t *stub) put(stream, key, data string) *kinesis.PutRecordOutput {
	t.Helper()
	out, err := t.kinesis.PutRecord(t.Context(), &kinesis.PutRecordInput{
		StreamName: &stream, PartitionKey: &key, Data: []byte(data),
	})
	return ok(t, out, err)
}

func (t *stub) iterator(stream, shard string, typ types.ShardIteratorType) string {
	t.Helper()
	out, err := t.kinesis.GetShardIterator(t.Context(), &kinesis.GetShardIteratorInput{
		StreamName: &stream, ShardId: &shard, ShardIteratorType: typ,
	})
	return *ok(t, out, err).ShardIterator
}

func (t *stub) get(iterator string) *kinesis.GetRecordsOutput {
	t.Helper()
	out, err := t.kinesis.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: &iterator})
	return ok(t, out, err)
}

func (t *stub) shards(stream string) []types.Shard {
	t.Helper()
	out, err := t.kinesis.ListShards(t.Context(), &kinesis.ListShardsInput{StreamName: &stream})
	return ok(t, out, err).Shards
}

func (t *stub) split(stream, shard, at string) {
	t.Helper()
	_, err := t.kinesis.SplitShard(t.Context(), &kinesis.SplitShardInput{
		StreamName: &stream, ShardToSplit: &shard, NewStartingHashKey: &at,
	})
	ok(t, 0, err)
}

func (t *stub) merge(stream, shard, adjacent string) {
	t.Helper()
	_, err := t.kinesis.MergeShards(t.Context(), &kinesis.MergeShardsInput{
		StreamName: &stream, ShardToMerge: &shard, AdjacentShardToMerge: &adjacent,
	})
	ok(t, 0, err)
}

func (t *stub) consumer(stream, name string) string {
	t.Helper()
	out, err := t.kinesis.RegisterStreamConsumer(t.Context(), &kinesis.RegisterStreamConsumerInput{
		StreamARN: aws.String(t.endpoint.StreamARN(stream)), ConsumerName: &name,
	})
	return *ok(t, out, err).Consumer.ConsumerARN
}

func shard(n int) string { return fmt.Sprintf("shardId-%012d", n) }

// half is the first hash key of the upper half of the space.
const half = "170141183460469231731687303715884105728"

func payloads(records []types.Record) string {
	var all []string
	for _, r := range records {
		all = append(all, string(r.Data))
	}
	return strings.Join(all, " ")
}

func wantEqual[T comparable](t *stub, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
