package checkpoint

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// The attributes that only Amazon's library writes. They are left behind.
const (
	attrPending         = "pendingCheckpoint" // S: asked for by prepareCheckpoint, and never confirmed
	attrCheckpointOwner = "checkpointOwner"   // S, since KCL 3: who may still checkpoint while the lease is handed over
	attrLockOwner       = "ownerName"         // S, of its leader's lock, since KCL 3.5 among the leases
)

// kclLease is one lease as Amazon's library left it. The row is ready to be
// ours, but for its owner.
type kclLease struct {
	row LeaseRow
	// stream is account:name:creationEpoch in a table of several streams, empty
	// in one of a single stream.
	stream string
	// pending is a checkpoint that was prepared and never made, empty if none.
	pending string
}

// isKCLLease tells a lease from what else may stand in the table. Leases have an
// entityType since KCL 3.5 only, other rows always had one.
func isKCLLease(it item) bool {
	if kind := textOf(it, attrEntityType); kind != "" && kind != entityLease {
		return false
	}
	_, counted := it[attrCounter]
	_, placed := it[attrCheckpoint]
	return counted || placed
}

// kclKey takes a lease's key apart. An application of several streams puts the
// stream before the shard's ID; neither has a colon of its own but as a divider.
func kclKey(key string) (stream, shard string) {
	i := strings.LastIndexByte(key, ':')
	if i < 0 {
		return "", key
	}
	return key[:i], key[i+1:]
}

// streamName returns the name in account:name:creationEpoch, or what it was
// given if it is none of that.
func streamName(id string) string {
	if parts := strings.Split(id, ":"); len(parts) == 3 {
		return parts[1]
	}
	return id
}

// kclLeaseOf reads one lease. The error says what in it makes no sense.
func kclLeaseOf(it item) (kclLease, error) {
	row, err := leaseOf(it)
	if err != nil {
		return kclLease{}, err
	}
	l := kclLease{row: row, pending: textOf(it, attrPending)}
	l.stream, l.row.Shard = kclKey(row.Shard)
	for name, want := range map[string]string{attrCheckpoint: "S", attrCounter: "N", attrSubSequence: "N", attrSwitches: "N"} {
		if v, ok := it[name]; ok && kindOf(v) != want {
			return l, fmt.Errorf("attribute %s of %s is no %s", name, row.Shard, want)
		}
	}
	switch at := row.Checkpoint; {
	case !at.IsZero() && !at.IsSentinel() && !sequenceNumber.MatchString(at.SequenceNumber):
		return l, fmt.Errorf("checkpoint %q of %s is no sequence number", at.SequenceNumber, row.Shard)
	case at.SubSequenceNumber < 0 || row.Counter < 0 || row.OwnerSwitches < 0:
		return l, fmt.Errorf("%s has a number below zero", row.Shard)
	}
	return l, nil
}

// sequenceNumber is what Kinesis allows, see
// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Record.html
var sequenceNumber = regexp.MustCompile(`^(0|[1-9][0-9]{0,128})$`)

func kindOf(v types.AttributeValue) string {
	switch v.(type) {
	case *types.AttributeValueMemberS:
		return "S"
	case *types.AttributeValueMemberN:
		return "N"
	}
	return "other type"
}

// movers names who changed anything between two looks at a table: Amazon's
// library shows its life in the leases, which it renews by raising their
// counters, and since KCL 3.5 in rows of its own beside them.
func movers(before, after []item) []string {
	old, now := byKey(before), byKey(after)
	names := make(map[string]bool)
	for key := range old {
		if _, ok := now[key]; !ok {
			names[key] = true // who removed it is not to be seen
		}
	}
	for key, it := range now {
		if was, ok := old[key]; ok && fingerprint(was) == fingerprint(it) {
			continue
		}
		for _, name := range moverOf(it) {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// moverOf names who stands behind a row, or the row if nobody does.
func moverOf(it item) []string {
	var names []string
	for _, name := range []string{attrOwner, attrCheckpointOwner, attrLockOwner} {
		if owner := textOf(it, name); owner != "" {
			names = append(names, owner)
		}
	}
	if len(names) == 0 {
		names = append(names, textOf(it, attrKey))
	}
	return names
}

func byKey(items []item) map[string]item {
	out := make(map[string]item, len(items))
	for _, it := range items {
		out[textOf(it, attrKey)] = it
	}
	return out
}

// fingerprint is a row's strings and numbers. Sets have no order that would
// stay, and they change only along with a number.
func fingerprint(it item) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(it)) {
		switch v := it[name].(type) {
		case *types.AttributeValueMemberS:
			fmt.Fprintf(&b, "%s=%q ", name, v.Value)
		case *types.AttributeValueMemberN:
			fmt.Fprintf(&b, "%s=%s ", name, v.Value)
		}
	}
	return b.String()
}
