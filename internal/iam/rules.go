package iam

import (
	"cmp"
	"strings"

	"korestream/internal/config"
)

// Need is one call that a configuration makes, and the action that allows it.
type Need struct {
	// Service and Operation are the call, by the SDK's names in lower and mixed
	// case: dynamodb, GetItem.
	Service, Operation string
	// Action is what a policy calls it, such as dynamodb:GetItem.
	Action string
	// Part is what it is for, such as "lease table".
	Part Part
	// Name is what is called: the stream, table, queue URL or bucket as it is
	// configured. Resource is its ARN.
	Name, Resource string
	// Operator says that no daemon makes the call, but one of the other commands.
	Operator bool
}

// Part is what of a configuration something is needed for.
type Part string

// The parts.
const (
	Stream   Part = "stream"
	FanOut   Part = "fan-out consumer"
	Webhook  Part = "webhook"
	Leases   Part = "lease table"
	Dedupe   Part = "dedupe table"
	SIMs     Part = "table of SIM states"
	Queue    Part = "queue of a handler"
	Bucket   Part = "bucket of a handler"
	Letters  Part = "dead letters"
	Overflow Part = "large dead letters"
)

// The services, as in Need.Service.
const (
	Kinesis  = "kinesis"
	DynamoDB = "dynamodb"
	SQS      = "sqs"
	S3       = "s3"
)

// resource is something that is called.
type resource struct{ name, arn string }

// rule says which calls something that is configured needs. An operation whose
// action has another name is written Operation=Action.
type rule struct {
	part    Part
	service string
	// on returns what is called; nothing where the configuration has no use for it.
	on func(*config.Config, Place) []resource
	// run are the calls of a daemon, operate those of the other commands.
	run, operate string
}

// rules is the table. See
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
// for which actions are granted on what.
var rules = []rule{
	{Stream, Kinesis, stream, "DescribeStreamSummary ListShards GetShardIterator GetRecords", "PutRecord"},
	{FanOut, Kinesis, whenFanOut(stream), "RegisterStreamConsumer", ""},
	{FanOut, Kinesis, whenFanOut(streamConsumer), "DescribeStreamConsumer SubscribeToShard", ""},
	{Webhook, Kinesis, whenWebhook(stream), "PutRecords", ""},
	{Leases, DynamoDB, leaseTable, "DescribeTable Scan GetItem PutItem UpdateItem DeleteItem", "DescribeTimeToLive DescribeContinuousBackups"},
	{Leases, DynamoDB, whenCreated(leaseTable), "CreateTable", ""},
	{Dedupe, DynamoDB, dedupeTable, "DescribeTable CreateTable DescribeTimeToLive UpdateTimeToLive UpdateItem DeleteItem", ""},
	{SIMs, DynamoDB, simTables(anyTTL), "DescribeTable CreateTable GetItem PutItem", "Scan"},
	{SIMs, DynamoDB, simTables(withTTL), "DescribeTimeToLive UpdateTimeToLive", ""},
	{Queue, SQS, queues(oneByOne), "SendMessage", "GetQueueAttributes"},
	{Queue, SQS, queues(inBatches), "SendMessageBatch=SendMessage", "GetQueueAttributes"},
	{Bucket, S3, buckets, "PutObject", ""},
	{Letters, SQS, letterQueue, "SendMessage", "ReceiveMessage DeleteMessage ChangeMessageVisibilityBatch=ChangeMessageVisibility GetQueueAttributes"},
	{Overflow, S3, letterObjects("sqs"), "PutObject", "GetObject DeleteObject"},
	{Letters, S3, letterObjects("s3"), "PutObject", "GetObject DeleteObject"},
	{Letters, S3, letterBucket, "", "ListObjectsV2=ListBucket"},
	{Letters, Kinesis, letterStream, "PutRecord", "DescribeStreamSummary ListShards GetShardIterator GetRecords"},
}

// Needs returns the calls that a configuration makes, in the order of the table.
func Needs(cfg *config.Config, at Place) []Need {
	var out []Need
	for _, r := range rules {
		for _, on := range r.on(cfg, at) {
			out = append(out, r.needs(on, r.run)...)
			operate := r.needs(on, r.operate)
			for i := range operate {
				operate[i].Operator = true
			}
			out = append(out, operate...)
		}
	}
	return out
}

func (r rule) needs(on resource, operations string) []Need {
	var out []Need
	for word := range strings.FieldsSeq(operations) {
		operation, action, _ := strings.Cut(word, "=")
		out = append(out, Need{
			Service: r.service, Operation: operation, Action: r.service + ":" + cmp.Or(action, operation),
			Part: r.part, Name: on.name, Resource: on.arn,
		})
	}
	return out
}
