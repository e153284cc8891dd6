package localstack_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"korestream/consumer/wire"
	"korestream/localstack/engines"
)

func TestEmbed_AnswersGetRecordsInCBOR(t *testing.T) {
	t.Parallel()
	readsInCBOR(t, newEmbed().Config())
}

func TestEmbed_AnswersGetRecordsInCBOROverHTTP(t *testing.T) {
	t.Parallel()
	readsInCBOR(t, overHTTP(t))
}

func TestKinesisLocal_AnswersGetRecordsInCBOR(t *testing.T) {
	t.Parallel()
	readsInCBOR(t, ofOthers(t, engines.StartKinesis))
}

// inBoth are the pages of a shard in AWS JSON and in AWS CBOR.
type inBoth struct {
	client *kinesis.Client
	cbor   *wire.CBOR
	pool   *wire.Pool
}

// get makes one call in each protocol.
func (r *inBoth) get(ctx context.Context, iterator *string) (inJSON, inCBOR wire.Page, err error) {
	in := &kinesis.GetRecordsInput{ShardIterator: iterator, Limit: aws.Int32(40)}
	_, err = r.client.GetRecords(wire.Into(ctx, &inJSON, r.pool), in, func(o *kinesis.Options) { o.Protocol = wire.NewProtocol(o.Protocol) })
	if err != nil {
		return inJSON, inCBOR, err
	}
	_, err = r.client.GetRecords(wire.Into(ctx, &inCBOR, r.pool), in, func(o *kinesis.Options) { o.Protocol = r.cbor.Protocol(o.Protocol) })
	return inJSON, inCBOR, err
}

// readsInCBOR reads a shard to its end in both protocols, which say the same.
func readsInCBOR(t *testing.T, cfg aws.Config) {
	t.Helper()
	var agreed atomic.Bool
	r := &inBoth{
		client: kinesis.NewFromConfig(cfg, func(o *kinesis.Options) { o.Retryer = aws.NopRetryer{} }),
		cbor: wire.NewCBOR(func(why error) {
			if agreed.Store(why == nil); why != nil {
				t.Errorf("the endpoint does not speak CBOR: %v", why)
			}
		}),
		pool: wire.NewPool(1 << 20),
	}
	p := &probe{ctx: t.Context(), name: resourceName(t.Name()), kinesis: r.client}
	stream := p.stream(1)
	for i := range 100 {
		p.put(stream, lowKey, fmt.Sprintf("%d %s\x00\xff", i, bytes.Repeat([]byte("payload "), i)))
	}
	p.split(stream, 0, half)
	iterator, records := p.iteratorAt(stream, 0, types.ShardIteratorTypeTrimHorizon, nil), 0
	for range 1000 {
		inJSON, inCBOR, err := r.get(t.Context(), iterator)
		if err != nil || !inCBOR.Filled() {
			t.Fatalf("filled %v: %v", inCBOR.Filled(), err)
		}
		if a, b := said(&inJSON), said(&inCBOR); a != b {
			t.Fatalf("got %s in CBOR and in JSON %s", b, a)
		}
		records += len(inCBOR.Records)
		iterator = &inCBOR.NextShardIterator
		if inCBOR.Ended {
			break
		}
	}
	if records != 100 || !agreed.Load() {
		t.Errorf("got %d records, want 100; in CBOR: %v", records, agreed.Load())
	}
	var api interface{ ErrorCode() string }
	_, err := r.client.GetRecords(wire.Into(t.Context(), &wire.Page{}, r.pool), &kinesis.GetRecordsInput{ShardIterator: p.iteratorAt(stream, 0, types.ShardIteratorTypeTrimHorizon, nil), Limit: aws.Int32(10_001)},
		func(o *kinesis.Options) { o.Protocol = r.cbor.Protocol(o.Protocol) })
	if !errors.As(err, &api) || errors.Is(err, wire.ErrDialect) || !slices.Contains(outOfBounds, api.ErrorCode()) {
		t.Errorf("a limit beyond the bound: got %v, want one of %v", err, outOfBounds)
	}
}

// said is what a page says; every engine makes a new iterator for each answer.
func said(p *wire.Page) string {
	var b bytes.Buffer
	for _, r := range p.Records {
		fmt.Fprintf(&b, "%s %s %s %q\n", r.SequenceNumber, r.PartitionKey, r.ArrivedAt.Format(time.RFC3339Nano), r.Data)
	}
	fmt.Fprintf(&b, "ended %v, children %v, iterator %v", p.Ended, p.ChildShards, p.NextShardIterator != "")
	return b.String()
}
