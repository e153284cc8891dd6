package embed_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"korestream/localstack/embed"
)

func TestFaults_AnswerAsAWSDoes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		fault embed.Fault
		code  string
	}{
		{embed.Fault{Kind: embed.Throttle}, "ProvisionedThroughputExceededException"},
		{embed.Fault{Kind: embed.ServerError}, "InternalFailure"},
		{embed.Fault{Kind: embed.Unavailable}, "ServiceUnavailable"},
		{embed.Fault{Kind: embed.ExpireIterator}, "ExpiredIteratorException"},
		{embed.Fault{Kind: embed.KMSError}, "KMSAccessDeniedException"},
		{embed.Fault{Kind: embed.AccessDenied}, "AccessDeniedException"},
		{embed.Fault{Kind: embed.Custom, Status: 418, Code: "Teapot", Message: "short"}, "Teapot"},
	}
	for _, tt := range tests {
		s := newStub(t)
		s.create("kore", 1)
		it := s.iterator("kore", shard(0), types.ShardIteratorTypeTrimHorizon)
		tt.fault.Operation = "GetRecords"
		tt.fault.Count = 2
		in := s.endpoint.Faults().Add(tt.fault)
		for range 2 {
			_, err := s.kinesis.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: &it})
			s.fails(err, tt.code, tt.fault.Message)
		}
		s.get(it) // the count is used up
		wantEqual(s, tt.fault.Kind.String()+": hits", in.Hits(), 2)
	}
}

func TestFaults_HitWhatTheyName(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.create("a", 2)
	s.create("b", 1)
	its := map[string]string{}
	for _, at := range []struct {
		stream string
		n      int
	}{{"a", 0}, {"a", 1}, {"b", 0}} {
		its[at.stream+shard(at.n)] = s.iterator(at.stream, shard(at.n), types.ShardIteratorTypeTrimHorizon)
	}
	in := s.endpoint.Faults().Add(embed.Fault{Stream: "a", Shard: shard(1), Kind: embed.ServerError})
	for at, it := range its {
		_, err := s.kinesis.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: &it})
		wantEqual(s, at+" is hit", err != nil, at == "a"+shard(1))
	}
	in.Remove()
	s.get(its["a"+shard(1)])
}

func TestFaults_ALostAnswerIsNoLostRequest(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.create("kore", 1)
	put := func() error {
		_, err := s.kinesis.PutRecord(t.Context(), &kinesis.PutRecordInput{StreamName: aws.String("kore"), PartitionKey: aws.String("k"), Data: []byte("x")})
		return err
	}
	s.endpoint.Faults().Add(embed.Fault{Kind: embed.ServerError, Applied: true, Count: 1})
	s.fails(put(), "InternalFailure", "")
	s.endpoint.Faults().Add(embed.Fault{Kind: embed.CutConnection, Count: 1})
	if put() == nil {
		t.Error("an answer that was cut was read")
	}
	page := s.get(s.iterator("kore", shard(0), types.ShardIteratorTypeTrimHorizon))
	wantEqual(s, "records", payloads(page.Records), "x x")
	s.endpoint.Faults().Add(embed.Fault{Kind: embed.FailRecord, Rate: 0.5})
	entries := make([]types.PutRecordsRequestEntry, 100)
	for i := range entries {
		entries[i] = types.PutRecordsRequestEntry{Data: []byte{1}, PartitionKey: aws.String("k")}
	}
	out, err := s.kinesis.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: aws.String("kore"), Records: entries})
	if n := *ok(s, out, err).FailedRecordCount; n < 20 || n > 80 {
		t.Errorf("%d of 100 records failed, want about half", n)
	}
}

func TestFaults_HangAndSlowAreInVirtualTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStub(t)
		s.create("kore", 1)
		s.endpoint.Faults().Add(embed.Fault{Kind: embed.Slow, Delay: time.Minute, Count: 1})
		begun := time.Now()
		s.put("kore", "k", "x")
		wantEqual(s, "a slow answer took", time.Since(begun), time.Minute)
		s.endpoint.Faults().Add(embed.Fault{Kind: embed.Hang})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		begun = time.Now()
		_, err := s.kinesis.DescribeLimits(ctx, &kinesis.DescribeLimitsInput{})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != time.Hour {
			t.Errorf("got %v after %s, want a deadline after an hour", err, time.Since(begun))
		}
		s.endpoint.Faults().Clear()
		s.endpoint.Faults().SetClockOffset(-time.Hour)
		out, err := s.kinesis.DescribeLimits(t.Context(), &kinesis.DescribeLimitsInput{})
		at, _ := awsmiddleware.GetServerTime(ok(s, out, err).ResultMetadata)
		if off := time.Since(at); off < time.Hour-time.Second || off > time.Hour+time.Second {
			t.Errorf("the answer's Date is off by %s, want an hour", off)
		}
	})
}

func TestEndpoint_IsTheSameOverHTTP(t *testing.T) {
	t.Parallel()
	s, _, _ := newServed(t)
	s.create("kore", 1)
	s.put("kore", "k", "over the wire")
	wantEqual(s, "records", payloads(s.get(s.iterator("kore", shard(0), types.ShardIteratorTypeTrimHorizon)).Records), "over the wire")
	s.endpoint.Faults().Add(embed.Fault{Kind: embed.CutConnection, Count: 1})
	if _, err := s.kinesis.ListStreams(t.Context(), &kinesis.ListStreamsInput{}); err == nil {
		t.Error("an answer that was cut was read")
	}
	db := dynamodb.NewFromConfig(s.cfg, func(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} })
	_, err := db.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("none")})
	s.fails(err, "ResourceNotFoundException", "none")
}
