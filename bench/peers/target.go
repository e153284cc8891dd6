package peers

import (
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"

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
	// Hold is how long a consumer goes on when it has handled everything, to see
	// what it costs when nothing comes. It says when that begins.
	Hold time.Duration
	// Settings are for korestream alone: key=value, as in its configuration.
	Settings Settings
	// Latency is for korestream alone: note how old each event was by its time
	// when it was handled.
	Latency bool
}

// Settings are settings of a configuration, by key.
type Settings map[string]string

// String implements flag.Value.
func (s Settings) String() string { return fmt.Sprint(map[string]string(s)) }

// Set implements flag.Value: it adds key=value.
func (s *Settings) Set(text string) error {
	key, value, ok := strings.Cut(text, "=")
	if !ok {
		return fmt.Errorf("%q: want key=value", text)
	}
	if *s == nil {
		*s = make(Settings)
	}
	(*s)[key] = value
	return nil
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
	f.DurationVar(&t.Hold, "hold", 0, "go on for so long when everything is handled")
	f.Var(&t.Settings, "set", "korestream: key=value of its configuration; may be repeated")
	f.BoolVar(&t.Latency, "latency", false, "korestream: note how old each event was when it was handled")
}

// Args are the arguments that Flags reads.
func (t Target) Args() []string {
	args := []string{
		"-kinesis", t.Kinesis, "-dynamo", t.Dynamo, "-stream", t.Stream, "-shards", fmt.Sprint(t.Shards),
		"-records", fmt.Sprint(t.Records), "-patience", t.Patience.String(), "-decode", string(t.Decode),
		"-hold", t.Hold.String(), fmt.Sprintf("-latency=%t", t.Latency),
	}
	for key, value := range t.Settings {
		args = append(args, "-set", key+"="+value)
	}
	return args
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
