package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// tablePoll is how often a table under creation is looked at.
const tablePoll = 500 * time.Millisecond

// Init makes sure that the table is there and is a lease table. It creates the
// table if the configuration says so and awaits its becoming ACTIVE. An answer that
// takes longer than a call may is asked for again for as long as ctx lasts. Errors
// are ErrTableMissing, ErrTableUnfit, what DynamoDB said, or the context's.
func (s *Store) Init(ctx context.Context) error {
	created := false
	for {
		d, err := s.describe(ctx)
		var missing *types.ResourceNotFoundException
		switch {
		case errors.As(err, &missing) && !created:
			if !s.cfg.CreateTable {
				return fmt.Errorf("%w: %s; create it with: aws dynamodb create-table --table-name %[2]s "+
					"--billing-mode PAY_PER_REQUEST --attribute-definitions AttributeName=leaseKey,AttributeType=S "+
					"--key-schema AttributeName=leaseKey,KeyType=HASH", ErrTableMissing, s.cfg.Table)
			}
			if err := s.create(ctx); err != nil {
				return err
			}
			created = true
		case errors.As(err, &missing): // created, and not seen everywhere yet
		case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil: // the call's own
		case err != nil:
			return fmt.Errorf("describe lease table %s: %w", s.cfg.Table, err)
		case d.TableStatus == types.TableStatusActive || d.TableStatus == types.TableStatusUpdating:
			return s.fit(d)
		case d.TableStatus == types.TableStatusCreating:
		default:
			return fmt.Errorf("lease table %s is %s", s.cfg.Table, d.TableStatus)
		}
		if err := sleep(ctx, tablePoll); err != nil {
			return fmt.Errorf("await lease table %s: %w", s.cfg.Table, err)
		}
	}
}

func (s *Store) describe(ctx context.Context) (*types.TableDescription, error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.callTimeout())
	defer cancel()
	out, err := s.rows.db.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &s.cfg.Table})
	if err != nil {
		return nil, err
	}
	return out.Table, nil
}

// create creates the table, billed by request: its load is a few writes a
// second, and a provisioned one throttles a whole fleet when it starts at once.
func (s *Store) create(ctx context.Context) error {
	s.log.Info("creating lease table")
	_, err := s.rows.db.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: &s.cfg.Table, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String(attrKey), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String(attrKey), KeyType: types.KeyTypeHash}},
	})
	var exists *types.ResourceInUseException // another worker was first
	if err != nil && !errors.As(err, &exists) {
		return fmt.Errorf("create lease table %s: %w", s.cfg.Table, err)
	}
	return nil
}

// fit refuses a table that holds something else.
func (s *Store) fit(d *types.TableDescription) error {
	if len(d.KeySchema) == 1 && aws.ToString(d.KeySchema[0].AttributeName) == attrKey && d.KeySchema[0].KeyType == types.KeyTypeHash {
		for _, a := range d.AttributeDefinitions {
			if aws.ToString(a.AttributeName) == attrKey && a.AttributeType == types.ScalarAttributeTypeS {
				return nil
			}
		}
	}
	return fmt.Errorf("%w: %s has not leaseKey (S) as its only key; give the application another name", ErrTableUnfit, s.cfg.Table)
}

// sleep waits for d or until ctx ends, whose cause it then returns.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
