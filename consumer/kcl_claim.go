package consumer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go/middleware"
)

// errLeaseOver ends a KCL shard consumer whose lease was lost or handed over.
// It is ordinary, though the KCL logs it as an error; see kclLogger.
var errLeaseOver = errors.New("lease is over")

// claimClient returns the Kinesis client for the KCL's Worker. It reaches no
// network: a middleware answers each operation before a request is built. What
// the Worker reads from a shard is one claim check, a record that stands for
// the whole lease; the processor redeems it by running the shard itself. Turn is
// called whenever the Worker lists the shards, which its event loop does once in
// each turn, and nobody else.
func (c *Consumer) claimClient(turn func()) *kinesis.Client {
	answer := middleware.InitializeMiddlewareFunc("korestream.ClaimCheck",
		func(ctx context.Context, in middleware.InitializeInput, _ middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			if _, ok := in.Parameters.(*kinesis.ListShardsInput); ok {
				turn()
			}
			result, err := c.answerKCL(in.Parameters)
			return middleware.InitializeOutput{Result: result}, middleware.Metadata{}, err
		})
	return kinesis.New(kinesis.Options{
		Region: c.region(),
		APIOptions: []func(*middleware.Stack) error{func(s *middleware.Stack) error {
			return s.Initialize.Add(answer, middleware.Before)
		}},
	})
}

// answerKCL answers the three operations that the polling Worker calls.
func (c *Consumer) answerKCL(params any) (any, error) {
	switch in := params.(type) {
	case *kinesis.ListShardsInput:
		return &kinesis.ListShardsOutput{Shards: c.listing.raw()}, nil
	case *kinesis.GetShardIteratorInput:
		return &kinesis.GetShardIteratorOutput{ShardIterator: in.ShardId}, nil
	case *kinesis.GetRecordsInput:
		return c.answerGetRecords(aws.ToString(in.ShardIterator))
	}
	return nil, fmt.Errorf("the KCL called %T, which this Worker never does", params)
}

// answerGetRecords hands out the claim check once; after the lease was run it
// says that the shard has ended or that the lease is over. MillisBehindLatest is
// always set: the KCL dereferences it.
func (c *Consumer) answerGetRecords(shard string) (*kinesis.GetRecordsOutput, error) {
	out := &kinesis.GetRecordsOutput{MillisBehindLatest: aws.Int64(0), Records: []types.Record{}}
	switch c.claims.state(shard) {
	case claimOffered:
		out.NextShardIterator = aws.String(shard)
		out.Records = []types.Record{{
			Data: []byte(shard), PartitionKey: aws.String(shard), SequenceNumber: aws.String("0"),
			ApproximateArrivalTimestamp: aws.Time(time.Now()),
		}}
		return out, nil
	case claimEnded:
		return out, nil
	}
	return nil, errLeaseOver
}
