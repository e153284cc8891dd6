package handlers

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// The attributes of a claim.
const (
	claimKey    = "eventId"   // S, the hash key
	claimState  = "state"     // S
	claimHolder = "holder"    // S, which process has it in progress
	claimBeat   = "beat"      // N, raised by the holder while it lasts
	claimExpiry = "expiresAt" // N, Unix seconds: DynamoDB's time to live
)

const (
	claimInProgress = "in_progress"
	claimDone       = "done"
)

// DynamoDedupeAPI is what a [DynamoDeduper] needs of *dynamodb.Client, which has
// it.
type DynamoDedupeAPI interface {
	DynamoTableAPI
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
}

// DynamoDedupeConfig says where events are remembered and for how long.
type DynamoDedupeConfig struct {
	Table string
	// MaxAge is how long a handled event is remembered.
	MaxAge time.Duration
	// ClaimTimeout is how long a claim in progress must stand still, as its
	// observer saw it, before it counts as that of a process that died. It should
	// be longer than a failover: the key of such an event waits for so long.
	ClaimTimeout time.Duration
}

// Validate names what is out of bounds.
func (c DynamoDedupeConfig) Validate() error {
	switch {
	case c.Table == "":
		return errors.New("dedupe table: the name is empty")
	case c.MaxAge < time.Minute:
		return fmt.Errorf("dedupe age %s is less than %s", c.MaxAge, time.Minute)
	case c.ClaimTimeout < time.Second:
		return fmt.Errorf("dedupe claim time-out %s is less than %s", c.ClaimTimeout, time.Second)
	}
	return nil
}

// DynamoDeduper remembers the ids of events in a DynamoDB table, so that
// duplicates are recognised across workers, restarts and hand-overs. A claim is
// a conditional write; an id counts as handled only after its event was handled
// or durably buried. What was in the hands of a process that died is handled
// again once its claim has stood still for ClaimTimeout by the clock of who looks;
// wall clocks only say when a handled event is forgotten. It costs two writes an
// event, and is safe for concurrent use. Put a [MemoryDeduper] before it with
// [Layered]: within one process that decides.
type DynamoDeduper struct {
	db     DynamoDedupeAPI
	cfg    DynamoDedupeConfig
	holder string
	log    *failureLog
}

var _ Deduper = (*DynamoDeduper)(nil)

// NewDynamoDeduper returns a deduper that calls nothing yet. The configuration
// must be valid.
func NewDynamoDeduper(db DynamoDedupeAPI, cfg DynamoDedupeConfig, log *zap.Logger) *DynamoDeduper {
	return &DynamoDeduper{db: db, cfg: cfg, holder: uuid.NewString(), log: newFailureLog(log, zapcore.WarnLevel, "record event as handled")}
}

// Init makes sure that the table is there, with its time to live, and awaits its
// becoming ACTIVE. Errors are what DynamoDB said, a table with another key, or
// the context's.
func (d *DynamoDeduper) Init(ctx context.Context) error {
	t := dynamoTable{db: d.db, name: d.cfg.Table, what: "dedupe", setting: "dedupe.table", key: claimKey, expiry: claimExpiry}
	return t.init(ctx)
}

// claimPoll is how often a claim of another process is looked at.
const claimPoll = 500 * time.Millisecond

// Claim implements [Deduper].
func (d *DynamoDeduper) Claim(ctx context.Context, id string) (Claim, error) {
	var seen claimRow
	since := time.Now()
	for {
		row, err := d.take(ctx, id, seen, time.Since(since) >= d.cfg.ClaimTimeout)
		switch {
		case err != nil:
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			return nil, fmt.Errorf("claim event in table %s: %w", d.cfg.Table, err)
		case row == nil:
			return d.hold(ctx, id), nil
		case row.state == claimDone:
			return nil, nil
		}
		if *row != seen {
			seen, since = *row, time.Now()
		}
		if sleep(ctx, claimPoll) != nil {
			return nil, context.Cause(ctx)
		}
	}
}

// claimRow is what another process's claim looked like.
type claimRow struct {
	state, holder, beat string
}

