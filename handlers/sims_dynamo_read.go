package handlers

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"korestream/handlers/simstate"
)

// SIM returns the state of the SIM with this sid or, where there is none, with
// this ICCID, for which the whole table is read. It is nil when the SIM is not
// known.
func (s *DynamoSIMs) SIM(ctx context.Context, sidOrICCID string) (*simstate.State, error) {
	item, err := s.get(ctx, storeKey(sidOrICCID))
	if err != nil {
		return nil, err
	}
	if item.version > 0 {
		return item.state, nil
	}
	var found *simstate.State
	err = s.scan(ctx, &dynamodb.ScanInput{
		FilterExpression:         aws.String("#iccid = :iccid"),
		ExpressionAttributeNames: map[string]string{"#iccid": simICCID}, ExpressionAttributeValues: dynamoItem{":iccid": text(sidOrICCID)},
	}, func(page []dynamoItem) error {
		for _, p := range page {
			item, err := decodeSIM(p)
			if err != nil {
				return err
			}
			if found == nil || item.state.Younger(found) {
				found = item.state
			}
		}
		return nil
	})
	return found, err
}

// SIMs returns up to limit states in the order of their sids, from the one
// behind after; the empty string is before all. As the table is in no such order
// it is read whole, and no more than two pages and limit items are in memory.
func (s *DynamoSIMs) SIMs(ctx context.Context, after string, limit int) ([]*simstate.State, error) {
	var first []dynamoItem
	err := s.scan(ctx, &dynamodb.ScanInput{}, func(page []dynamoItem) error {
		for _, p := range page {
			if keyOf(p) > after {
				first = append(first, p)
			}
		}
		slices.SortFunc(first, func(a, b dynamoItem) int { return cmp.Compare(keyOf(a), keyOf(b)) })
		first = slices.Clip(first[:min(limit, len(first))])
		return nil
	})
	if err != nil {
		return nil, err
	}
	states := make([]*simstate.State, len(first))
	for i, p := range first {
		item, err := decodeSIM(p)
		if err != nil {
			return nil, err
		}
		states[i] = item.state
	}
	return states, nil
}

func keyOf(item dynamoItem) string {
	key, _ := item[simKey].(*types.AttributeValueMemberS)
	if key == nil {
		return ""
	}
	return key.Value
}

// scan reads the table page by page.
func (s *DynamoSIMs) scan(ctx context.Context, in *dynamodb.ScanInput, take func([]dynamoItem) error) error {
	in.TableName, in.ConsistentRead = &s.cfg.Table, aws.Bool(true)
	for p := dynamodb.NewScanPaginator(s.db, in); p.HasMorePages(); {
		out, err := p.NextPage(ctx)
		if err != nil {
			return classifyDynamo(ctx, fmt.Errorf("read states in table %s: %w", s.cfg.Table, err))
		}
		if err := take(out.Items); err != nil {
			return err
		}
	}
	return nil
}
