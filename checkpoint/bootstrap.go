package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
)

// Bootstrap settles, once in an application's life, where it begins: at start
// for the shards that there are, and at the beginning for those that come later.
// Who comes second takes what the first has settled. A table that already holds
// leases without a word about a start comes from another library; its
// shards go on where their leases say, and those without one begin at the
// beginning. It tries until it succeeds or ctx ends.
func (s *Store) Bootstrap(ctx context.Context, start Position, shards []Shard) error {
	failing := false
	for {
		app, err := s.settle(ctx, start, shards)
		if err == nil {
			s.mu.Lock()
			s.app, s.settled = app, true
			s.mu.Unlock()
			return nil
		}
		if ctx.Err() != nil {
			return errors.Join(err, context.Cause(ctx))
		}
		if !failing {
			s.log.Warn("start position not settled, trying again", zap.NamedError("error", err))
			failing = true
		}
		if sleep(ctx, jitter(time.Second)) != nil {
			return err
		}
	}
}

func (s *Store) settle(ctx context.Context, start Position, shards []Shard) (application, error) {
	it, err := s.rows.get(ctx, applicationKey)
	if err != nil {
		return application{}, fmt.Errorf("read start position: %w", err)
	}
	if it != nil {
		return applicationOf(it)
	}
	c, err := s.rows.scan(ctx)
	if err != nil {
		return application{}, err
	}
	app := application{start: start, initial: make(map[string]bool)}
	if len(c.leases) == 0 {
		for _, sh := range shards {
			app.initial[sh.ID] = true
		}
	} else {
		s.log.Info("taking over leases of another library", zap.Int("count", len(c.leases)))
	}
	err = s.rows.put(ctx, app.item())
	if old, failed := conditionFailed(err); failed && old != nil {
		return applicationOf(old)
	}
	if err != nil {
		return application{}, fmt.Errorf("write start position: %w", err)
	}
	s.log.Info("application begins", zap.Stringer("start", start), zap.Int("shards", len(app.initial)))
	return app, nil
}
