package embed_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

func TestConsumers_AreListedInPages(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.create("kore", 1)
	arn := aws.String(s.endpoint.StreamARN("kore"))
	for i := range 7 {
		s.consumer("kore", fmt.Sprint("c", i))
	}
	var names []string
	for page := range pages(s, arn) {
		if len(page) > 3 {
			t.Errorf("a page of %d, want 3 at most", len(page))
		}
		for _, c := range page {
			names = append(names, *c.ConsumerName)
			wantEqual(s, "status", c.ConsumerStatus, types.ConsumerStatusActive)
		}
	}
	wantEqual(s, "names", strings.Join(names, " "), "c0 c1 c2 c3 c4 c5 c6")

	_, err := s.kinesis.ListStreamConsumers(t.Context(), &kinesis.ListStreamConsumersInput{StreamARN: arn, NextToken: aws.String("garbage")})
	s.fails(err, "InvalidArgumentException", "NextToken")
	_, err = s.kinesis.ListStreamConsumers(t.Context(), &kinesis.ListStreamConsumersInput{
		StreamARN: arn, StreamCreationTimestamp: aws.Time(time.Unix(1, 0)),
	})
	s.fails(err, "ResourceNotFoundException", "kore")
	wantEqual(s, "consumers in the summary", *s.summary("kore").ConsumerCount, 7)
}

// pages yields the pages of a listing of consumers, three at a time.
func pages(s *stub, arn *string) func(func([]types.Consumer) bool) {
	return func(yield func([]types.Consumer) bool) {
		p := kinesis.NewListStreamConsumersPaginator(s.kinesis, &kinesis.ListStreamConsumersInput{StreamARN: arn, MaxResults: aws.Int32(3)})
		for p.HasMorePages() {
			out, err := p.NextPage(s.Context())
			if !yield(ok(s, out, err).Consumers) {
				return
			}
		}
	}
}

func TestConsumers_AreNamedByARNOrByStreamAndName(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.create("kore", 1)
	arn, fan := aws.String(s.endpoint.StreamARN("kore")), aws.String(s.consumer("kore", "fan"))
	name, other := aws.String("fan"), aws.String("other")
	describe := func(in kinesis.DescribeStreamConsumerInput) (*kinesis.DescribeStreamConsumerOutput, error) {
		return s.kinesis.DescribeStreamConsumer(t.Context(), &in)
	}
	for _, in := range []kinesis.DescribeStreamConsumerInput{
		{ConsumerARN: fan}, {StreamARN: arn, ConsumerName: name}, {StreamARN: arn, ConsumerName: name, ConsumerARN: fan},
	} {
		out, err := describe(in)
		d := ok(s, out, err).ConsumerDescription
		wantEqual(s, "consumer", *d.ConsumerARN, *fan)
		wantEqual(s, "stream", *d.StreamARN, *arn)
	}
	for code, in := range map[string]kinesis.DescribeStreamConsumerInput{
		"InvalidArgumentException":   {ConsumerARN: fan, ConsumerName: other},
		"InvalidArgumentException ":  {ConsumerName: name},
		"ResourceNotFoundException":  {StreamARN: arn, ConsumerName: other},
		"ResourceNotFoundException ": {ConsumerARN: aws.String(*fan + "0")},
		"ValidationException":        {ConsumerARN: arn},
	} {
		_, err := describe(in)
		s.fails(err, strings.TrimSpace(code), "")
	}
	_, err := s.kinesis.RegisterStreamConsumer(t.Context(), &kinesis.RegisterStreamConsumerInput{StreamARN: arn, ConsumerName: name})
	s.fails(err, "ResourceInUseException", "already exists")
	s.deregister(*fan)
	_, err = describe(kinesis.DescribeStreamConsumerInput{ConsumerARN: fan})
	s.fails(err, "ResourceNotFoundException", "")
}

func TestConsumers_AreTwentyAtMost(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.create("kore", 1)
	for i := range 20 {
		s.consumer("kore", fmt.Sprint("c", i))
	}
	_, err := s.kinesis.RegisterStreamConsumer(t.Context(), &kinesis.RegisterStreamConsumerInput{
		StreamARN: aws.String(s.endpoint.StreamARN("kore")), ConsumerName: aws.String("one more"),
	})
	s.fails(err, "ValidationException", "consumerName")
	_, err = s.kinesis.RegisterStreamConsumer(t.Context(), &kinesis.RegisterStreamConsumerInput{
		StreamARN: aws.String(s.endpoint.StreamARN("kore")), ConsumerName: aws.String("more"),
	})
	s.fails(err, "LimitExceededException", "20")
}

func (t *stub) summary(stream string) *types.StreamDescriptionSummary {
	t.Helper()
	out, err := t.kinesis.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: &stream})
	return ok(t, out, err).StreamDescriptionSummary
}
