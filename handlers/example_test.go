package handlers_test

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"korestream/checkpoint"
	"korestream/consumer"
	"korestream/handlers"
	"korestream/localstack/embed"
)

// A consumer in a program of one's own: a handler, a route to it, somewhere for
// what it gives up on, leases, and a stream. This one runs against the endpoint
// in this process; on AWS the configuration comes from config.LoadDefaultConfig.
func Example() {
	ctx, stop := context.WithCancel(context.Background())
	endpoint := embed.New()
	stream := kinesis.NewFromConfig(endpoint.Config())
	prepare(ctx, stream)

	usage := handlers.HandlerFunc(func(_ context.Context, d *consumer.Delivery) error {
		c, err := d.Event.Connection()
		if err != nil {
			return handlers.Permanent(err) // no retry mends it
		}
		fmt.Printf("%s used %d bytes\n", d.Event.SIM(), *c.DataTotal)
		stop() // enough for an example
		return nil
	})

	sessions, err := handlers.ParsePattern("*.data-session.*")
	check(err)
	mux, err := handlers.NewMux(
		[]handlers.Route{{Name: "usage", Match: []handlers.Pattern{sessions}, Handler: usage}},
		letters{}, handlers.DefaultRetryPolicy(),
	)
	check(err)

	leaseConfig := checkpoint.DefaultConfig()
	leaseConfig.Table, leaseConfig.Worker = "my-application", "worker-1"
	leases := checkpoint.New(dynamodb.NewFromConfig(endpoint.Config()), leaseConfig)
	check(leases.Init(ctx))
	cfg := consumer.DefaultConfig()
	cfg.Stream, cfg.Worker = "kore-events", "worker-1"
	c, err := consumer.New(cfg, stream, leases, mux, letters{})
	check(err)
	check(c.Run(ctx)) // until ctx ends; then it drains and checkpoints

	// Output: HS1 used 4096 bytes
}

// letters prints what was given up on. A real one returns nil only when the
// letter is durable: see [handlers.OpenFileSink].
type letters struct{}

func (letters) Bury(_ context.Context, l *consumer.DeadLetter) error {
	fmt.Println("buried:", l.Err)
	return nil
}

// prepare makes a stream with one event on it.
func prepare(ctx context.Context, stream *kinesis.Client) {
	name := aws.String("kore-events")
	_, err := stream.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: name, ShardCount: aws.Int32(1)})
	check(err)
	check(kinesis.NewStreamExistsWaiter(stream).Wait(ctx, &kinesis.DescribeStreamInput{StreamName: name}, time.Minute))
	_, err = stream.PutRecord(ctx, &kinesis.PutRecordInput{StreamName: name, PartitionKey: aws.String("HS1"), Data: []byte(
		`{"id": "EZ1", "type": "com.kore.iot.supersim.connection.data-session.updated", "data": {"sim_sid": "HS1", "data_total": 4096}}`,
	)})
	check(err)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
