package handlers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// DynamoTableAPI is what it takes of *dynamodb.Client, which has it, to see to a
// table.
type DynamoTableAPI interface {
	DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error)
	CreateTable(context.Context, *dynamodb.CreateTableInput, ...func(*dynamodb.Options)) (*dynamodb.CreateTableOutput, error)
	DescribeTimeToLive(context.Context, *dynamodb.DescribeTimeToLiveInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTimeToLiveOutput, error)
	UpdateTimeToLive(context.Context, *dynamodb.UpdateTimeToLiveInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateTimeToLiveOutput, error)
}

// dynamoTable is a table of ours, and what it is to be like.
type dynamoTable struct {
	db   DynamoTableAPI
	name string
	// what is in it, for people: dedupe. setting is what names it.
	what, setting string
	// key is its only key, a string.
	key string
	// expiry is the attribute of the items' time to live; empty if they have none.
	expiry string
}

// init makes sure that the table is there, with its time to live, and awaits its
// becoming ACTIVE. Errors are what DynamoDB said, a table with another key, or
// the context's.
func (t *dynamoTable) init(ctx context.Context) error {
	created := false
	for {
		out, err := t.db.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &t.name})
		var missing *types.ResourceNotFoundException
		switch {
		case errors.As(err, &missing) && !created:
			if err := t.create(ctx); err != nil {
				return err
			}
			created = true
		case errors.As(err, &missing): // created, and not seen everywhere yet
		case err != nil:
			return fmt.Errorf("describe %s table %s: %w", t.what, t.name, err)
		case out.Table.TableStatus == types.TableStatusActive || out.Table.TableStatus == types.TableStatusUpdating:
			if k := out.Table.KeySchema; len(k) != 1 || aws.ToString(k[0].AttributeName) != t.key {
				return fmt.Errorf("table %s has not %s (S) as its only key: it is no %s table; give %s another name", t.name, t.key, t.what, t.setting)
			}
			return t.expire(ctx)
		}
		if err := sleep(ctx, 500*time.Millisecond); err != nil {
			return fmt.Errorf("await %s table %s: %w", t.what, t.name, err)
		}
	}
}

func (t *dynamoTable) create(ctx context.Context) error {
	_, err := t.db.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: &t.name, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: &t.key, AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: &t.key, KeyType: types.KeyTypeHash}},
	})
	var exists *types.ResourceInUseException // another worker was first
	if err != nil && !errors.As(err, &exists) {
		return fmt.Errorf("create %s table %s: %w", t.what, t.name, err)
	}
	return nil
}

// expire lets DynamoDB remove what is too old. It may take days to; until then
// the items' own time tells.
func (t *dynamoTable) expire(ctx context.Context) error {
	if t.expiry == "" {
		return nil
	}
	if expires, err := t.expires(ctx); err != nil || expires {
		return err
	}
	_, err := t.db.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName: &t.name, TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: &t.expiry, Enabled: aws.Bool(true)},
	})
	if err == nil {
		return nil
	}
	if expires, describeErr := t.expires(ctx); describeErr == nil && expires {
		return nil // another worker was first
	}
	return fmt.Errorf("set time to live of %s table %s: %w", t.what, t.name, err)
}

func (t *dynamoTable) expires(ctx context.Context) (bool, error) {
	out, err := t.db.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &t.name})
	if err != nil {
		return false, fmt.Errorf("describe time to live of %s table %s: %w", t.what, t.name, err)
	}
	s := out.TimeToLiveDescription.TimeToLiveStatus
	return s == types.TimeToLiveStatusEnabled || s == types.TimeToLiveStatusEnabling, nil
}