// take writes the claim as this process's, if there is none, if it is this
// process's from a try whose answer was lost, if it has expired, or, when dead,
// if it is still as it was seen. A nil row means that it was written.
func (d *DynamoDeduper) take(ctx context.Context, id string, seen claimRow, dead bool) (*claimRow, error) {
	condition := "attribute_not_exists(eventId) OR holder = :me AND #state = :progress OR #state = :done AND expiresAt < :now"
	values := map[string]types.AttributeValue{
		":me": text(d.holder), ":progress": text(claimInProgress), ":done": text(claimDone), ":one": number(1),
		":now": number(time.Now().Unix()), ":expiry": number(time.Now().Add(d.cfg.MaxAge).Unix()),
	}
	if dead {
		condition += " OR holder = :seen AND beat = :beat AND #state = :progress"
		values[":seen"], values[":beat"] = text(seen.holder), &types.AttributeValueMemberN{Value: seen.beat}
	}
	_, err := d.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &d.cfg.Table, Key: map[string]types.AttributeValue{claimKey: text(id)},
		UpdateExpression:    aws.String("SET #state = :progress, holder = :me, beat = :one, expiresAt = :expiry"),
		ConditionExpression: &condition, ExpressionAttributeValues: values,
		ExpressionAttributeNames:            map[string]string{"#state": claimState},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	var failed *types.ConditionalCheckFailedException
	if !errors.As(err, &failed) {
		return nil, err
	}
	row := &claimRow{}
	for name, into := range map[string]*string{claimState: &row.state, claimHolder: &row.holder} {
		if v, ok := failed.Item[name].(*types.AttributeValueMemberS); ok {
			*into = v.Value
		}
	}
	if v, ok := failed.Item[claimBeat].(*types.AttributeValueMemberN); ok {
		row.beat = v.Value
	}
	return row, nil
}

// dynamoClaim is a claim of this process.
type dynamoClaim struct {
	deduper *DynamoDeduper
	id      string
	stop    func()
}

// hold keeps the claim alive while its event is handled, for as long as that
// takes.
func (d *DynamoDeduper) hold(ctx context.Context, id string) *dynamoClaim {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for sleep(ctx, d.cfg.ClaimTimeout/4) == nil {
			// Its failure shows, at the latest, when the claim is settled.
			_ = d.update(ctx, id, "ADD beat :one", map[string]types.AttributeValue{":one": number(1)})
		}
	}()
	return &dynamoClaim{deduper: d, id: id, stop: func() { cancel(); <-gone }}
}

// update changes a claim that this process holds.
func (d *DynamoDeduper) update(ctx context.Context, id, expression string, values map[string]types.AttributeValue) error {
	values[":me"], values[":progress"] = text(d.holder), text(claimInProgress)
	_, err := d.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &d.cfg.Table, Key: map[string]types.AttributeValue{claimKey: text(id)},
		UpdateExpression: &expression, ConditionExpression: aws.String("holder = :me AND #state = :progress"),
		ExpressionAttributeValues: values, ExpressionAttributeNames: map[string]string{"#state": claimState},
	})
	return err
}

// settleTimeout bounds the recording of a claim's outcome.
const settleTimeout = 10 * time.Second

// Done implements [Claim].
func (c *dynamoClaim) Done(ctx context.Context) {
	d := c.deduper
	c.settle(ctx, func(ctx context.Context) error {
		err := d.update(ctx, c.id, "SET #state = :done, expiresAt = :expiry", map[string]types.AttributeValue{
			":done": text(claimDone), ":expiry": number(time.Now().Add(d.cfg.MaxAge).Unix()),
		})
		return ignoreCondition(err) // done by a try whose answer was lost, or taken from us
	})
}

// Release implements [Claim].
func (c *dynamoClaim) Release(ctx context.Context) {
	d := c.deduper
	c.settle(ctx, func(ctx context.Context) error {
		_, err := d.db.DeleteItem(ctx, &dynamodb.DeleteItemInput{
			TableName: &d.cfg.Table, Key: map[string]types.AttributeValue{claimKey: text(c.id)},
			ConditionExpression:       aws.String("holder = :me AND #state = :progress"),
			ExpressionAttributeNames:  map[string]string{"#state": claimState},
			ExpressionAttributeValues: map[string]types.AttributeValue{":me": text(d.holder), ":progress": text(claimInProgress)},
		})
		return ignoreCondition(err)
	})
}

// settle records an outcome, trying for a while also when ctx has ended: what
// is not recorded is handled again after ClaimTimeout.
func (c *dynamoClaim) settle(ctx context.Context, record func(context.Context) error) {
	c.stop()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	err := insist(ctx, func() error { return record(ctx) }, func(error) {})
	if err != nil {
		c.deduper.log.failed(err)
	}
}

func ignoreCondition(err error) error {
	var failed *types.ConditionalCheckFailedException
	if errors.As(err, &failed) {
		return nil
	}
	return err
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}
