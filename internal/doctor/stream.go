package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"korestream/consumer"
)

// startupCheck is what run looks at before it begins.
func (e *exam) startupCheck(ctx context.Context) {
	want := consumer.Requirements{
		MinShards: e.cfg.Startup.Shards.Min, MaxShards: e.cfg.Startup.Shards.Max, MinRetention: e.cfg.Startup.Retention.Min,
	}
	r, err := consumer.CheckStartup(ctx, e.c.Kinesis, e.cfg.StreamName(), e.cfg.StreamARN(), want, e.table.Positions())
	if err != nil {
		if !denied(err) && !keyRefused(err) && ctx.Err() == nil { // those are found below
			e.fault("start-up check", err.Error(), "an answer", "run would not start", "korestream doctor")
		}
		// The lag is what may be refused; the rest needs no positions.
		r, err = consumer.CheckStartup(ctx, e.c.Kinesis, e.cfg.StreamName(), e.cfg.StreamARN(), want, nil)
		if err != nil {
			return
		}
	}
	e.report.Report = *r
	for _, f := range r.Findings {
		e.report.Findings = append(e.report.Findings, Finding{Finding: f})
	}
}

// checkEncryption tells whether the stream's key can be used, by reading.
func (e *exam) checkEncryption(ctx context.Context) {
	const check, want = "encryption", "none, or a key that can be used"
	if e.stream.EncryptionType != types.EncryptionTypeKms {
		e.ok(check, "none", want)
		return
	}
	key := aws.ToString(e.stream.KeyId)
	_, err := e.read(ctx, types.ShardIteratorTypeTrimHorizon)
	if keyRefused(err) {
		e.fault(check, "key "+key+" refused: "+code(err), want, "no record of the stream can be read",
			"korestream iam-policy --kms-key "+keyARN(key)+" > policy.json && "+putPolicy)
		return
	}
	e.ok(check, "key "+key, want)
}

func keyARN(key string) string {
	if strings.HasPrefix(key, "arn:") {
		return key
	}
	return `"$(aws kms describe-key --key-id ` + key + ` --query KeyMetadata.Arn --output text)"`
}

func keyRefused(err error) bool { return strings.HasPrefix(code(err), "KMS") }

// read reads one record at most of the stream's first shard.
func (e *exam) read(ctx context.Context, from types.ShardIteratorType) (*kinesis.GetRecordsOutput, error) {
	iterator, err := e.iterator(ctx, from)
	if err != nil {
		return nil, err
	}
	return e.readAt(ctx, iterator)
}

func (e *exam) readAt(ctx context.Context, iterator *string) (*kinesis.GetRecordsOutput, error) {
	in := &kinesis.GetRecordsInput{ShardIterator: iterator, Limit: aws.Int32(1)}
	_, in.StreamARN = e.address()
	return e.c.Kinesis.GetRecords(ctx, in, once)
}

// once leaves out the SDK's retries: a refusal is what is looked for.
func once(o *kinesis.Options) { o.Retryer = aws.NopRetryer{} }

func (e *exam) iterator(ctx context.Context, from types.ShardIteratorType) (*string, error) {
	shard, err := e.shard(ctx)
	if err != nil {
		return nil, err
	}
	return e.iteratorOf(ctx, &kinesis.GetShardIteratorInput{ShardId: &shard, ShardIteratorType: from})
}

func (e *exam) iteratorOf(ctx context.Context, in *kinesis.GetShardIteratorInput) (*string, error) {
	in.StreamName, in.StreamARN = e.address()
	out, err := e.c.Kinesis.GetShardIterator(ctx, in)
	if err != nil {
		return nil, err
	}
	return out.ShardIterator, nil
}

var errNoShard = errors.New("the stream has no shard")

// shard returns one that is open.
func (e *exam) shard(ctx context.Context) (string, error) {
	open, err := e.openShards(ctx)
	if err != nil {
		return "", err
	}
	if len(open) == 0 {
		return "", errNoShard
	}
	return open[0], nil
}

func (e *exam) openShards(ctx context.Context) ([]string, error) {
	shards, err := consumer.ListShards(ctx, e.c.Kinesis, e.cfg.StreamName(), e.cfg.StreamARN())
	if err != nil {
		return nil, err
	}
	var open []string
	for _, s := range shards {
		if !s.Closed {
			open = append(open, s.ID)
		}
	}
	return open, nil
}

