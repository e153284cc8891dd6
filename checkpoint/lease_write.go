package checkpoint

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// maxMaybe bounds the values that one write may replace; DynamoDB allows 100
// operands of IN.
const maxMaybe = 50

// save writes a progress in place of what may be there. The caller holds write.
func (l *Lease) save(ctx context.Context, p Progress, children []string) error {
	if err := l.over(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(l.ctx, func() { cancel(context.Cause(l.ctx)) })()

	if last := l.maybe[len(l.maybe)-1]; len(l.maybe) >= maxMaybe && last != p.Position.SequenceNumber {
		// Settle what is open first.
		if err := l.writeOnce(ctx, Progress{Position: Position{SequenceNumber: last}}, nil); err != nil {
			return err
		}
	}
	return l.writeOnce(ctx, p, children)
}

// writeOnce makes one write. The caller holds write.
func (l *Lease) writeOnce(ctx context.Context, p Progress, children []string) error {
	l.writes++
	values := l.values(p, children)
	it, err := l.store.rows.update(ctx, l.shard, l.expression(p, values), l.condition(), values)
	if old, failed := conditionFailed(err); failed {
		return l.refused(ctx, old, p)
	}
	if err != nil {
		if last := l.maybe[len(l.maybe)-1]; last != p.Position.SequenceNumber {
			l.maybe = append(l.maybe, p.Position.SequenceNumber)
		}
		if cause := l.over(); cause != nil {
			return cause
		}
		return fmt.Errorf("write checkpoint of %s: %w", l.shard, err)
	}
	row, err := leaseOf(it)
	if err != nil {
		return err
	}
	l.wrote(p.Position, row)
	return nil
}

func (l *Lease) wrote(at Position, row LeaseRow) {
	l.at, l.above, l.maybe = at, row.Above, []string{at.SequenceNumber}
	l.reported, l.reportedAt, l.caughtUp = row.Throughput, time.Now(), row.Lag.CaughtUpAt
	l.store.learn(row)
}

// refused finds out what a failed condition means: our own write that arrived
// before, a lost lease, or a checkpoint that an operator has changed. After the
// last the lease is given up too, and taken again from where it is now. Of a row
// that is not there the next scan says whether the table is being restored.
func (l *Lease) refused(ctx context.Context, old item, p Progress) error {
	var err error
	if old == nil { // not every service tells
		if old, err = l.store.rows.get(ctx, l.shard); err != nil {
			return fmt.Errorf("read lease of %s: %w", l.shard, err)
		}
	}
	if old == nil {
		wish(l.store.rescan)
		return fmt.Errorf("write checkpoint of %s: its row is not in the table", l.shard)
	}
	row, err := leaseOf(old)
	if err == nil && row.Owner == l.store.cfg.Worker && row.Counter == l.counter &&
		row.Checkpoint.SequenceNumber == p.Position.SequenceNumber && row.Checkpoint.SubSequenceNumber == p.Position.SubSequenceNumber {
		l.wrote(p.Position, row)
		return nil
	}
	l.lost(row)
	wish(l.store.rescan)
	return l.over()
}

// expression is the update of one write; it adds to its values what may be left
// out.
func (l *Lease) expression(p Progress, v item) string {
	e := "SET checkpoint = :at, checkpointSubSequenceNumber = :sub, ownerSwitchesSinceCheckpoint = :none, throughputKBps = :throughput, leaseWrites = :writes, " + l.lag.set(v)
	if at := p.Position.Timestamp; !at.IsZero() && p.Position.rank() == rankNumber {
		e += ", arrivedAt = :arrived"
		v[":arrived"] = num(at.UnixMilli())
	}
	if _, with := v[":children"]; with {
		e += ", childShardIds = :children"
	}
	switch {
	case p.Above.IsEmpty():
		return e + " REMOVE handledAbove, handledAfter, handledFrom"
	case p.Above.First == "":
		return e + ", handledAbove = :above, handledAfter = :after REMOVE handledFrom"
	}
	return e + ", handledAbove = :above, handledAfter = :after, handledFrom = :from"
}

// condition fences the write: the lease is ours, and its checkpoint is one that
// we have written or found. A write that arrives late, after a later one, is
// refused.
func (l *Lease) condition() string {
	var b strings.Builder
	b.WriteString("leaseOwner = :me AND leaseCounter = :counter AND (attribute_not_exists(leaseWrites) OR leaseWrites < :writes) AND ")
	if l.maybe[0] == "" {
		b.WriteString("(attribute_not_exists(checkpoint) OR checkpoint IN (")
	} else {
		b.WriteString("(checkpoint IN (")
	}
	for i := range l.maybe {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, ":maybe%d", i)
	}
	b.WriteString("))")
	return b.String()
}

func (l *Lease) values(p Progress, children []string) item {
	v := item{
		":me": str(l.store.cfg.Worker), ":counter": num(l.counter),
		":at": str(p.Position.SequenceNumber), ":sub": num(p.Position.SubSequenceNumber), ":none": num(0),
		":throughput": float(l.throughput), ":writes": num(l.writes),
	}
	for i, m := range l.maybe {
		v[fmt.Sprintf(":maybe%d", i)] = str(m)
	}
	if !p.Above.IsEmpty() {
		v[":after"] = str(p.Position.mark())
		v[":above"] = &types.AttributeValueMemberB{Value: p.Above.encode()}
		if p.Above.First != "" {
			v[":from"] = str(p.Above.First)
		}
	}
	if len(children) > 0 {
		v[":children"] = strs(children)
	}
	return v
}
