package localstack_test

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

var consumerCases = []conformanceCase{
	{"RegisterStreamConsumer/names the consumer's ARN", func(p *probe) {
		name := p.stream(1)
		c := call(p, p.kinesis.RegisterStreamConsumer, &kinesis.RegisterStreamConsumerInput{
			StreamARN: p.arn(name), ConsumerName: aws.String("reader"),
		}).Consumer
		if want := *p.arn(name) + "/consumer/reader:"; !strings.HasPrefix(*c.ConsumerARN, want) {
			p.differs("ARN: got %s, want %s and a time", *c.ConsumerARN, want)
		}
		equal(p, "name", *c.ConsumerName, "reader")
		if c.ConsumerStatus != types.ConsumerStatusCreating && c.ConsumerStatus != types.ConsumerStatusActive {
			p.differs("status: got %s, want CREATING or ACTIVE", c.ConsumerStatus)
		}
		recent(p, "creation", c.ConsumerCreationTimestamp)
	}},
	{"RegisterStreamConsumer/refuses a name that is taken", func(p *probe) {
		name := p.stream(1)
		p.consumer(name, "reader")
		refused(p, p.kinesis.RegisterStreamConsumer, &kinesis.RegisterStreamConsumerInput{
			StreamARN: p.arn(name), ConsumerName: aws.String("reader"),
		}, resourceInUse)
	}},
	{"RegisterStreamConsumer/refuses the 21st consumer", func(p *probe) {
		name := p.stream(1)
		for i := range 20 {
			p.consumer(name, "reader-"+string(rune('a'+i)))
		}
		refused(p, p.kinesis.RegisterStreamConsumer, &kinesis.RegisterStreamConsumerInput{
			StreamARN: p.arn(name), ConsumerName: aws.String("one-more"),
		}, limitExceeded)
	}},
	{"RegisterStreamConsumer/refuses an unknown stream", func(p *probe) {
		refused(p, p.kinesis.RegisterStreamConsumer, &kinesis.RegisterStreamConsumerInput{
			StreamARN: aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/" + p.name), ConsumerName: aws.String("reader"),
		}, resourceNotFound)
	}},
	{"DescribeStreamConsumer/finds by ARN and by name", func(p *probe) {
		name := p.stream(1)
		arn := p.consumer(name, "reader")
		for how, in := range map[string]*kinesis.DescribeStreamConsumerInput{
			"by ARN":  {ConsumerARN: arn},
			"by name": {StreamARN: p.arn(name), ConsumerName: aws.String("reader")},
		} {
			d := call(p, p.kinesis.DescribeStreamConsumer, in).ConsumerDescription
			equal(p, how+": ARN", d.ConsumerARN, arn)
			equal(p, how+": stream", d.StreamARN, p.arn(name))
			equal(p, how+": status", d.ConsumerStatus, types.ConsumerStatusActive)
		}
	}},
	{"DescribeStreamConsumer/refuses an unknown consumer", func(p *probe) {
		name := p.stream(1)
		refused(p, p.kinesis.DescribeStreamConsumer, &kinesis.DescribeStreamConsumerInput{
			StreamARN: p.arn(name), ConsumerName: aws.String("nobody"),
		}, resourceNotFound)
	}},
	{"ListStreamConsumers/pages by NextToken", func(p *probe) {
		name := p.stream(1)
		for _, c := range []string{"b", "a", "c"} {
			p.consumer(name, c)
		}
		in := &kinesis.ListStreamConsumersInput{StreamARN: p.arn(name), MaxResults: aws.Int32(2)}
		var names []string
		for {
			out := call(p, p.kinesis.ListStreamConsumers, in)
			if len(out.Consumers) > 2 {
				p.differs("consumers: got %d, want 2 at most", len(out.Consumers))
			}
			for _, c := range out.Consumers {
				names = append(names, *c.ConsumerName)
			}
			if out.NextToken == nil {
				break
			}
			in.NextToken = out.NextToken
		}
		slices.Sort(names)
		equal(p, "names", names, []string{"a", "b", "c"})
	}},
	{"DeregisterStreamConsumer/ends with ResourceNotFoundException", func(p *probe) {
		name := p.stream(1)
		arn := p.consumer(name, "reader")
		call(p, p.kinesis.DeregisterStreamConsumer, &kinesis.DeregisterStreamConsumerInput{ConsumerARN: arn})
		p.until("a deregistered consumer", func() bool {
			_, err := p.kinesis.DescribeStreamConsumer(p.ctx, &kinesis.DescribeStreamConsumerInput{ConsumerARN: arn})
			if err != nil {
				p.refusal("DescribeStreamConsumer", err, resourceNotFound)
			}
			return err != nil
		})
	}},
	{"DeregisterStreamConsumer/refuses an unknown consumer", func(p *probe) {
		name := p.stream(1)
		refused(p, p.kinesis.DeregisterStreamConsumer, &kinesis.DeregisterStreamConsumerInput{
			StreamARN: p.arn(name), ConsumerName: aws.String("nobody"),
		}, resourceNotFound)
	}},
}

// consumer registers a consumer, waits until it is ACTIVE and returns its ARN.
func (p *probe) consumer(stream, name string) *string {
	arn := call(p, p.kinesis.RegisterStreamConsumer, &kinesis.RegisterStreamConsumerInput{
		StreamARN: p.arn(stream), ConsumerName: &name,
	}).Consumer.ConsumerARN
	p.until("an ACTIVE consumer", func() bool {
		out := call(p, p.kinesis.DescribeStreamConsumer, &kinesis.DescribeStreamConsumerInput{ConsumerARN: arn})
		return out.ConsumerDescription.ConsumerStatus == types.ConsumerStatusActive
	})
	return arn
}
