package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"korestream/checkpoint"
	"korestream/consumer"
	"korestream/internal/config"
	"korestream/internal/iam"
)

// Clients are the services that are asked.
type Clients struct {
	Kinesis *kinesis.Client
	Dynamo  *dynamodb.Client
	SQS     *sqs.Client
	S3      *s3.Client
	Region  string
}

// Finding is one thing that was looked at. Where it is not OK, or is Advice, it
// says why that matters and how to mend it.
type Finding struct {
	consumer.Finding
	// Advice says that korestream works as it is, and could be safer.
	Advice bool `json:"advice,omitempty"`
}

// Report is what an examination found.
type Report struct {
	consumer.Report
	Findings []Finding `json:"findings"`
	Actions  []Action  `json:"actions"`
}

// Faults counts the findings that are not as they must be.
func (r *Report) Faults() int {
	n := 0
	for _, f := range r.Findings {
		if !f.OK {
			n++
		}
	}
	return n
}

// exam is one examination.
type exam struct {
	cfg    *config.Config
	c      Clients
	leases *checkpoint.Store
	report *Report
	stream *types.StreamDescriptionSummary // nil if it cannot be described
	table  checkpoint.Snapshot
	// skew is how far the service's clock is ahead of ours.
	skew time.Duration
}

// timeout bounds an examination, and firstTimeout the first answer of all.
const (
	timeout      = 30 * time.Second
	firstTimeout = 5 * time.Second
)

// Examine looks at everything. The leases are a store that does not run. An error
// says that nothing can be known: no endpoint, or no credentials.
func Examine(ctx context.Context, cfg *config.Config, c Clients, leases *checkpoint.Store) (*Report, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("examination took longer than %s", timeout))
	defer cancel()
	e := &exam{cfg: cfg, c: c, leases: leases, report: &Report{Findings: []Finding{}, Actions: []Action{}}}
	e.report.Stream = cfg.StreamName()
	if err := e.lookAtStream(ctx); err != nil {
		return nil, err
	}
	leaseTable := e.lookAtTables(ctx)
	if leaseTable != nil {
		e.table, _ = leases.Load(ctx) // a refusal is found with the actions
	}
	if e.stream != nil {
		e.startupCheck(ctx)
		e.checkEncryption(ctx)
		e.checkRecordSize()
		e.checkIngest(ctx)
		e.checkReaders(ctx)
		e.checkConsumer(ctx)
	}
	e.lookAtLetters(ctx)
	e.lookAtQueues(ctx)
	e.exercise(ctx)
	e.checkWorkers(ctx)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return e.report, nil
}

func (e *exam) ok(check, found, want string) { e.add(check, true, found, want, "", "") }

func (e *exam) fault(check, found, want, why, mend string) {
	e.add(check, false, found, want, why, mend)
}

func (e *exam) advise(check, found, want, why, mend string) {
	e.add(check, true, found, want, why, mend)
	e.report.Findings[len(e.report.Findings)-1].Advice = true
}

func (e *exam) add(check string, ok bool, found, want, why, mend string) {
	e.report.Findings = append(e.report.Findings, Finding{Finding: consumer.Finding{Check: check, OK: ok, Found: found, Want: want, Why: why, Mend: mend}})
}

// name and arn address the stream as the configuration does.
func (e *exam) address() (name, arn *string) {
	if a := e.cfg.StreamARN(); a != "" {
		return nil, &a
	}
	return aws.String(e.cfg.StreamName()), nil
}

// lookAtStream describes the stream, and compares the clocks by the answer.
func (e *exam) lookAtStream(ctx context.Context) error {
	in := &kinesis.DescribeStreamSummaryInput{}
	in.StreamName, in.StreamARN = e.address()
	asked := time.Now()
	first, cancel := context.WithTimeout(ctx, firstTimeout)
	defer cancel()
	out, err := e.c.Kinesis.DescribeStreamSummary(first, in)
	var missing *types.ResourceNotFoundException
	switch {
	case errors.As(err, &missing):
		e.fault("stream", "no such stream in this account and region", "a stream",
			"there is nothing to read", "aws kinesis create-stream --stream-name "+e.cfg.StreamName()+" --stream-mode-details StreamMode=ON_DEMAND")
		return nil
	case denied(err):
		return nil // found with the actions
	case err != nil && ctx.Err() == nil:
		// The start-up check knows the words for what is wrong then.
		if _, said := consumer.CheckStartup(ctx, e.c.Kinesis, e.cfg.StreamName(), e.cfg.StreamARN(), consumer.Requirements{}, nil); said != nil {
			err = said
		}
		return err
	case err != nil:
		return context.Cause(ctx)
	}
	if at, ok := awsmiddleware.GetServerTime(out.ResultMetadata); ok {
		e.skew = at.Sub(asked.Add(time.Since(asked) / 2))
		e.checkClock(e.skew)
	}
	e.stream = out.StreamDescriptionSummary
	e.report.ARN = aws.ToString(e.stream.StreamARN)
	return nil
}

// place is where the resources are.
func (e *exam) place() iam.Place {
	cfg := *e.cfg
	if e.report.ARN != "" {
		cfg.Stream = e.report.ARN
	}
	return iam.PlaceOf(&cfg, e.c.Region, "")
}

// maxSkew is how far the clocks may be apart. AWS refuses requests from five
// minutes on; before that ages and times to live are wrong.
const maxSkew = 30 * time.Second

func (e *exam) checkClock(skew time.Duration) {
	found := fmt.Sprintf("%s apart", skew.Abs().Round(time.Second))
	want := "at most " + maxSkew.String()
	if skew.Abs() <= maxSkew {
		e.ok("clock", found, want)
		return
	}
	e.fault("clock", found, want, "AWS refuses requests whose time is wrong by minutes, and how late events are cannot be told",
		"timedatectl set-ntp true")
}
