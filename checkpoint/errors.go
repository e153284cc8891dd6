package checkpoint

import (
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// What callers tell apart, with errors.Is.
var (
	// ErrNotAcquired: the lease is not this worker's to take now; a
	// *NotAcquiredError says why.
	ErrNotAcquired = errors.New("lease not acquired")
	// ErrLeaseLost is the cause of the end of a lease that another worker has
	// taken or may have taken.
	ErrLeaseLost = errors.New("lease lost")
	// ErrReleased is the cause of the end of a lease that was given back.
	ErrReleased = errors.New("lease released")
	// ErrTableMissing: the lease table does not exist and is not to be created.
	ErrTableMissing = errors.New("lease table does not exist")
	// ErrOtherStream: the lease table is that of another stream. Two streams'
	// shards have the same IDs, so they cannot share one.
	ErrOtherStream = errors.New("lease table belongs to another stream")
	// ErrStreamRenewed is the cause of the end of a lease whose stream was deleted
	// and made anew.
	ErrStreamRenewed = errors.New("stream was deleted and made anew")
	// ErrTableUnfit: a table of this name exists and is no lease table.
	ErrTableUnfit = errors.New("table is no lease table")
)

// Why a lease is not to be had. They are the reasons of NotAcquiredError.
const (
	WaitDraining   = "draining"            // this process stops
	WaitHeartbeat  = "no heartbeat"        // this process has none in the table, or not yet
	WaitListing    = "not in the listing"  // the stream has no such shard, as far as we know
	WaitHeld       = "held here"           // this process has not let go of it yet
	WaitFinished   = "finished"            // it was read to its end
	WaitParent     = "parent not finished" // Detail is the parent
	WaitOwned      = "owned"               // Detail is the owner
	WaitAssigned   = "assigned elsewhere"  // Detail is who should take it
	WaitUnassigned = "over every worker's maximum"
	WaitContended  = "taken meanwhile"
)

// NotAcquiredError says why a lease could not be acquired. errors.Is finds
// ErrNotAcquired in it.
type NotAcquiredError struct {
	Shard string
	// Reason is one of the constants above.
	Reason string
	// Detail is the shard or worker that the reason speaks of, or empty.
	Detail string
}

func (e *NotAcquiredError) Error() string {
	if e.Detail == "" {
		return fmt.Sprintf("lease of %s not acquired: %s", e.Shard, e.Reason)
	}
	return fmt.Sprintf("lease of %s not acquired: %s (%s)", e.Shard, e.Reason, e.Detail)
}

// Is makes errors.Is(err, ErrNotAcquired) true.
func (e *NotAcquiredError) Is(target error) bool { return target == ErrNotAcquired }

// conditionFailed tells whether a write was refused by its condition, and
// returns the item that refused it, nil if there is none.
func conditionFailed(err error) (map[string]types.AttributeValue, bool) {
	var failed *types.ConditionalCheckFailedException
	if !errors.As(err, &failed) {
		return nil, false
	}
	return failed.Item, true
}
