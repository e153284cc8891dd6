// Command harlow is harlow/kinesis-consumer with its DynamoDB store, which writes
// checkpoints once a minute and at the end. It has no leases: one process reads
// all shards. They are scanned one by one, for its own scan of all of them writes
// a map from several goroutines and dies of that at 64 shards (v0.3.6).
package main

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	consumer "github.com/harlow/kinesis-consumer"
	"github.com/harlow/kinesis-consumer/store/ddb"

	"korestream/bench/peers"
	"korestream/bench/tally"
)

func main() { peers.Main(consume) }

func consume(ctx context.Context, t peers.Target, c *tally.Counter) error {
	db := dynamodb.NewFromConfig(t.AWS(t.Dynamo))
	if err := harlowTable(ctx, db); err != nil {
		return err
	}
	store, err := ddb.New("bench", harlowTableName, ddb.WithDynamoClient(db))
	if err != nil {
		return fmt.Errorf("make the store: %w", err)
	}
	k, err := consumer.New(t.Stream, consumer.WithClient(kinesis.NewFromConfig(t.AWS(t.Kinesis))), consumer.WithStore(store),
		consumer.WithShardIteratorType("TRIM_HORIZON"))
	if err != nil {
		return fmt.Errorf("make the consumer: %w", err)
	}
	err = peers.EachShard(ctx, t.Shards, func(ctx context.Context, shard string) error {
		return k.ScanShard(ctx, shard, func(r *consumer.Record) error {
			id, err := t.Decode.ID(r.Data)
			if err == nil {
				c.Add(id)
			}
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("scan: %w", err)
	}
	return store.Shutdown()
}

const harlowTableName = "bench-harlow"

// harlowTable makes the table that the store wants to find.
func harlowTable(ctx context.Context, db *dynamodb.Client) error {
	_, err := db.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: aws.String(harlowTableName), BillingMode: dynamotypes.BillingModePayPerRequest,
		KeySchema: []dynamotypes.KeySchemaElement{
			{AttributeName: aws.String("namespace"), KeyType: dynamotypes.KeyTypeHash},
			{AttributeName: aws.String("shard_id"), KeyType: dynamotypes.KeyTypeRange},
		},
		AttributeDefinitions: []dynamotypes.AttributeDefinition{
			{AttributeName: aws.String("namespace"), AttributeType: dynamotypes.ScalarAttributeTypeS},
			{AttributeName: aws.String("shard_id"), AttributeType: dynamotypes.ScalarAttributeTypeS},
		},
	})
	if err != nil {
		return fmt.Errorf("create the table: %w", err)
	}
	wait := dynamodb.NewTableExistsWaiter(db)
	return wait.Wait(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(harlowTableName)}, time.Minute)
}
