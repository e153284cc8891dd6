package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"
)

// Bootstrap settles, once in an application's life, where it begins: at start
// for the shards that there are, and at the beginning for those that come later.
// Who comes second takes what the first has settled. A table that already holds
// leases without a word about a start comes from another library; its
// shards go on where their leases say, and those without one begin at the
// beginning. It tries until it succeeds or ctx ends; only ErrOtherStream ends it
// before. Call SetStream before it.
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
		if errors.Is(err, ErrOtherStream) {
			return err
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
		return s.join(it)
	}
	c, err := s.rows.scan(ctx)
	if err != nil {
		return application{}, err
	}
	s.mu.Lock()
	app := application{id: uuid.NewString(), start: start, initial: make(map[string]bool), stream: s.stream, generation: 1}
	s.mu.Unlock()
	if len(c.leases) == 0 {
		for _, sh := range shards {
			app.initial[sh.ID] = true
		}
	} else {
		s.log.Info("taking over leases of another library", zap.Int("count", len(c.leases)))
		if err := s.inherit(ctx, c, shards); err != nil {
			return application{}, err
		}
	}
	err = s.rows.put(ctx, app.item())
	if old, failed := conditionFailed(err); failed && old != nil {
		return s.join(old)
	}
	if err != nil {
		return application{}, fmt.Errorf("write start position: %w", err)
	}
	s.log.Info("application begins", zap.Stringer("start", start), zap.Int("shards", len(app.initial)))
	return app, nil
}

// join accepts what was settled before, if it is about this stream.
func (s *Store) join(it item) (application, error) {
	app, err := applicationOf(it)
	if err != nil {
		return app, err
	}
	s.mu.Lock()
	stream := s.stream.Name
	s.mu.Unlock()
	if app.stream.Name != "" && stream != "" && app.stream.Name != stream {
		return app, fmt.Errorf("%w: table %s is of stream %s, not of %s; give this application another name", ErrOtherStream,
			s.cfg.Table, app.stream.Name, stream)
	}
	return app, nil
}

// inherit records the end of shards that the library before us has finished and
// forgotten.
func (s *Store) inherit(ctx context.Context, c content, shards []Shard) error {
	past := newSuccession(shards, func(id string) bool {
		_, leased := c.leases[id]
		return leased
	})
	for _, sh := range shards {
		if _, leased := c.leases[sh.ID]; leased || !past.done(sh.ID) {
			continue
		}
		err := s.rows.put(ctx, LeaseRow{
			Shard: sh.ID, Checkpoint: Position{SequenceNumber: ShardEnd}, Parents: sh.Parents, Children: past.children[sh.ID],
			StartingHashKey: sh.StartingHashKey, EndingHashKey: sh.EndingHashKey, Generation: 1,
		}.item())
		if _, there := conditionFailed(err); err != nil && !there {
			return fmt.Errorf("record end of %s: %w", sh.ID, err)
		}
	}
	return nil
}
