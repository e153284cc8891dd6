package embed

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"korestream/localstack/embed/internal/awsjson"
	"korestream/localstack/embed/internal/dynamo"
	"korestream/localstack/embed/internal/kinesis"
)

// The names of the services, as in Fault.Service.
const (
	Kinesis  = "kinesis"
	DynamoDB = "dynamodb"
)

// kinesisTarget is what the targets of Kinesis's operations begin with.
const kinesisTarget = "Kinesis_20131202"

// Endpoint is an AWS endpoint in memory. It is safe for concurrent use.
type Endpoint struct {
	region, account string
	clock           func() time.Time
	offset          atomic.Int64 // added to the clock, in nanoseconds
	quotas          bool
	delay           time.Duration
	shardLimit      int
	faults          *Faults
	requests        atomic.Uint64
	services        map[string]*service // by target prefix
}

// service is one service of the endpoint.
type service struct {
	name, contentType string
	// space is what the types of the service's errors begin with.
	space   string
	backend awsjson.Service
	// locate says which stream or table, and which shard, a request is about.
	locate   func(operation string, body []byte) (resource, shard string)
	checksum bool // answers carry x-amz-crc32
}

// Option changes how an Endpoint is made.
type Option func(*Endpoint)

// WithRegion sets the region; the default is us-east-1.
func WithRegion(region string) Option { return func(e *Endpoint) { e.region = region } }

// WithAccount sets the account; the default is 000000000000.
func WithAccount(account string) Option { return func(e *Endpoint) { e.account = account } }

// WithClock sets the clock that everything is stamped with and expires by; the
// default is time.Now. Waiting (a slow answer, the events of a subscription) is
// always by the process's own clock.
func WithClock(now func() time.Time) Option { return func(e *Endpoint) { e.clock = now } }

// WithQuotas says whether the quotas of Kinesis shards are enforced; the default
// is not.
func WithQuotas(enforced bool) Option { return func(e *Endpoint) { e.quotas = enforced } }

// WithTransition sets how long streams and consumers take to be created,
// changed and deleted; the default is no time, so that what was created is
// ACTIVE at once.
func WithTransition(d time.Duration) Option { return func(e *Endpoint) { e.delay = d } }

// WithShardLimit sets how many open shards the account may have; the default is
// AWS's, 20,000.
func WithShardLimit(n int) Option { return func(e *Endpoint) { e.shardLimit = n } }

// New returns an endpoint with nothing in it.
func New(opts ...Option) *Endpoint {
	e := &Endpoint{region: "us-east-1", account: "000000000000", clock: time.Now}
	for _, o := range opts {
		o(e)
	}
	e.faults = newFaults(e)
	stream := kinesis.New(kinesis.Options{
		Region: e.region, Account: e.account, Now: e.Now, Delay: e.delay, Quotas: e.quotas,
		ShardLimit: e.shardLimit, RecordFault: e.faults.record,
	})
	e.services = map[string]*service{
		kinesisTarget: {
			name: Kinesis, contentType: json11, backend: stream, locate: stream.Locate,
		},
		"DynamoDB_20120810": {
			name: DynamoDB, contentType: json10, space: "com.amazonaws.dynamodb.v20120810#", backend: dynamo.New(dynamo.Options{Region: e.region, Account: e.account, Now: e.Now}),
			locate: locateTable, checksum: true,
		},
	}
	return e
}

// Now is the endpoint's clock, including the offset that Faults set.
func (e *Endpoint) Now() time.Time { return e.clock().Add(time.Duration(e.offset.Load())) }

// Region returns the endpoint's region.
func (e *Endpoint) Region() string { return e.region }

// Account returns the endpoint's account.
func (e *Endpoint) Account() string { return e.account }

// StreamARN returns the ARN that a stream of the given name has.
func (e *Endpoint) StreamARN(stream string) string {
	return fmt.Sprintf("arn:aws:kinesis:%s:%s:stream/%s", e.region, e.account, stream)
}

// Faults returns the endpoint's knobs.
func (e *Endpoint) Faults() *Faults { return e.faults }

// Config returns a configuration for the SDK's clients, which then call the
// endpoint in process.
func (e *Endpoint) Config() aws.Config {
	return aws.Config{
		Region:       e.region,
		Credentials:  credentials.NewStaticCredentialsProvider("embed", "embed", ""),
		BaseEndpoint: aws.String("http://embed.invalid"),
		HTTPClient:   e.HTTPClient(),
	}
}
