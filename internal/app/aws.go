package app

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"korestream/internal/awsclient"
)

// clients are the AWS services that the daemon calls.
type clients struct {
	kinesis *kinesis.Client
	dynamo  *dynamodb.Client
	sqs     *sqs.Client
	s3      *s3.Client
	region  string
	calls   *awsCalls
}

// loadClients makes the clients from the environment as every AWS tool reads it
// (AWS_REGION, AWS_PROFILE, AWS_ENDPOINT_URL, roles …). A region that the
// configuration names goes first.
func loadClients(ctx context.Context, region string) (clients, error) {
	opts := []func(*awsconfig.LoadOptions) error{awsconfig.WithHTTPClient(awsclient.HTTP())}
	if region != "" {
		opts = append(opts, awsconfig.WithRegion(region))
	}
	cfg, err := awsconfig.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		return clients{}, fmt.Errorf("load AWS settings: %w", err)
	}
	if cfg.Region == "" {
		return clients{}, fmt.Errorf("no AWS region: set AWS_REGION, or name the stream by its ARN")
	}
	return newClients(cfg), nil
}

// newClients makes the clients from a finished configuration.
func newClients(cfg aws.Config) clients {
	if cfg.HTTPClient == nil {
		cfg.HTTPClient = awsclient.HTTP()
	}
	forKinesis := awsclient.PlainBodies(cfg.HTTPClient)
	if b, ok := cfg.HTTPClient.(*awshttp.BuildableClient); ok { // the SDK's, and no service in memory
		forKinesis = awsclient.Resending(b)
	}
	cfg.HTTPClient = awsclient.PlainBodies(cfg.HTTPClient)
	calls := newAWSCalls()
	calls.watch(&cfg)
	return clients{
		calls:   calls,
		kinesis: kinesis.NewFromConfig(cfg, func(o *kinesis.Options) { o.HTTPClient = forKinesis }), dynamo: dynamodb.NewFromConfig(cfg), sqs: sqs.NewFromConfig(cfg),
		// Endpoints other than AWS's have no names for buckets.
		s3:     s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = o.BaseEndpoint != nil }),
		region: cfg.Region,
	}
}
