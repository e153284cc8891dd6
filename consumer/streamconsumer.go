package consumer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// ErrStreamConsumer says that the stream has no consumer for fan-out and cannot
// get it. Only an operator can mend that.
var ErrStreamConsumer = errors.New("the consumer for fan-out is not to be had")

// streamConsumerInterval is how often a consumer is looked at that is not active
// yet, which takes seconds:
// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_RegisterStreamConsumer.html
const streamConsumerInterval = 500 * time.Millisecond

// EnsureStreamConsumer returns the ARN of the stream's consumer for fan-out, and
// registers it if it is named and not there. It returns when it is active. An
// error that wraps ErrStreamConsumer lasts; others may pass.
func EnsureStreamConsumer(ctx context.Context, kc KinesisAPI, stream, streamARN, consumer string) (string, error) {
	if streamARN == "" && !isARN(consumer) {
		out, err := kc.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: aws.String(stream)}, once)
		if err != nil {
			return "", fmt.Errorf("look up the stream's ARN: %w", err)
		}
		streamARN = aws.ToString(out.StreamDescriptionSummary.StreamARN)
	}
	for {
		d, err := describeStreamConsumer(ctx, kc, streamARN, consumer)
		var missing *types.ResourceNotFoundException
		switch {
		case errors.As(err, &missing) && isARN(consumer):
			return "", fmt.Errorf("%w: there is no %s; register it, or give a name in place of the ARN", ErrStreamConsumer, consumer)
		case errors.As(err, &missing):
			err = registerStreamConsumer(ctx, kc, streamARN, consumer)
		case err == nil && d.ConsumerStatus == types.ConsumerStatusActive:
			return aws.ToString(d.ConsumerARN), nil
		}
		if err != nil {
			return "", err
		}
		if err := wait(ctx, streamConsumerInterval); err != nil {
			return "", err
		}
	}
}

func isARN(s string) bool { return strings.HasPrefix(s, "arn:") }

func describeStreamConsumer(ctx context.Context, kc KinesisAPI, streamARN, consumer string) (*types.ConsumerDescription, error) {
	in := &kinesis.DescribeStreamConsumerInput{}
	if isARN(consumer) {
		in.ConsumerARN = aws.String(consumer)
	} else {
		in.StreamARN, in.ConsumerName = aws.String(streamARN), aws.String(consumer)
	}
	out, err := kc.DescribeStreamConsumer(ctx, in, once)
	if err != nil {
		return nil, fmt.Errorf("describe consumer %s: %w", consumer, err)
	}
	return out.ConsumerDescription, nil
}

// registerStreamConsumer does nothing if somebody else was faster.
func registerStreamConsumer(ctx context.Context, kc KinesisAPI, streamARN, consumer string) error {
	_, err := kc.RegisterStreamConsumer(ctx, &kinesis.RegisterStreamConsumerInput{StreamARN: aws.String(streamARN), ConsumerName: aws.String(consumer)}, once)
	var (
		inUse *types.ResourceInUseException
		full  *types.LimitExceededException
	)
	switch {
	case err == nil, errors.As(err, &inUse):
		return nil
	case errors.As(err, &full):
		return fmt.Errorf("%w: register %s: %w; deregister one that is not used, or read by polling", ErrStreamConsumer, consumer, err)
	}
	return fmt.Errorf("register consumer %s: %w", consumer, err)
}
