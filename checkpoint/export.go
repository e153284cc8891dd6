package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// ErrExportRefused: nothing was exported because it would not be the truth, or
// would replace another one.
var ErrExportRefused = errors.New("export refused")

// Export writes the leases into another table as Amazon's KCL writes them, owned
// by nobody and without a row or an attribute of ours: for a move back to a
// version before 3.5, which trips over rows that it does not know. The table is
// created if it is not there; no row in it is overwritten, so an export that was
// cut short is simply made again. It is an offline move: a worker of ours that
// is alive refuses it. It returns how many leases there are now.
//
// Errors are ErrExportRefused with what to do, what DynamoDB said, or ctx's.
func (s *Store) Export(ctx context.Context, to string) (int, error) {
	if to == s.cfg.Table {
		return 0, fmt.Errorf("%w: %s is korestream's own table; name another", ErrExportRefused, to)
	}
	before, err := s.Load(ctx)
	if err != nil {
		return 0, err
	}
	if len(before.Workers) > 0 { // they may be dead: a bit longer than a failover tells
		if err := sleep(ctx, s.cfg.Failover*6/5); err != nil {
			return 0, err
		}
	}
	after, err := s.Load(ctx)
	if err != nil {
		return 0, err
	}
	for _, w := range after.Workers {
		if !slices.Contains(before.Workers, w) {
			return 0, fmt.Errorf("%w: worker %s is alive; stop all workers, and export again", ErrExportRefused, w.ID)
		}
	}
	cfg := s.cfg
	cfg.Table, cfg.CreateTable = to, true
	other := New(s.rows.db, cfg, WithLogger(s.log))
	if err := other.Init(ctx); err != nil {
		return 0, err
	}
	for _, l := range after.Leases {
		if err := other.exportRow(ctx, l); err != nil {
			return 0, err
		}
	}
	return len(after.Leases), nil
}

// exportRow writes one lease that must not be there, or stand at the same place.
func (s *Store) exportRow(ctx context.Context, l LeaseRow) error {
	if l.Checkpoint.SequenceNumber == AtTimestamp {
		// Their application begins by its own configuration.
		return fmt.Errorf("%w: %s was never checkpointed since it was to begin at a time; let korestream checkpoint it first", ErrExportRefused, l.Shard)
	}
	l.Owner, l.Heir = "", ""
	it := l.item()
	for _, own := range []string{attrHeir, attrAcquired, attrGeneration, attrAbove, attrAboveAfter, attrAboveFrom, attrWrites} {
		delete(it, own)
	}
	err := s.rows.put(ctx, it)
	if old, failed := conditionFailed(err); failed {
		if there, err := leaseOf(old); err == nil && there.Checkpoint == l.Checkpoint {
			return nil
		}
		return fmt.Errorf("%w: table %s has another lease of %s; name a table that is not in use", ErrExportRefused, s.cfg.Table, l.Shard)
	}
	if err != nil {
		return fmt.Errorf("write lease of %s: %w", l.Shard, err)
	}
	return nil
}
