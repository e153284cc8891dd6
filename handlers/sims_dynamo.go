package handlers

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"korestream/consumer"
	"korestream/event"
)

// DynamoSIMsAPI is what a [DynamoSIMs] needs of *dynamodb.Client, which has it.
type DynamoSIMsAPI interface {
	DynamoTableAPI
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error)
}

// DynamoSIMsConfig says where states are kept and for how long.
type DynamoSIMsConfig struct {
	Table string
	// TTL is after how long a SIM is forgotten of which nothing new came; 0 is
	// never.
	TTL time.Duration
}

// Validate names what is out of bounds.
func (c DynamoSIMsConfig) Validate() error {
	switch {
	case c.Table == "":
		return errors.New("field Table must be the name of a table")
	case c.TTL < 0:
		return fmt.Errorf("field TTL must not be negative (%s); 0 is to forget no SIM", c.TTL)
	}
	return nil
}

// DynamoSIMs is the handler that keeps the last known state of each SIM in a
// DynamoDB table, one item a SIM, which all processes share.
//
// It reads an item, takes the events in and writes the item back on condition
// that nobody has written it since, or else begins again: of several processes
// that hold events of one SIM none undoes what another one wrote. An event that
// comes again changes nothing and writes nothing, and so does the try after a
// write whose answer was lost: exactly once in effect.
//
// Handle returns nil when DynamoDB said that it stored the item. An event whose
// data cannot be read is a permanent error. The handler leaves tries to its
// caller, but for writes that met another one. It is safe for concurrent use.
type DynamoSIMs struct {
	db        DynamoSIMsAPI
	cfg       DynamoSIMsConfig
	conflicts atomic.Int64
}

var _ BatchHandler = (*DynamoSIMs)(nil)

// OpenDynamoSIMs returns a handler that calls nothing yet. Before the first event
// comes, call [DynamoSIMs.Init].
func OpenDynamoSIMs(db DynamoSIMsAPI, cfg DynamoSIMsConfig) (*DynamoSIMs, error) {
	if db == nil {
		return nil, errors.New("states of SIMs: there is no client")
	}
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("states of SIMs: %w", err)
	}
	return &DynamoSIMs{db: db, cfg: cfg}, nil
}

// Init makes sure that the table is there and awaits its becoming ACTIVE. Errors
// are what DynamoDB said, a table with another key, or the context's.
func (s *DynamoSIMs) Init(ctx context.Context) error {
	t := dynamoTable{db: s.db, name: s.cfg.Table, what: "simstate", setting: "the handler's table", key: simKey}
	if s.cfg.TTL > 0 {
		t.expiry = simExpiry
	}
	return t.init(ctx)
}

// Handle implements [Handler].
func (s *DynamoSIMs) Handle(ctx context.Context, d *consumer.Delivery) error {
	key, err := stateKey(d.Event)
	if err != nil || key == "" {
		return err
	}
	return s.advance(ctx, key, []*event.Event{d.Event})
}

// simsAtOnce is how many SIMs of one batch are written at the same time.
const simsAtOnce = 16

// HandleBatch implements [BatchHandler]. The events of one SIM are one write.
func (s *DynamoSIMs) HandleBatch(ctx context.Context, ds []*consumer.Delivery) []error {
	errs := make([]error, len(ds))
	of := make(map[string][]int) // places in ds
	for i, d := range ds {
		key, err := stateKey(d.Event)
		if errs[i] = err; key != "" {
			of[key] = append(of[key], i)
		}
	}
	var g errgroup.Group
	g.SetLimit(simsAtOnce)
	for key, places := range of {
		g.Go(func() error {
			events := make([]*event.Event, len(places))
			for n, i := range places {
				events[n] = ds[i].Event
			}
			err := s.advance(ctx, key, events)
			for _, i := range places {
				errs[i] = err
			}
			return nil
		})
	}
	_ = g.Wait() // its functions return no error
	return errs
}

// The waits after a write that met another one. Whoever wins a race is through,
// so that of n processes each loses some n times.
const (
	conflictFirst   = 10 * time.Millisecond
	conflictLongest = 500 * time.Millisecond
)

// advance applies the events to the state of one SIM.
func (s *DynamoSIMs) advance(ctx context.Context, key string, events []*event.Event) error {
	delays := newDelays(conflictFirst, conflictLongest)
	for {
		item, err := s.get(ctx, key)
		if err != nil {
			return err
		}
		changed, err := applyAll(item.state, events)
		if err != nil || !changed {
			return err
		}
		if err = s.put(ctx, key, item); !errors.Is(err, errSIMChanged) {
			return err
		}
		s.conflicts.Add(1)
		if sleep(ctx, delays.NextBackOff()) != nil {
			return Unavailable(interruption(ctx, err))
		}
	}
}

func (s *DynamoSIMs) get(ctx context.Context, key string) (*simItem, error) {
	out, err := s.db.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &s.cfg.Table, Key: map[string]types.AttributeValue{simKey: text(key)}, ConsistentRead: aws.Bool(true),
	}, dynamoOnce)
	if err != nil {
		return nil, classifyDynamo(ctx, fmt.Errorf("read state in table %s: %w", s.cfg.Table, err))
	}
	return decodeSIM(out.Item)
}

// errSIMChanged says that the item is no longer what was read.
var errSIMChanged = errors.New("the state was written by another process meanwhile")

// put writes what was read as seen and has changed since.
func (s *DynamoSIMs) put(ctx context.Context, key string, seen *simItem) error {
	item, err := seen.encode(key, s.cfg.TTL)
	if err != nil {
		return err
	}
	in := &dynamodb.PutItemInput{
		TableName: &s.cfg.Table, Item: item, ConditionExpression: aws.String("attribute_not_exists(#at)"),
		ExpressionAttributeNames: map[string]string{"#at": simKey},
	}
	if seen.version > 0 {
		in.ConditionExpression, in.ExpressionAttributeNames = aws.String("#at = :seen"), map[string]string{"#at": simVersion}
		in.ExpressionAttributeValues = map[string]types.AttributeValue{":seen": number(seen.version)}
	}
	_, err = s.db.PutItem(ctx, in, dynamoOnce)
	var failed *types.ConditionalCheckFailedException
	switch {
	case errors.As(err, &failed):
		return errSIMChanged
	case err != nil:
		return classifyDynamo(ctx, fmt.Errorf("write state in table %s: %w", s.cfg.Table, err))
	}
	return nil
}

// Conflicts returns how many writes met another one since the process started
// and were made again. That they are many says that the events of one SIM come
// through several shards.
func (s *DynamoSIMs) Conflicts() int64 { return s.conflicts.Load() }
