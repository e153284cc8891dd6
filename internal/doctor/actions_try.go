package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"korestream/internal/iam"
)

// tryStream exercises an action on a stream.
func (e *exam) tryStream(ctx context.Context, n iam.Need) error {
	if n.Part == iam.Letters || n.Part == iam.Webhook {
		return unexercised("a record that is put is there")
	}
	if n.Operation == "DescribeStreamSummary" {
		in := &kinesis.DescribeStreamSummaryInput{}
		in.StreamName, in.StreamARN = e.address()
		_, err := e.c.Kinesis.DescribeStreamSummary(ctx, in)
		return err
	}
	if e.stream == nil {
		return unexercised("the stream cannot be described")
	}
	switch n.Operation {
	case "ListShards":
		_, err := e.shard(ctx)
		return err
	case "GetShardIterator":
		_, err := e.iterator(ctx, types.ShardIteratorTypeTrimHorizon)
		return own(n, err)
	case "GetRecords":
		_, err := e.read(ctx, types.ShardIteratorTypeTrimHorizon)
		return own(n, err)
	case "DescribeStreamConsumer":
		_, err := e.streamConsumer(ctx)
		return err
	case "SubscribeToShard":
		return e.trySubscribe(ctx)
	}
	return unexercised("a consumer that is registered is there")
}

// own returns the error of a need's own call: what a call before it was refused
// says nothing of this one.
func own(n iam.Need, err error) error {
	var failed *smithy.OperationError
	if errors.As(err, &failed) && failed.Operation() != n.Operation {
		return unexercised(failed.Operation() + " goes before it: " + code(err))
	}
	return err
}

// trySubscribe makes a dry run, for which there must be a consumer.
func (e *exam) trySubscribe(ctx context.Context) error {
	d, err := e.streamConsumer(ctx)
	if err != nil {
		return unexercised("there is no consumer to subscribe: " + code(err))
	}
	shard, err := e.shard(ctx)
	if err != nil {
		return unexercised("no shard is known: " + code(err))
	}
	out, err := e.c.Kinesis.SubscribeToShard(ctx, &kinesis.SubscribeToShardInput{
		ConsumerARN: d.ConsumerARN, ShardId: &shard, DryRun: aws.Bool(true),
		StartingPosition: &types.StartingPosition{Type: types.ShardIteratorTypeLatest},
	})
	if err == nil {
		return out.GetStream().Close() // an endpoint that knows no dry runs
	}
	return err
}

// tryTable exercises an action on a table: reads of a row that is not there, and
// writes on condition that it is.
func (e *exam) tryTable(ctx context.Context, n iam.Need) error {
	out, err := e.c.Dynamo.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &n.Name})
	if n.Operation == "DescribeTable" {
		return err
	}
	if err != nil || len(out.Table.KeySchema) != 1 {
		return unexercised("there is no such table, or it cannot be described: " + code(err))
	}
	name := out.Table.KeySchema[0].AttributeName
	key := map[string]ddb.AttributeValue{*name: &ddb.AttributeValueMemberS{Value: doctorKey}}
	names := map[string]string{"#key": *name}
	there := aws.String("attribute_exists(#key)")
	switch n.Operation {
	case "Scan":
		_, err = e.c.Dynamo.Scan(ctx, &dynamodb.ScanInput{TableName: &n.Name, Limit: aws.Int32(1)})
	case "GetItem":
		_, err = e.c.Dynamo.GetItem(ctx, &dynamodb.GetItemInput{TableName: &n.Name, Key: key})
	case "PutItem":
		_, err = e.c.Dynamo.PutItem(ctx, &dynamodb.PutItemInput{TableName: &n.Name, Item: key, ConditionExpression: there, ExpressionAttributeNames: names})
	case "UpdateItem":
		_, err = e.c.Dynamo.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: &n.Name, Key: key, ConditionExpression: there, ExpressionAttributeNames: map[string]string{"#key": *name, "#x": "x"},
			UpdateExpression: aws.String("REMOVE #x"),
		})
	case "DeleteItem":
		_, err = e.c.Dynamo.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &n.Name, Key: key, ConditionExpression: there, ExpressionAttributeNames: names})
	case "CreateTable":
		_, err = e.c.Dynamo.CreateTable(ctx, &dynamodb.CreateTableInput{ // refused, for it is there
			TableName: &n.Name, BillingMode: ddb.BillingModePayPerRequest, KeySchema: out.Table.KeySchema, AttributeDefinitions: out.Table.AttributeDefinitions,
		})
	default:
		return e.tryTTL(ctx, n)
	}
	return err
}

// tryTTL sets what is set already, which is refused.
func (e *exam) tryTTL(ctx context.Context, n iam.Need) error {
	out, err := e.c.Dynamo.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &n.Name})
	if n.Operation == "DescribeTimeToLive" {
		return err
	}
	if err != nil || out.TimeToLiveDescription.TimeToLiveStatus != ddb.TimeToLiveStatusEnabled {
		return unexercised("it would set the table's time to live")
	}
	_, err = e.c.Dynamo.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName: &n.Name, TimeToLiveSpecification: &ddb.TimeToLiveSpecification{AttributeName: out.TimeToLiveDescription.AttributeName, Enabled: aws.Bool(true)},
	})
	return err
}

// tryBucket puts an object on condition that one is there which is not. Endpoints
// other than AWS's may not know the condition.
func (e *exam) tryBucket(ctx context.Context, n iam.Need) error {
	if e.c.S3.Options().BaseEndpoint != nil {
		return unexercised("an endpoint other than AWS's may not know the condition that keeps a put from having an effect")
	}
	_, prefix, _ := strings.Cut(n.Resource, n.Name+"/")
	key := strings.TrimSuffix(prefix, "*") + doctorKey
	_, err := e.c.S3.PutObject(ctx, &s3.PutObjectInput{Bucket: &n.Name, Key: &key, IfMatch: aws.String(doctorKey)})
	if err == nil {
		return fmt.Errorf("the bucket took object %s though nothing matches; remove it", key)
	}
	return err
}
