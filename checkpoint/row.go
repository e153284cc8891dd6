package checkpoint

import (
	"errors"
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
	attrThroughput   = "throughputKBps"               // N, KiB read a second, since KCL 3
)

// The attributes that are ours. Amazon's KCL leaves attributes that it does not
// know alone, and skips rows with an entityType that it does not know.
const (
	attrHeir       = "heir"       // S, of a lease: who should take it now that it was released
	attrEntityType = "entityType" // S
	attrInstance   = "instance"   // S, of a worker: which process has the ID
	attrHeartbeat  = "heartbeat"  // N, of a worker: the number that it gave its last heartbeat
	attrDraining   = "draining"   // BOOL, of a worker
	attrAddress    = "adminAddress"
	attrRefused    = "refused"        // N, of a worker: how often another process with its ID was
	attrAbove      = "handledAbove"   // B, of a lease: what is done above the checkpoint, see Above
	attrWrites     = "leaseWrites"    // N, of a lease: how often its owner has written a checkpoint
	attrAboveAfter = "handledAfter"   // S, of a lease: the checkpoint that it goes with
	attrAboveFrom  = "handledFrom"    // S, of a lease: the first record above the checkpoint
	attrArrived    = "arrivedAt"      // N, of a lease: when the record at the checkpoint arrived, in ms since 1970
	attrCaughtUp   = "caughtUpAt"     // N, of a lease: when nothing was left to do, likewise
	attrGain       = "gain"           // N, of a lease: see Lag
	attrCPU        = "cpu"            // N, of a worker: see WorkerRow
	attrVersion    = "version"        // S, of a worker: see Vitals, as the four below
	attrStarted    = "startedAt"      // N, of a worker: in ms since 1970
	attrParked     = "parkedKeys"     // N, of a worker
	attrLetters    = "deadLetters"    // N, of a worker
	attrRate       = "eventRate"      // N, of a worker: events a second
	attrAcquired   = "acquiredAt"     // S, of a lease: RFC 3339 by its owner's clock, for people
	attrGeneration = "generation"     // N, of a lease and the application; absent is 1
	attrTimestamp  = "startTimestamp" // S, of the application: RFC 3339, goes with AT_TIMESTAMP
	attrShards     = "initialShards"  // SS, of the application
	attrID         = "applicationId"  // S, of the application: tells its table from one made anew
	attrStream     = "streamName"     // S, of the application: the stream's name
	attrCreated    = "streamCreated"  // S, of the application: RFC 3339, when the stream was made
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
	// StartingHashKey and EndingHashKey are the shard's range, empty if not known.
	StartingHashKey, EndingHashKey string
	// AcquiredAt is when its owner took it, by the owner's clock: for people.
	AcquiredAt time.Time
	// Generation counts the streams of this name, from 1.
	Generation int64
	// Above is what is done above the checkpoint.
	Above Above
	// Throughput is what was read of it lately, in KiB a second, as it was last
	// worth writing down.
	Throughput float64
	// ArrivedAt is when the record at the checkpoint arrived on the stream, zero
	// if that is not known. Amazon's library leaves it behind when it moves the
	// checkpoint; the shard looks older then than it is.
	ArrivedAt time.Time
	Lag       Lag
}

// Finished tells whether the shard was read to its end.
func (r LeaseRow) Finished() bool { return r.Checkpoint.SequenceNumber == ShardEnd }

// assignedAlike tells whether two rows of one shard are the same to who may have it
// now. The throughput is left to the next scan: shards are moved then, and under load
// it changes with nearly every write.
func (r LeaseRow) assignedAlike(o LeaseRow) bool {
	return r.Owner == o.Owner && r.Heir == o.Heir && r.Finished() == o.Finished() && r.Generation == o.Generation
}

