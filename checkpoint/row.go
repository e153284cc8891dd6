package checkpoint

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// The attributes of a lease, by the names and types of Amazon's KCL
// (software.amazon.kinesis.leases.dynamodb.DynamoDBLeaseSerializer).
const (
	attrKey          = "leaseKey"                     // S, the hash key: the shard's ID
	attrOwner        = "leaseOwner"                   // S, absent if nobody owns it
	attrCounter      = "leaseCounter"                 // N
	attrCheckpoint   = "checkpoint"                   // S
	attrSubSequence  = "checkpointSubSequenceNumber"  // N
	attrSwitches     = "ownerSwitchesSinceCheckpoint" // N
	attrParents      = "parentShardId"                // SS
	attrChildren     = "childShardIds"                // SS
	attrStartingHash = "startingHashKey"              // S
	attrEndingHash   = "endingHashKey"                // S
)

// The attributes that are ours. Amazon's KCL leaves attributes that it does not
// know alone, and skips rows with an entityType that it does not know.
const (
	attrHeir       = "heir"       // S, of a lease: who should take it now that it was released
	attrEntityType = "entityType" // S
	attrInstance   = "instance"   // S, of a worker: which process has the ID
	attrDraining   = "draining"   // BOOL, of a worker
	attrAddress    = "adminAddress"
	attrTimestamp  = "startTimestamp" // S, of the application: RFC 3339, goes with AT_TIMESTAMP
	attrShards     = "initialShards"  // SS, of the application
)

// The values of entityType, and the keys of the rows. Shard IDs begin with
// shardId-, so keys cannot collide.
const (
	entityLease       = "LEASE" // what KCL 3.5 writes on leases; absent on older ones
	entityWorker      = "KORESTREAM_WORKER"
	entityApplication = "KORESTREAM_APPLICATION"

	workerKeyPrefix = "korestream-worker:"
	applicationKey  = "korestream-application"
)

type item = map[string]types.AttributeValue

// LeaseRow is one lease as it stands in the table.
type LeaseRow struct {
	Shard string
	// Owner is the worker that has it, empty if none.
	Owner string
	// Heir is who should take it next, empty if anyone may.
	Heir          string
	Counter       int64
	Checkpoint    Position
	OwnerSwitches int64
	Parents       []string
	Children      []string
}

// Finished tells whether the shard was read to its end.
func (r LeaseRow) Finished() bool { return r.Checkpoint.SequenceNumber == ShardEnd }

// workerRow is one worker's heartbeat as it stands in the table.
type workerRow struct {
	id, instance, address string
	counter               int64
	draining              bool
}

// application is what the workers of an application have settled once.
type application struct {
	start   Position
	initial map[string]bool
}

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func num(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func textOf(it item, name string) string {
	if v, ok := it[name].(*types.AttributeValueMemberS); ok {
		return v.Value
	}
	return ""
}

// textsOf returns a set in order, or a single string as a set of one.
func textsOf(it item, name string) []string {
	switch v := it[name].(type) {
	case *types.AttributeValueMemberSS:
		return slices.Sorted(slices.Values(v.Value))
	case *types.AttributeValueMemberS:
		return []string{v.Value}
	}
	return nil
}

// numberOf returns a number, 0 if the attribute is absent.
func numberOf(it item, name string) (int64, error) {
	v, ok := it[name].(*types.AttributeValueMemberN)
	if !ok {
		return 0, nil
	}
	n, err := strconv.ParseInt(v.Value, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("attribute %s of %s: %w", name, textOf(it, attrKey), err)
	}
	return n, nil
}

func leaseOf(it item) (LeaseRow, error) {
	r := LeaseRow{
		Shard: textOf(it, attrKey), Owner: textOf(it, attrOwner), Heir: textOf(it, attrHeir),
		Checkpoint: Position{SequenceNumber: textOf(it, attrCheckpoint)},
		Parents:    textsOf(it, attrParents), Children: textsOf(it, attrChildren),
	}
	var err error
	for name, into := range map[string]*int64{
		attrCounter: &r.Counter, attrSubSequence: &r.Checkpoint.SubSequenceNumber, attrSwitches: &r.OwnerSwitches,
	} {
		if *into, err = numberOf(it, name); err != nil {
			return LeaseRow{}, err
		}
	}
	return r, nil
}

func workerOf(it item) (workerRow, error) {
	counter, err := numberOf(it, attrCounter)
	draining, _ := it[attrDraining].(*types.AttributeValueMemberBOOL)
	return workerRow{
		id: textOf(it, attrKey)[len(workerKeyPrefix):], instance: textOf(it, attrInstance),
		address: textOf(it, attrAddress), counter: counter, draining: draining != nil && draining.Value,
	}, err
}

func applicationOf(it item) (application, error) {
	a := application{start: Position{SequenceNumber: textOf(it, attrCheckpoint)}, initial: make(map[string]bool)}
	for _, s := range textsOf(it, attrShards) {
		a.initial[s] = true
	}
	if a.start.SequenceNumber != AtTimestamp {
		return a, nil
	}
	var err error
	if a.start.Timestamp, err = time.Parse(time.RFC3339Nano, textOf(it, attrTimestamp)); err != nil {
		return a, fmt.Errorf("attribute %s of %s: %w", attrTimestamp, applicationKey, err)
	}
	return a, nil
}

func (a application) item() item {
	it := item{attrKey: str(applicationKey), attrEntityType: str(entityApplication), attrCheckpoint: str(a.start.SequenceNumber)}
	if a.start.SequenceNumber == AtTimestamp {
		it[attrTimestamp] = str(a.start.Timestamp.UTC().Format(time.RFC3339Nano))
	}
	if len(a.initial) > 0 { // DynamoDB knows no empty set
		set := &types.AttributeValueMemberSS{}
		for s := range a.initial {
			set.Value = append(set.Value, s)
		}
		it[attrShards] = set
	}
	return it
}

// startOf returns where a shard without a checkpoint begins: where the
// application was told to if the shard was there then, and at its beginning if
// it came later, for then all of it is new.
func (a application) startOf(shard string) Position {
	if a.initial[shard] {
		return a.start
	}
	return Position{SequenceNumber: TrimHorizon}
}

// complete gives a sentinel checkpoint what a lease's row does not hold.
func (a application) complete(p Position) Position {
	switch p.SequenceNumber {
	case "":
		return Position{SequenceNumber: TrimHorizon}
	case AtTimestamp, Latest:
		// LATEST was written by another library; what "latest" was then, nobody
		// knows now. From the beginning loses nothing.
		if a.start.SequenceNumber == AtTimestamp {
			return a.start
		}
		return Position{SequenceNumber: TrimHorizon}
	}
	return p
}

func boolean(b bool) types.AttributeValue { return &types.AttributeValueMemberBOOL{Value: b} }

func strs(set []string) types.AttributeValue { return &types.AttributeValueMemberSS{Value: set} }
