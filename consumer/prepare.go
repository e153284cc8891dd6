package consumer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"korestream/checkpoint"
)

// prepare opens the lease table, finds out which stream this is and which shards
// it has, and settles where the application begins. It tries until it succeeds
// or ctx ends; only what no patience can mend is an error.
func (c *Consumer) prepare(ctx context.Context) error {
	err := c.persist(ctx, "DescribeTable", c.leases.Init, checkpoint.ErrTableMissing, checkpoint.ErrTableUnfit)
	if err != nil {
		return fmt.Errorf("open lease table: %w", err)
	}
	err = c.persist(ctx, "DescribeStreamSummary", func(ctx context.Context) error {
		stream, err := c.listing.identify(ctx)
		c.leases.SetStream(stream)
		return err
	})
	if err != nil {
		return err
	}
	if err := c.prepareFanOut(ctx); err != nil {
		return err
	}
	var now time.Time
	err = c.persist(ctx, "ListShards", func(ctx context.Context) (err error) {
		now, err = c.listing.refresh(ctx)
		return err
	})
	if err != nil {
		return err
	}
	shards, _ := c.listing.snapshot()
	if err := c.leases.Bootstrap(ctx, startAt(c.cfg.Start, now), shards); err != nil {
		return fmt.Errorf("settle where the application begins: %w", err)
	}
	c.leases.SetShards(shards)
	return nil
}

// prepareFanOut finds the stream's consumer, if one is needed.
func (c *Consumer) prepareFanOut(ctx context.Context) error {
	if c.cfg.Source == Polling {
		return nil
	}
	return c.persist(ctx, "DescribeStreamConsumer", func(ctx context.Context) (err error) {
		call, cancel := context.WithTimeout(ctx, c.cfg.CallTimeout)
		defer cancel()
		c.consumerARN, err = EnsureStreamConsumer(call, c.kc, c.cfg.Stream, c.cfg.StreamARN, cmp.Or(c.cfg.StreamConsumer, c.cfg.Application))
		return err
	}, ErrStreamConsumer)
}

// startAt gives LATEST its time, by the service's clock and not ours. Its answer
// is rounded down to the second, so at the tip this errs towards one event more.
func startAt(start checkpoint.Position, now time.Time) checkpoint.Position {
	if start.SequenceNumber != checkpoint.Latest {
		return start
	}
	if now.IsZero() {
		now = time.Now()
	}
	return checkpoint.Position{SequenceNumber: checkpoint.AtTimestamp, Timestamp: now}
}

// persist tries something until it succeeds, ctx ends, or its error is one of
// the final ones.
func (c *Consumer) persist(ctx context.Context, op string, try func(context.Context) error, final ...error) error {
	p := newPatience(c.log, op)
	for {
		err := try(ctx)
		if err == nil {
			p.over()
			return nil
		}
		for _, f := range final {
			if errors.Is(err, f) {
				return err
			}
		}
		if err := p.failed(ctx, err); err != nil {
			return err
		}
	}
}
