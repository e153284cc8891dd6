package consumer

import "sync"

// claimState is how far the KCL's consumer of one lease has come.
type claimState uint8

const (
	// claimNone: there is no lease, or it was run and ended before the shard's
	// end.
	claimNone claimState = iota
	// claimOffered: the lease is there and was not run yet.
	claimOffered
	// claimEnded: the lease was run to the shard's end.
	claimEnded
)

// claims holds the claim check of every lease that the KCL's Worker works on.
// There is at most one lease, and so one claim, per shard at any time.
type claims struct {
	mu      sync.Mutex // guards byShard
	byShard map[string]claimState
}

func (c *claims) state(shard string) claimState {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.byShard[shard]
}

func (c *claims) set(shard string, s claimState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s == claimNone {
		delete(c.byShard, shard)
		return
	}
	if c.byShard == nil {
		c.byShard = make(map[string]claimState)
	}
	c.byShard[shard] = s
}
