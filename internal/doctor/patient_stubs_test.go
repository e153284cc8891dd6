package doctor

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"korestream/checkpoint"
	"korestream/internal/config"
	"korestream/localstack/embed"
)

// patient is what is examined: streams and tables of the endpoint, one queue and
// one bucket of which as much is there as the doctor sees.
type patient struct {
	t     *testing.T
	ep    *embed.Endpoint
	kc    *kinesis.Client
	db    *dynamodb.Client
	flags map[string]string
	env   []string

	// queue are the attributes of the queue; nil is none.
	queue map[string]string
	// bucketCode is the error of every call of the bucket, by status.
	bucketCode   string
	bucketStatus int

	running sync.WaitGroup
	stop    context.CancelFunc
	live    context.Context
}

var _ aws.HTTPClient = (*patient)(nil)

const testQueue = "https://sqs.us-east-1.amazonaws.com/111122223333/letters"

func newPatient(t *testing.T, opts ...embed.Option) *patient {
	t.Helper()
	p := &patient{
		t: t, ep: embed.New(opts...), bucketCode: "PreconditionFailed", bucketStatus: 412,
		queue: map[string]string{"MessageRetentionPeriod": "1209600", "MaximumMessageSize": "1048576"},
		flags: map[string]string{
			"source.type": "fan_out", "dedupe.store": "dynamodb", "admin.listen": "", "dead_letters.type": "sqs", "dead_letters.queue_url": testQueue,
		},
		env: []string{"KORESTREAM_HANDLERS=[{name: s, type: simstate, store: dynamodb, ttl: 1h}, {name: o, type: s3, bucket: kore-bucket}]"},
	}
	p.kc, p.db = kinesis.NewFromConfig(p.ep.Config()), dynamodb.NewFromConfig(p.ep.Config())
	p.live, p.stop = context.WithCancel(context.Background())
	p.must(p.kc.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("kore-events"), ShardCount: aws.Int32(2)}))
	if err := kinesis.NewStreamExistsWaiter(p.kc).Wait(t.Context(), &kinesis.DescribeStreamInput{StreamName: aws.String("kore-events")}, 10*time.Minute); err != nil {
		t.Fatal(err)
	}
	for table, attributes := range map[string][2]string{"korestream": {"leaseKey", ""}, "korestream-handled": {"eventId", "expiresAt"}, "korestream-sims": {"sim", "expiresAt"}} {
		p.createTable(table, attributes[0], attributes[1])
	}
	p.must(p.kc.RegisterStreamConsumer(t.Context(), &kinesis.RegisterStreamConsumerInput{StreamARN: aws.String(p.ep.StreamARN("kore-events")), ConsumerName: aws.String("korestream")}))
	return p
}

func (p *patient) must(_ any, err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *patient) createTable(name, key, expiry string) {
	p.t.Helper()
	p.must(p.db.CreateTable(p.t.Context(), &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: &key, AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: &key, KeyType: types.KeyTypeHash}},
	}))
	if expiry != "" {
		p.expire(name, expiry, true)
	}
}

func (p *patient) expire(table, attribute string, enabled bool) {
	p.t.Helper()
	p.must(p.db.UpdateTimeToLive(p.t.Context(), &dynamodb.UpdateTimeToLiveInput{
		TableName: &table, TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: &attribute, Enabled: &enabled},
	}))
}

func (p *patient) dropTable(name string) {
	p.t.Helper()
	p.must(p.db.DeleteTable(p.t.Context(), &dynamodb.DeleteTableInput{TableName: &name}))
}

// deny refuses an operation for want of a permission.
func (p *patient) deny(service, operation string) {
	p.ep.Faults().Add(embed.Fault{Service: service, Operation: operation, Kind: embed.AccessDenied})
}

// worker runs a process's side of the lease table until the examination ends.
func (p *patient) worker(id string) {
	s := p.store(id)
	p.running.Go(func() { _ = s.Run(p.live) }) // it returns nil
}

func (p *patient) store(id string) *checkpoint.Store {
	cfg := checkpoint.DefaultConfig()
	cfg.Table, cfg.Worker = "korestream", id
	return checkpoint.New(p.db, cfg)
}

// examine makes one examination and ends the workers.
func (p *patient) examine() *Report {
	p.t.Helper()
	defer p.running.Wait()
	defer p.stop()
	flags := map[string]string{"stream": "kore-events"}
	for k, v := range p.flags {
		flags[k] = v
	}
	cfg, err := config.Load(config.Sources{Env: p.env, Flags: flags, NoFiles: true})
	if err != nil {
		p.t.Fatal(err)
	}
	aside := p.ep.Config()
	aside.HTTPClient, aside.BaseEndpoint, aside.Retryer = p, nil, func() aws.Retryer { return aws.NopRetryer{} }
	r, err := Examine(p.t.Context(), cfg, Clients{
		Kinesis: p.kc, Dynamo: p.db, SQS: sqs.NewFromConfig(aside), S3: s3.NewFromConfig(aside), Region: "us-east-1",
	}, p.store("doctor"))
	if err != nil {
		p.t.Fatal(err)
	}
	return r
}

// Do implements aws.HTTPClient for the queue and the bucket.
func (p *patient) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body) // what is asked does not matter
	}
	w := httptest.NewRecorder()
	switch {
	case strings.HasPrefix(r.Host+r.URL.Host, "sqs."):
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		if p.queue == nil {
			w.Header().Set("X-Amzn-Query-Error", "AWS.SimpleQueueService.NonExistentQueue;Sender")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."}`)
			break
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"Attributes": p.queue})
	default:
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(p.bucketStatus)
		_, _ = io.WriteString(w, "<Error><Code>"+p.bucketCode+"</Code><Message>as the test says</Message></Error>")
	}
	resp := w.Result()
	resp.Request = r
	return resp, nil
}