// workerRow is one worker's heartbeat as it stands in the table.
type workerRow struct {
	id, instance, address string
	counter, heartbeat    int64
	refused               int64
	draining              bool
	cpu                   float64
	vitals                Vitals
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
		StartingHashKey: textOf(it, attrStartingHash), EndingHashKey: textOf(it, attrEndingHash),
		ArrivedAt: milliOf(it, attrArrived), Lag: lagOf(it),
	}
	if at, err := time.Parse(time.RFC3339, textOf(it, attrAcquired)); err == nil { // it decides nothing
		r.AcquiredAt = at
	}
	if n, ok := it[attrThroughput].(*types.AttributeValueMemberN); ok {
		if f, err := strconv.ParseFloat(n.Value, 64); err == nil && f > 0 { // nor does this
			r.Throughput = f
		}
	}
	var err error
	for name, into := range map[string]*int64{
		attrCounter: &r.Counter, attrSubSequence: &r.Checkpoint.SubSequenceNumber, attrSwitches: &r.OwnerSwitches,
		attrGeneration: &r.Generation,
	} {
		if *into, err = numberOf(it, name); err != nil {
			return LeaseRow{}, err
		}
	}
	r.Generation = max(r.Generation, 1)
	// Who moves the checkpoint and does not know of it, such as Amazon's library,
	// leaves it behind.
	b, ok := it[attrAbove].(*types.AttributeValueMemberB)
	if ok && textOf(it, attrAboveAfter) == r.Checkpoint.mark() {
		if above, err := decodeAbove(textOf(it, attrAboveFrom), b.Value); err == nil { // else it is repeated
			r.Above = above
		}
	}
	return r, nil
}

// item is the row as it is written when the table has lost it.
func (r LeaseRow) item() item {
	it := item{
		attrKey: str(r.Shard), attrCounter: num(r.Counter), attrSwitches: num(r.OwnerSwitches),
		attrSubSequence: num(r.Checkpoint.SubSequenceNumber), attrGeneration: num(r.Generation),
	}
	for name, text := range map[string]string{
		attrOwner: r.Owner, attrHeir: r.Heir, attrCheckpoint: r.Checkpoint.SequenceNumber,
		attrStartingHash: r.StartingHashKey, attrEndingHash: r.EndingHashKey,
	} {
		if text != "" {
			it[name] = str(text)
		}
	}
	for name, set := range map[string][]string{attrParents: r.Parents, attrChildren: r.Children} {
		if len(set) > 0 { // DynamoDB knows no empty set
			it[name] = strs(set)
		}
	}
	if !r.AcquiredAt.IsZero() {
		it[attrAcquired] = str(timeText(r.AcquiredAt))
	}
	if !r.Above.IsEmpty() {
		it[attrAbove], it[attrAboveAfter] = &types.AttributeValueMemberB{Value: r.Above.encode()}, str(r.Checkpoint.mark())
		if r.Above.First != "" {
			it[attrAboveFrom] = str(r.Above.First)
		}
	}
	if r.Throughput > 0 {
		it[attrThroughput] = float(r.Throughput)
	}
	for name, at := range map[string]time.Time{attrArrived: r.ArrivedAt, attrCaughtUp: r.Lag.CaughtUpAt} {
		if !at.IsZero() {
			it[name] = num(at.UnixMilli())
		}
	}
	return it
}

func timeText(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func workerOf(it item) (workerRow, error) {
	counter, err := numberOf(it, attrCounter)
	heartbeat, badHeartbeat := numberOf(it, attrHeartbeat)
	refused, badRefused := numberOf(it, attrRefused)
	draining, _ := it[attrDraining].(*types.AttributeValueMemberBOOL)
	cpu := -1.0
	if n, ok := it[attrCPU].(*types.AttributeValueMemberN); ok {
		if f, err := strconv.ParseFloat(n.Value, 64); err == nil { // it decides nothing here
			cpu = f
		}
	}
	return workerRow{
		cpu: cpu, refused: refused, vitals: vitalsOf(it),
		id: textOf(it, attrKey)[len(workerKeyPrefix):], instance: textOf(it, attrInstance),
		address: textOf(it, attrAddress), counter: counter, heartbeat: heartbeat, draining: draining != nil && draining.Value,
	}, errors.Join(err, badHeartbeat, badRefused)
}

func float(f float64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatFloat(f, 'f', 1, 64)}
}

func boolean(b bool) types.AttributeValue { return &types.AttributeValueMemberBOOL{Value: b} }

func strs(set []string) types.AttributeValue { return &types.AttributeValueMemberSS{Value: set} }
