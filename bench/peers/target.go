package peers

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"korestream/bench/tally"
	"korestream/internal/awsclient"
)

// Target is what a consumer consumes.
type Target struct {
	// Kinesis and Dynamo are the addresses of the endpoints.
	Kinesis, Dynamo string
	Stream          string
	Shards          int
	// Records is how many there are; a consumer that has handled them stops.
	Records int64
	// Patience bounds the whole run.
	Patience time.Duration
	// Decode says what reads the envelope.
	Decode Decoder
	// Dedupe is for korestream alone: recognise repeated events.
	Dedupe bool
}

// Flags makes the flags that set a target.
func (t *Target) Flags(f *flag.FlagSet) {
	f.StringVar(&t.Kinesis, "kinesis", "", "address of Kinesis")
	f.StringVar(&t.Dynamo, "dynamo", "", "address of DynamoDB")
	f.StringVar(&t.Stream, "stream", "bench", "name of the stream")
	f.IntVar(&t.Shards, "shards", 1, "shards of the stream")
	f.Int64Var(&t.Records, "records", 0, "stop after so many records")
	f.DurationVar(&t.Patience, "patience", 2*time.Minute, "stop after so long at the latest")
	f.TextVar(&t.Decode, "decode", DecodeJSON, "what reads the envelope: json or event")
	f.BoolVar(&t.Dedupe, "dedupe", false, "korestream: recognise repeated events")
}

// Args are the arguments that Flags reads.
func (t Target) Args() []string {
	return []string{
		"-kinesis", t.Kinesis, "-dynamo", t.Dynamo, "-stream", t.Stream, "-shards", fmt.Sprint(t.Shards),
		"-records", fmt.Sprint(t.Records), "-patience", t.Patience.String(), "-decode", string(t.Decode), fmt.Sprintf("-dedupe=%t", t.Dedupe),
	}
}

// AWS returns the settings of a client of the endpoint at address.
func (t Target) AWS(address string) aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(address),
		Credentials: credentials.NewStaticCredentialsProvider("bench", "bench", ""),
		// Without it the SDK takes answers of a fast server on loopback for broken
		// connections now and then, whichever consumer it is.
		HTTPClient: awsclient.PlainBodies(awshttp.NewBuildableClient()),
	}
}

// Consumer consumes a target, counting every event, until ctx ends. It returns
// nil when it has left everything as a planned stop does.
type Consumer func(ctx context.Context, t Target, c *tally.Counter) error

var errImpatient = errors.New("not all records came in time")

// Main is the main of a consumer's program.
func Main(consume Consumer) {
	var t Target
	t.Flags(flag.CommandLine)
	flag.Parse()
	if err := Run(consume, t, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Run runs a consumer until it has counted what there is, and writes the result.
func Run(consume Consumer, t Target, out io.Writer) error {
	if _, err := url.Parse(t.Kinesis); err != nil || t.Kinesis == "" {
		return fmt.Errorf("address of Kinesis: %q", t.Kinesis)
	}
	patience, cancel := context.WithTimeoutCause(context.Background(), t.Patience, errImpatient)
	defer cancel()
	ctx, stop := context.WithCancel(patience)
	defer stop()
	counter := tally.NewCounter(t.Records, stop)
	err := consume(ctx, t, counter)
	if err == nil && patience.Err() != nil {
		err = fmt.Errorf("%d of %d records: %w", counter.Tally().Records, t.Records, errImpatient)
	}
	if err != nil {
		return err
	}
	return tally.NewResult(counter.Tally()).Write(out)
}
