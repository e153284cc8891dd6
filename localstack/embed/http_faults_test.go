package embed_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"korestream/localstack/embed"
)

func TestHTTPFaults_HaveTheStatusAndTypeOfAWS(t *testing.T) {
	t.Parallel()
	s, _, _ := newServed(t)
	s.create("kore", 1)
	it := s.iterator("kore", shard(0), types.ShardIteratorTypeTrimHorizon)
	get := func() error {
		_, err := s.kinesis.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: &it})
		return err
	}
	describe := func() error {
		_, err := s.kinesis.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: aws.String("kore")})
		return err
	}
	tests := []struct {
		kind   embed.Kind
		call   func() error
		status int
		typed  error // of the SDK, or nil
		code   string
		part   string
	}{
		{
			embed.Throttle, get, 400, new(types.ProvisionedThroughputExceededException), "ProvisionedThroughputExceededException",
			"Rate exceeded for shard shardId-000000000000 in stream kore under account 000000000000.",
		},
		{embed.Throttle, describe, 400, new(types.LimitExceededException), "LimitExceededException", "Rate exceeded"},
		{embed.ServerError, get, 500, nil, "InternalFailure", ""},
		{embed.Unavailable, describe, 503, nil, "ServiceUnavailable", ""},
		{embed.ExpireIterator, get, 400, new(types.ExpiredIteratorException), "ExpiredIteratorException", "tolerated delay of 300000 milliseconds"},
		{embed.KMSError, get, 400, new(types.KMSAccessDeniedException), "KMSAccessDeniedException", ""},
		{
			embed.AccessDenied, describe, 400, new(types.AccessDeniedException), "AccessDeniedException",
			"is not authorized to perform: kinesis:DescribeStreamSummary on resource: arn:aws:kinesis:us-east-1:000000000000:stream/kore",
		},
	}
	for _, tt := range tests {
		t.Run(tt.kind.String()+" "+tt.code, func(t *testing.T) {
			in := s.endpoint.Faults().Add(embed.Fault{Service: embed.Kinesis, Stream: "kore", Kind: tt.kind, Count: 1})
			defer in.Remove()
			err := tt.call()
			s.fails(err, tt.code, tt.part)
			var response *awshttp.ResponseError
			if !errors.As(err, &response) || response.HTTPStatusCode() != tt.status || response.ServiceRequestID() == "" {
				t.Errorf("got %v, want a response of status %d with a request ID", err, tt.status)
			}
			if tt.typed != nil && !isOfType(err, tt.typed) {
				t.Errorf("got %v, want a %T", err, tt.typed)
			}
			ok(s, 0, tt.call())
		})
	}
}

// isOfType tells whether an error of the type of the other one is in the chain.
func isOfType(err, typ error) bool {
	for ; err != nil; err = errors.Unwrap(err) {
		if fmt.Sprintf("%T", err) == fmt.Sprintf("%T", typ) {
			return true
		}
	}
	return false
}

func TestHTTPFaults_ExpireIteratorHitsOnlyGetRecords(t *testing.T) {
	t.Parallel()
	s, _, _ := newServed(t)
	s.create("kore", 1)
	in := s.endpoint.Faults().Add(embed.Fault{Kind: embed.ExpireIterator})
	s.put("kore", "k", "x")
	it := s.iterator("kore", shard(0), types.ShardIteratorTypeTrimHorizon)
	_, err := s.kinesis.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: &it})
	s.fails(err, "ExpiredIteratorException", "")
	wantEqual(s, "hits", in.Hits(), 1)
}

func TestHTTPFaults_FailRecordFailsThatManyAndStoresTheOthers(t *testing.T) {
	t.Parallel()
	s, _, _ := newServed(t)
	s.create("kore", 2)
	in := s.endpoint.Faults().Add(embed.Fault{Stream: "kore", Shard: shard(1), Kind: embed.FailRecord, Count: 3, Code: "InternalFailure", Message: "no"})
	var entries []types.PutRecordsRequestEntry
	for i := range 10 {
		entries = append(entries, types.PutRecordsRequestEntry{
			Data: fmt.Append(nil, i), PartitionKey: aws.String("k"), ExplicitHashKey: aws.String([]string{"0", half}[i%2]),
		})
	}
	out, err := s.kinesis.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: aws.String("kore"), Records: entries})
	wantEqual(s, "failed", *ok(s, out, err).FailedRecordCount, 3)
	wantEqual(s, "hits", in.Hits(), 3)
	for i, r := range out.Records {
		failed := i%2 == 1 && i < 6
		wantEqual(s, fmt.Sprint("code of ", i), aws.ToString(r.ErrorCode), map[bool]string{true: "InternalFailure"}[failed])
		wantEqual(s, fmt.Sprint("message of ", i), aws.ToString(r.ErrorMessage), map[bool]string{true: "no"}[failed])
		wantEqual(s, fmt.Sprint("is number there of ", i), r.SequenceNumber != nil, !failed)
	}
	wantEqual(s, "lower half", payloads(s.get(s.iterator("kore", shard(0), types.ShardIteratorTypeTrimHorizon)).Records), "0 2 4 6 8")
	wantEqual(s, "upper half", payloads(s.get(s.iterator("kore", shard(1), types.ShardIteratorTypeTrimHorizon)).Records), "7 9")
}

