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

// Init makes sure that the table is there, with its time to live, and awaits its
// becoming ACTIVE. Errors are what DynamoDB said, a table with another key, or
// the context's.
func (d *DynamoDeduper) Init(ctx context.Context) error {
	created := false
	for {
		out, err := d.db.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &d.cfg.Table})
		var missing *types.ResourceNotFoundException
		switch {
		case errors.As(err, &missing) && !created:
			if err := d.create(ctx); err != nil {
				return err
			}
			created = true
		case errors.As(err, &missing): // created, and not seen everywhere yet
		case err != nil:
			return fmt.Errorf("describe dedupe table %s: %w", d.cfg.Table, err)
		case out.Table.TableStatus == types.TableStatusActive || out.Table.TableStatus == types.TableStatusUpdating:
			if k := out.Table.KeySchema; len(k) != 1 || aws.ToString(k[0].AttributeName) != claimKey {
				return fmt.Errorf("table %s has not %s (S) as its only key: it is no dedupe table; give dedupe.table another name", d.cfg.Table, claimKey)
			}
			return d.expire(ctx)
		}
		if err := sleep(ctx, 500*time.Millisecond); err != nil {
			return fmt.Errorf("await dedupe table %s: %w", d.cfg.Table, err)
		}
	}
}

func (d *DynamoDeduper) create(ctx context.Context) error {
	_, err := d.db.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: &d.cfg.Table, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String(claimKey), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String(claimKey), KeyType: types.KeyTypeHash}},
	})
	var exists *types.ResourceInUseException // another worker was first
	if err != nil && !errors.As(err, &exists) {
		return fmt.Errorf("create dedupe table %s: %w", d.cfg.Table, err)
	}
	return nil
}

// expire lets DynamoDB remove what is too old. It may take days to; until then
// the claims' own time tells.
func (d *DynamoDeduper) expire(ctx context.Context) error {
	if expires, err := d.expires(ctx); err != nil || expires {
		return err
	}
	_, err := d.db.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName: &d.cfg.Table, TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String(claimExpiry), Enabled: aws.Bool(true)},
	})
	if err == nil {
		return nil
	}
	if expires, describeErr := d.expires(ctx); describeErr == nil && expires {
		return nil // another worker was first
	}
	return fmt.Errorf("set time to live of dedupe table %s: %w", d.cfg.Table, err)
}

func (d *DynamoDeduper) expires(ctx context.Context) (bool, error) {
	out, err := d.db.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &d.cfg.Table})
	if err != nil {
		return false, fmt.Errorf("describe time to live of dedupe table %s: %w", d.cfg.Table, err)
	}
	s := out.TimeToLiveDescription.TimeToLiveStatus
	return s == types.TimeToLiveStatusEnabled || s == types.TimeToLiveStatusEnabling, nil
}
