package doctor

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// lookAtLetters looks at the place of dead letters.
func (e *exam) lookAtLetters(ctx context.Context) {
	d := e.cfg.DeadLetters
	switch d.Type {
	case "file":
		e.ok("dead letters", "file "+d.Path, "a file on a disk that outlives the process")
	case "sqs":
		if a := e.queue(ctx, "dead letters", d.QueueURL, d.MaxMessage, "dead_letters.max_message_bytes"); a != nil {
			e.checkLetterQueue(d.QueueURL, a)
		}
	case "s3":
		_, err := e.c.S3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &d.Bucket, Prefix: aws.String(d.Prefix), MaxKeys: aws.Int32(1)})
		switch c := code(err); {
		case err == nil:
			e.ok("dead letters", "bucket "+d.Bucket, "a bucket")
		case c == "NoSuchBucket", c == "NotFound":
			e.noLetters("no bucket "+d.Bucket, "aws s3api create-bucket --bucket "+d.Bucket)
		}
	case "kinesis":
		in := &kinesis.DescribeStreamSummaryInput{StreamName: &d.Stream}
		if strings.HasPrefix(d.Stream, "arn:") {
			in = &kinesis.DescribeStreamSummaryInput{StreamARN: &d.Stream}
		}
		out, err := e.c.Kinesis.DescribeStreamSummary(ctx, in)
		switch {
		case code(err) == "ResourceNotFoundException":
			e.noLetters("no stream "+d.Stream, "aws kinesis create-stream --stream-name "+d.Stream+" --stream-mode-details StreamMode=ON_DEMAND")
		case err == nil:
			e.ok("dead letters", fmt.Sprintf("stream kept for %d h", aws.ToInt32(out.StreamDescriptionSummary.RetentionPeriodHours)), "a stream")
		}
	}
}

func (e *exam) noLetters(found, mend string) {
	e.fault("dead letters", found, "a place for dead letters", "what must be buried cannot be, and holds its SIM and the checkpoint back", mend)
}

// queue looks at a queue, and returns its attributes if it may.
func (e *exam) queue(ctx context.Context, check, url string, size int, setting string) map[string]string {
	out, err := e.c.SQS.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
	switch c := code(err); {
	case c == "AWS.SimpleQueueService.NonExistentQueue", c == "QueueDoesNotExist":
		if check == "dead letters" {
			e.noLetters("no queue "+url, "aws sqs create-queue --queue-name NAME")
		} else {
			e.fault(check, "no queue "+url, "a queue", "its events are tried again until they are given up", "aws sqs create-queue --queue-name NAME")
		}
		return nil
	case err != nil:
		return nil // only operators may look; sending is what matters
	}
	if most, err := strconv.Atoi(out.Attributes["MaximumMessageSize"]); err == nil && most < size {
		e.fault(check, fmt.Sprintf("queue takes %d bytes", most), fmt.Sprintf("%d bytes, as %s says", size, setting),
			"larger messages are refused", fmt.Sprintf("aws sqs set-queue-attributes --queue-url %s --attributes MaximumMessageSize=%d", url, size))
	} else {
		e.ok(check, "queue "+url, "a queue")
	}
	return out.Attributes
}

// longestQueue is the longest that a queue keeps messages:
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
const longestQueue = 14 * 24 * time.Hour

// checkLetterQueue looks at what a queue does with letters that nobody takes.
func (e *exam) checkLetterQueue(url string, attributes map[string]string) {
	set := "aws sqs set-queue-attributes --queue-url " + url + " --attributes "
	if attributes["RedrivePolicy"] != "" {
		e.fault("dead letters redrive", "the queue has a redrive policy", "none", "each look at the letters counts as a receive, and they go elsewhere", set+"RedrivePolicy=")
	}
	seconds, err := strconv.Atoi(attributes["MessageRetentionPeriod"])
	if kept := time.Duration(seconds) * time.Second; err == nil && kept < longestQueue {
		e.advise("dead letters kept", kept.String(), longestQueue.String(), "SQS forgets letters after that", set+fmt.Sprintf("MessageRetentionPeriod=%d", int(longestQueue.Seconds())))
	}
}

// lookAtQueues looks at the queues of handlers.
func (e *exam) lookAtQueues(ctx context.Context) {
	for _, h := range e.cfg.Handlers {
		if h.Type == "sqs" {
			e.queue(ctx, "handler "+h.Name, h.QueueURL, h.MaxMessage, "max_message_bytes")
		}
	}
}
