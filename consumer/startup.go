package consumer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"korestream/checkpoint"
)

// Requirements say what the stream must be like before it is consumed.
type Requirements struct {
	// MinShards and MaxShards bound the open shards; 0 is no bound.
	MinShards, MaxShards int
	// MinRetention is the least retention period.
	MinRetention time.Duration
}

// Finding is one thing that the start-up check looked at.
type Finding struct {
	// Check names what was looked at.
	Check string `json:"check"`
	OK    bool   `json:"ok"`
	Found string `json:"found"`
	Want  string `json:"want"`
	// Why says what is at stake, and Mend holds the command line that mends
	// it; both are empty where all is well.
	Why  string `json:"why,omitempty"`
	Mend string `json:"mend,omitempty"`
}

// Report is the outcome of a start-up check.
type Report struct {
	Stream     string        `json:"stream"`
	ARN        string        `json:"arn"`
	Status     string        `json:"status"`
	Mode       string        `json:"mode"`
	OpenShards int           `json:"open_shards"`
	Retention  time.Duration `json:"retention_ns"`
	CreatedAt  time.Time     `json:"created_at"`
	Findings   []Finding     `json:"findings"`
}

// ErrRequirements says that the stream is not as it is required to be. The
// caller that sees it decides between refusing to start and a warning.
var ErrRequirements = errors.New("stream is not as required")

// Err returns nil, or an error wrapping ErrRequirements that names each
// mismatch: found, wanted, how to mend it.
func (r *Report) Err() error {
	var errs []error
	for _, f := range r.Findings {
		if !f.OK {
			errs = append(errs, fmt.Errorf("%w: %s: found %s, want %s; mend it with: %s", ErrRequirements, f.Check, f.Found, f.Want, f.Mend))
		}
	}
	return errors.Join(errs...)
}

// UnreachableError says that the stream could not be looked at, so nothing is
// known of it.
type UnreachableError struct {
	Stream string
	// Reason is one sentence for people: what is wrong and what to do.
	Reason string
	Err    error
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("stream %s: %s: %v", e.Stream, e.Reason, e.Err)
}

func (e *UnreachableError) Unwrap() error { return e.Err }

// checkTimeout bounds the whole start-up check, so that a process that cannot
// work says so before an orchestrator's patience ends.
const checkTimeout = 10 * time.Second

// CheckStartup looks at the stream and compares it with the requirements.
// Positions are the application's checkpoints by shard, nil if it has none: how
// far they are behind is compared with the retention. The stream is named by
// its name or ARN. The error is an *UnreachableError, or the cause when ctx ends.
func CheckStartup(ctx context.Context, kc KinesisAPI, stream, arn string, want Requirements, positions map[string]checkpoint.Position) (*Report, error) {
	check, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	t := target{stream, arn}
	in := &kinesis.DescribeStreamSummaryInput{}
	in.StreamName, in.StreamARN = t.split()
	out, err := kc.DescribeStreamSummary(check, in)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, unreachable(stream, err)
	}
	d := out.StreamDescriptionSummary
	r := &Report{
		Stream: stream, ARN: aws.ToString(d.StreamARN), Status: string(d.StreamStatus),
		OpenShards: int(aws.ToInt32(d.OpenShardCount)), Retention: time.Duration(aws.ToInt32(d.RetentionPeriodHours)) * time.Hour,
		CreatedAt: aws.ToTime(d.StreamCreationTimestamp),
	}
	if d.StreamModeDetails != nil {
		r.Mode = string(d.StreamModeDetails.StreamMode)
	}
	r.checkStatus(d.StreamStatus)
	r.checkShards(want)
	r.checkRetention(want)
	behind, err := lag(check, kc, t, positions)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, unreachable(stream, err)
	}
	r.checkLag(behind, len(positions))
	return r, nil
}

func unreachable(stream string, err error) error {
	reason := "cannot be read"
	switch troubleOf(err) {
	case troubleStreamMissing:
		reason = "does not exist in this account and region; check stream and AWS_REGION, or create it"
	case troubleAccess:
		reason = "credentials refused; check the AWS credentials and that they allow kinesis:DescribeStreamSummary and kinesis:GetRecords"
	case troubleKey:
		reason = "its encryption key cannot be used; allow kms:Decrypt"
	case troubleUnreachable:
		reason = "the endpoint cannot be reached; check the network, AWS_REGION and AWS_ENDPOINT_URL"
	case troubleThrottled:
		reason = "throttled"
	}
	return &UnreachableError{Stream: stream, Reason: reason, Err: err}
}

func (r *Report) add(f Finding) {
	if f.OK {
		f.Why, f.Mend = "", ""
	}
	r.Findings = append(r.Findings, f)
}

func (r *Report) checkStatus(status types.StreamStatus) {
	r.add(Finding{
		Check: "status", OK: status == types.StreamStatusActive || status == types.StreamStatusUpdating,
		Found: r.Status, Want: "ACTIVE",
		Why:  "a stream that is being created or deleted cannot be read",
		Mend: "aws kinesis wait stream-exists --stream-name " + r.Stream,
	})
}

