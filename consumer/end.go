package consumer

import (
	"context"
	"time"

	"go.uber.org/zap"

	"korestream/checkpoint"
	"korestream/consumer/wire"
)

// arrivalSkew is by how much records of a shard may be out of the order of their
// arrival times, which are approximate and need not rise:
// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Record.html
const arrivalSkew = 5 * time.Second

// endCheck is how often a consumer with an end looks whether all is done.
const endCheck = time.Second

// window is the arrival times of the records that are delivered. The zero value
// is all of them.
type window struct{ from, to time.Time }

// window is what the settings ask for. Only a consumer with an end leaves out
// what is before its start too: where it has none, an event too many at the start
// is better than one that is left out.
func (c *Config) window() window {
	if c.End.IsZero() {
		return window{}
	}
	w := window{to: c.End}
	if c.Start.SequenceNumber == checkpoint.AtTimestamp {
		w.from = c.Start.Timestamp
	}
	return w
}

// holds tells whether a record is delivered. A record of unknown arrival is.
func (w window) holds(arrived time.Time) bool {
	return w.to.IsZero() || arrived.IsZero() || !arrived.Before(w.from) && arrived.Before(w.to)
}

// passed tells whether nothing that the window holds comes after a page: its last
// record is beyond it, or it is the shard's latest and now, by the service's
// clock, is.
func (w window) passed(page *wire.Page, now time.Time) bool {
	if w.to.IsZero() {
		return false
	}
	beyond := w.to.Add(arrivalSkew)
	if n := len(page.Records); n > 0 && !page.Records[n-1].ArrivedAt.Before(beyond) {
		return true
	}
	return page.MillisBehindLatest == 0 && !now.Before(beyond)
}

// awaitEnd returns when ctx ends or, where there is an end, when every shard of
// the stream is done up to it.
func (c *Consumer) awaitEnd(ctx context.Context) {
	if c.cfg.End.IsZero() {
		<-ctx.Done()
		return
	}
	tick := time.NewTicker(endCheck)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if !c.allEnded() {
			continue
		}
		// A shard may have been split since the last look: then it was read to
		// its true end, and what follows may be in its children.
		if err := c.listing.look(ctx, c.leases); err != nil {
			c.log.Debug("shards not listed", zap.NamedError(KeyError, err))
			continue
		}
		if c.allEnded() {
			c.log.Info("all shards are done up to the end")
			c.complete.Store(true)
			return
		}
	}
}

// allEnded tells whether every shard that is listed, and every child of one that
// was read to its end, is finished.
func (c *Consumer) allEnded() bool {
	snap := c.leases.Snapshot()
	finished := make(map[string]bool, len(snap.Leases))
	for _, l := range snap.Leases {
		finished[l.Shard] = l.Finished()
	}
	shards, _ := c.listing.snapshot()
	for _, s := range shards {
		if !finished[s.ID] {
			return false
		}
	}
	for _, l := range snap.Leases {
		for _, child := range l.Children {
			if !finished[child] {
				return false
			}
		}
	}
	return len(shards) > 0
}