// checkRecordSize compares the stream's largest record with what its dead letter
// may be.
func (e *exam) checkRecordSize() {
	const check = "record size"
	size, d := int(aws.ToInt32(e.stream.MaxRecordSizeInKiB))<<10, e.cfg.DeadLetters
	room, setting := 0, ""
	switch {
	case d.Type == "kinesis":
		room, setting = d.MaxRecord, "dead_letters.max_record_bytes"
	case d.Type == "sqs" && d.Bucket == "":
		room, setting = d.MaxMessage, "dead_letters.bucket"
	}
	found := fmt.Sprintf("at most %d KiB", size>>10)
	if room == 0 || size <= room {
		e.ok(check, found, "any that a dead letter can hold")
		return
	}
	e.fault(check, found, fmt.Sprintf("at most %d KiB, the room of a dead letter", room>>10),
		"a larger record that must be buried cannot be, and holds its SIM back", "set "+setting+
			", or: aws kinesis update-max-record-size --stream-arn "+e.report.ARN+fmt.Sprintf(" --max-record-size-in-ki-b %d", max(room>>10, 1024)))
}

// Our own reads for checkReaders leave a fleet that polls at its fastest, four
// times a second, its part of a shard's five.
const (
	readerProbes = 4
	readerPause  = 1100 * time.Millisecond
)

// checkReaders reads one shard a few times. It is refused if others, or a fleet
// together with others, use the shard up.
func (e *exam) checkReaders(ctx context.Context) {
	const check, want = "readers", "no refused reads"
	iterator, err := e.iterator(ctx, types.ShardIteratorTypeLatest)
	if err != nil {
		return // found with the actions
	}
	refused := 0
	for i := range readerProbes {
		if i > 0 && pause(ctx, readerPause) != nil {
			return
		}
		out, err := e.readAt(ctx, iterator)
		switch {
		case code(err) == "ProvisionedThroughputExceededException", code(err) == "LimitExceededException":
			refused++
		case err != nil:
			return
		default:
			iterator = out.NextShardIterator
		}
	}
	found := fmt.Sprintf("%d of %d reads refused", refused, readerProbes)
	if refused < 2 {
		e.ok(check, found, want)
		return
	}
	e.fault(check, found, want, "all readers of a shard share five reads and 2 MiB a second; others leave too little, and events come late",
		"set source.type to fan_out (a share of its own), or find the others: aws kinesis list-stream-consumers --stream-arn "+e.report.ARN)
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// consumerLimit is how many consumers a stream may have:
// https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
const consumerLimit = 20

// checkConsumer looks whether the consumer for fan-out is there or can come.
func (e *exam) checkConsumer(ctx context.Context) {
	if e.cfg.Source.Type == string(consumer.Polling) {
		return
	}
	const check = "fan-out consumer"
	name, count := cmp.Or(e.cfg.Source.Consumer, e.cfg.Application), int(aws.ToInt32(e.stream.ConsumerCount))
	d, err := e.streamConsumer(ctx)
	var missing *types.ResourceNotFoundException
	switch {
	case err == nil:
		e.ok(check, name+" is "+string(d.ConsumerStatus), "a consumer or a free place")
	case !errors.As(err, &missing): // found with the actions
	case strings.HasPrefix(name, "arn:"):
		e.fault(check, "no "+name, "the consumer of source.consumer", "an ARN cannot be registered", "set source.consumer to a name")
	case count >= consumerLimit:
		e.fault(check, fmt.Sprintf("no %s, and %d consumers", name, count), fmt.Sprintf("%s, or fewer than %d", name, consumerLimit),
			"no more can be registered, and run does not start", "aws kinesis list-stream-consumers --stream-arn "+e.report.ARN+
				"; aws kinesis deregister-stream-consumer --stream-arn "+e.report.ARN+" --consumer-name ONE_THAT_IS_NOT_USED")
	default:
		e.ok(check, fmt.Sprintf("none yet; %d of %d places taken", count, consumerLimit), "a consumer or a free place")
	}
}

func (e *exam) streamConsumer(ctx context.Context) (*types.ConsumerDescription, error) {
	name := cmp.Or(e.cfg.Source.Consumer, e.cfg.Application)
	in := &kinesis.DescribeStreamConsumerInput{StreamARN: &e.report.ARN, ConsumerName: &name}
	if strings.HasPrefix(name, "arn:") {
		in = &kinesis.DescribeStreamConsumerInput{ConsumerARN: &name}
	}
	out, err := e.c.Kinesis.DescribeStreamConsumer(ctx, in)
	if err != nil {
		return nil, err
	}
	return out.ConsumerDescription, nil
}