func (r *Report) checkShards(want Requirements) {
	f := Finding{
		Check: "shards", Found: fmt.Sprintf("%d open shards", r.OpenShards), OK: true, Want: "any number",
		Why: "too few shards throttle the producer, too many cost money",
	}
	target := want.MinShards
	switch {
	case want.MaxShards > 0:
		f.Want = fmt.Sprintf("%d to %d", want.MinShards, want.MaxShards)
		if r.OpenShards > want.MaxShards {
			target = want.MaxShards
			f.OK = false
		}
	case want.MinShards > 0:
		f.Want = fmt.Sprintf("at least %d", want.MinShards)
	}
	if r.OpenShards < want.MinShards {
		f.OK = false
	}
	f.Mend = fmt.Sprintf("aws kinesis update-shard-count --stream-name %s --target-shard-count %d --scaling-type UNIFORM_SCALING", r.Stream, target)
	r.add(f)
}

func (r *Report) checkRetention(want Requirements) {
	hours := int(math.Ceil(want.MinRetention.Hours()))
	r.add(Finding{
		Check: "retention", OK: r.Retention >= want.MinRetention,
		Found: hoursOf(r.Retention), Want: "at least " + hoursOf(want.MinRetention),
		Why:  "what is not read within the retention period is lost",
		Mend: fmt.Sprintf("aws kinesis increase-stream-retention-period --stream-name %s --retention-period-hours %d", r.Stream, hours),
	})
}

// maxRetention is the longest that Kinesis keeps records:
// https://docs.aws.amazon.com/streams/latest/dev/kinesis-extended-retention.html
const maxRetention = 8760 * time.Hour

// checkLag compares how far the application is behind with the retention. Half
// of it is the line: beyond, an outage as long as the one before loses data.
func (r *Report) checkLag(behind time.Duration, known int) {
	found := fmt.Sprintf("%s behind", behind.Round(time.Second))
	if known == 0 {
		found = "no checkpoint yet"
	}
	longer := min(2*max(r.Retention, behind), maxRetention)
	r.add(Finding{
		Check: "headroom", OK: behind*2 <= r.Retention, Found: found,
		Want: fmt.Sprintf("less than half of the retention (%s)", hoursOf(r.Retention)),
		Why:  fmt.Sprintf("the oldest unread records expire in %s", max(r.Retention-behind, 0).Round(time.Second)),
		Mend: fmt.Sprintf("aws kinesis increase-stream-retention-period --stream-name %s --retention-period-hours %d", r.Stream, int(longer.Hours())),
	})
}

func hoursOf(d time.Duration) string {
	if d%time.Hour == 0 {
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return d.String()
}

// lagProbes bounds the shards whose lag the check looks at: each costs two
// calls, one of them of the shard's five a second.
const lagProbes = 32

// lag returns how far the furthest-behind position is behind its shard's tip.
func lag(ctx context.Context, kc KinesisAPI, t target, positions map[string]checkpoint.Position) (time.Duration, error) {
	var worst time.Duration
	probes := 0
	for shard, pos := range positions {
		if pos.SequenceNumber == checkpoint.ShardEnd {
			continue
		}
		if probes++; probes > lagProbes {
			break
		}
		behind, err := lagOf(ctx, kc, t, shard, pos)
		if err != nil {
			return 0, fmt.Errorf("measure lag of %s: %w", shard, err)
		}
		worst = max(worst, behind)
	}
	return worst, nil
}

// lagOf reads one record at the position: its answer says how far behind that
// is. A shard that is gone, or a throttle, says nothing and is no error: the
// check must not fail because others read the shard too.
func lagOf(ctx context.Context, kc KinesisAPI, t target, shard string, pos checkpoint.Position) (time.Duration, error) {
	at := startingPosition(pos)
	if !pos.IsSentinel() { // after what is done, or a quiet shard looks as old as its last record
		at.Type = types.ShardIteratorTypeAfterSequenceNumber
	}
	in := &kinesis.GetShardIteratorInput{
		ShardId: aws.String(shard), ShardIteratorType: at.Type,
		StartingSequenceNumber: at.SequenceNumber, Timestamp: at.Timestamp,
	}
	in.StreamName, in.StreamARN = t.split()
	it, err := kc.GetShardIterator(ctx, in)
	if err == nil {
		var out *kinesis.GetRecordsOutput
		get := &kinesis.GetRecordsInput{ShardIterator: it.ShardIterator, Limit: aws.Int32(1)}
		if t.arn != "" {
			get.StreamARN = aws.String(t.arn)
		}
		if out, err = kc.GetRecords(ctx, get); err == nil {
			return time.Duration(aws.ToInt64(out.MillisBehindLatest)) * time.Millisecond, nil
		}
	}
	switch troubleOf(err) {
	case troubleStreamMissing, troubleThrottled, troubleArgument:
		return 0, nil
	}
	return 0, err
}
