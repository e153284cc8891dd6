package checkpoint

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// rows reads and writes the table's rows. Each write is one conditional call;
// what a refusal means is for the caller to say.
type rows struct {
	db      DynamoDB
	table   string
	timeout time.Duration
}

// once turns the SDK's own retries off for a write: their pauses grow past the
// time that a heartbeat or a release has, and whoever writes here tries again.
func once(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} }

// content is the table as one scan saw it.
type content struct {
	leases  map[string]LeaseRow
	workers map[string]workerRow
	app     *application // nil if there is none yet
}

// scan reads the whole table. It reads what may be a second old, at half the
// price: decisions are made by conditional writes, and SHARD_END never goes
// away, so an old view delays and does no harm.
func (r *rows) scan(ctx context.Context) (content, error) {
	c := content{leases: make(map[string]LeaseRow), workers: make(map[string]workerRow)}
	var from item
	for {
		out, err := r.page(ctx, from)
		if err != nil {
			return c, fmt.Errorf("scan lease table %s: %w", r.table, err)
		}
		for _, it := range out.Items {
			if err := c.add(it); err != nil {
				return c, fmt.Errorf("lease table %s: %w", r.table, err)
			}
		}
		if from = out.LastEvaluatedKey; len(from) == 0 {
			return c, nil
		}
	}
}

func (r *rows) page(ctx context.Context, from item) (*dynamodb.ScanOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	return r.db.Scan(ctx, &dynamodb.ScanInput{TableName: &r.table, ExclusiveStartKey: from})
}

// add files one row. Rows of kinds that we do not know are left alone.
func (c *content) add(it item) error {
	key := textOf(it, attrKey)
	switch kind := textOf(it, attrEntityType); {
	case kind == entityWorker && strings.HasPrefix(key, workerKeyPrefix):
		w, err := workerOf(it)
		if err != nil {
			return err
		}
		c.workers[w.id] = w
	case kind == entityApplication:
		a, err := applicationOf(it)
		if err != nil {
			return err
		}
		c.app = &a
	case kind == "" || kind == entityLease:
		l, err := leaseOf(it)
		if err != nil {
			return err
		}
		c.leases[l.Shard] = l
	}
	return nil
}

// update makes one conditional update and returns the row as it then is.
func (r *rows) update(ctx context.Context, key, update, condition string, values item) (item, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	out, err := r.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &r.table, Key: item{attrKey: str(key)},
		UpdateExpression: &update, ConditionExpression: &condition, ExpressionAttributeValues: values,
		ReturnValues:                        types.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}, once)
	if err != nil {
		return nil, err
	}
	return out.Attributes, nil
}

// put writes a row that must not be there.
func (r *rows) put(ctx context.Context, it item) error {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	_, err := r.db.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &r.table, Item: it, ConditionExpression: aws.String("attribute_not_exists(leaseKey)"),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}, once)
	return err
}

// remove deletes a row under a condition.
func (r *rows) remove(ctx context.Context, key, condition string, values item) error {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	_, err := r.db.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: &r.table, Key: item{attrKey: str(key)}, ConditionExpression: &condition, ExpressionAttributeValues: values,
	}, once)
	return err
}

// get reads one row as it is now; nil if there is none.
func (r *rows) get(ctx context.Context, key string) (item, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	out, err := r.db.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &r.table, Key: item{attrKey: str(key)}, ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return nil, err
	}
	return out.Item, nil
}

// createLease writes the row of a shard that has none, owned from the start.
func (r *rows) createLease(ctx context.Context, s Shard, worker string, app application) (LeaseRow, error) {
	it := LeaseRow{
		Shard: s.ID, Owner: worker, Counter: 1, Checkpoint: app.startOf(s.ID), Parents: s.Parents,
		StartingHashKey: s.StartingHashKey, EndingHashKey: s.EndingHashKey,
		AcquiredAt: time.Now(), Generation: app.generation,
	}.item()
	err := r.put(ctx, it)
	if old, failed := conditionFailed(err); failed {
		// Our own try, whose answer was lost, is the row that refused this one.
		if l, err := leaseOf(old); err == nil && l.Owner == worker && l.Counter == 1 {
			return l, nil
		}
	}
	if err != nil {
		return LeaseRow{}, err
	}
	return leaseOf(it)
}

// takeLease changes a lease's owner if the row is still as it was seen. A void
// lease begins anew, whoever had it: its counter tells that it was not renewed.
func (r *rows) takeLease(ctx context.Context, seen LeaseRow, worker string, app application) (LeaseRow, error) {
	update := "SET leaseOwner = :me, leaseCounter = :next, acquiredAt = :now, " +
		"ownerSwitchesSinceCheckpoint = if_not_exists(ownerSwitchesSinceCheckpoint, :none) + :one"
	remove := " REMOVE heir, leaseWrites"
	condition := "leaseCounter = :seen AND attribute_not_exists(leaseOwner)"
	values := item{
		":seen": num(seen.Counter), ":next": num(seen.Counter + 1), ":me": str(worker),
		":one": num(1), ":none": num(0), ":now": str(timeText(time.Now())),
	}
	switch {
	case seen.Generation < app.generation:
		condition = "leaseCounter = :seen"
		update += ", generation = :generation, checkpoint = :begin, checkpointSubSequenceNumber = :none"
		remove += ", childShardIds, handledAbove, handledAfter, handledFrom, arrivedAt, caughtUpAt, gain"
		values[":generation"], values[":begin"] = num(app.generation), str(app.startOf(seen.Shard).SequenceNumber)
	case seen.Owner != "":
		condition = "leaseCounter = :seen AND leaseOwner = :owner"
		values[":owner"] = str(seen.Owner)
	}
	it, err := r.update(ctx, seen.Shard, update+remove, condition, values)
	if old, failed := conditionFailed(err); failed && old != nil {
		if l, err := leaseOf(old); err == nil && l.Owner == worker && l.Counter == seen.Counter+1 {
			return l, nil // as above
		}
	}
	if err != nil {
		return LeaseRow{}, err
	}
	return leaseOf(it)
}

// letGo gives a lease up, to the heir if there is one.
func (r *rows) letGo(ctx context.Context, shard, owner string, counter int64, heir string, lag Lag) error {
	values := item{":me": str(owner), ":counter": num(counter)}
	update := "SET " + lag.set(values)
	if heir != "" {
		update += ", heir = :heir"
		values[":heir"] = str(heir)
	}
	_, err := r.update(ctx, shard, update+" REMOVE leaseOwner, acquiredAt", "leaseOwner = :me AND leaseCounter = :counter", values)
	return err
}