func TestHTTPFaults_HangAndSlowEndWithTheRequest(t *testing.T) {
	t.Parallel()
	for _, fault := range []embed.Fault{{Kind: embed.Hang}, {Kind: embed.Hang, Applied: true}, {Kind: embed.Slow, Delay: time.Hour}} {
		t.Run(fmt.Sprintf("%v applied %v", fault.Kind, fault.Applied), func(t *testing.T) {
			t.Parallel()
			s, _, _ := newServed(t)
			s.create("kore", 1)
			fault.Operation, fault.Count = "PutRecord", 1
			in := s.endpoint.Faults().Add(fault)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go func() {
				for in.Hits() == 0 {
					time.Sleep(time.Millisecond)
				}
				cancel()
			}()
			_, err := s.kinesis.PutRecord(ctx, &kinesis.PutRecordInput{StreamName: aws.String("kore"), PartitionKey: aws.String("k"), Data: []byte("x")})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want the context's end", err)
			}
			if !fault.Applied {
				return
			}
			// The hit is counted before the record is stored.
			for it := s.iterator("kore", shard(0), types.ShardIteratorTypeTrimHorizon); len(s.get(it).Records) == 0; {
				time.Sleep(time.Millisecond)
			}
		})
	}
}

// An answer that is cut is not among them: the SDK does not try again what it
// cannot deserialize, so a producer has to.
func TestHTTPFaults_TheSDKRetriesThemAway(t *testing.T) {
	t.Parallel()
	// Not CutConnection: the SDK does not retry what breaks after the head.
	for _, fault := range []embed.Fault{
		{Kind: embed.Throttle},
		{Kind: embed.ServerError},
		{Kind: embed.Unavailable},
		{Kind: embed.ServerError, Applied: true},
	} {
		t.Run(fmt.Sprintf("%v applied %v", fault.Kind, fault.Applied), func(t *testing.T) {
			t.Parallel()
			s, _, _ := newServed(t)
			s.kinesis = kinesis.NewFromConfig(s.cfg, func(o *kinesis.Options) {
				o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff = time.Millisecond })
			})
			s.create("kore", 1)
			fault.Operation, fault.Count = "PutRecord", 2
			in := s.endpoint.Faults().Add(fault)
			s.put("kore", "k", "x")
			wantEqual(s, "hits", in.Hits(), 2)
			want := "x" // and once for each that took effect without an answer
			if fault.Applied {
				want = "x x x"
			}
			wantEqual(s, "records", payloads(s.get(s.iterator("kore", shard(0), types.ShardIteratorTypeTrimHorizon)).Records), want)
		})
	}
}

func TestHTTPFaults_ACutSubscriptionCanBeGoneOnWith(t *testing.T) {
	t.Parallel()
	s, _, _ := newServed(t)
	s.create("kore", 1)
	consumer := s.consumer("kore", "fan")
	s.put("kore", "k", "whole")
	s.endpoint.Faults().Add(embed.Fault{Operation: "SubscribeToShard", Kind: embed.CutConnection, Count: 1})
	sub := s.subscribe(consumer, shard(0), fromHorizon)
	defer sub.close()
	first := sub.next()
	wantEqual(s, "before the cut", payloads(first.Records), "whole")
	s.put("kore", "k", "cut")
	if ev := sub.next(); ev != nil {
		t.Errorf("half an event: got %v, want the end", ev)
	}
	s.endpoint.Faults().SetClockOffset(5 * time.Second) // another subscription is allowed then
	again := s.subscribe(consumer, shard(0), fromAfter(first.ContinuationSequenceNumber))
	defer again.close()
	wantEqual(s, "after the cut", again.read(1), "cut")
}
