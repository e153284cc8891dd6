package kinesis

import "time"

type splitShardInput struct {
	target
	ShardToSplit       *string
	NewStartingHashKey *string
}

func (s *Service) splitShard(in *splitShardInput) (any, error) {
	var c checks
	c.requiredName("shardToSplit", in.ShardToSplit)
	if required(&c, "newStartingHashKey", in.NewStartingHashKey) {
		c.matches("newStartingHashKey", in.NewStartingHashKey, hashKeyPattern)
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	now, open := s.opts.Now(), s.openShards()
	st, err := s.reshardable(in.target, now)
	if err != nil {
		return nil, err
	}
	defer st.mu.Unlock()
	sh, err := s.openShard(st, *in.ShardToSplit, now)
	if err != nil {
		return nil, err
	}
	if err := s.roomForShards(open, 1); err != nil {
		return nil, err
	}
	at, ok := parseHashKey(*in.NewStartingHashKey)
	if !ok || !sh.start.next().less(at) || !at.less(sh.end) {
		return nil, invalidArgument("NewStartingHashKey %s used in SplitShard() on shard %s in stream %s under account %s "+
			"is not both greater than one plus the shard's StartingHashKey %s and less than the shard's EndingHashKey %s.",
			*in.NewStartingHashKey, sh.id, st.name, s.opts.Account, sh.start, sh.end)
	}
	st.begin(now, s.opts.Delay, statusUpdating, func(now time.Time) { st.split(sh, at, now) })
	return nil, nil
}

// openShard returns a shard that can be resharded. The caller holds the
// stream's lock.
func (s *Service) openShard(st *stream, id string, now time.Time) (*shard, error) {
	sh := st.shard(id, now)
	if sh == nil {
		return nil, s.shardNotFound(fullShardID(id), st.name)
	}
	if sh.closed {
		return nil, invalidArgument("Shard %s in stream %s under account %s has already been merged or split, "+
			"and thus is not eligible for merging or splitting.", sh.id, st.name, s.opts.Account)
	}
	return sh, nil
}

// reshardable is changeable for a change of the shards, which AWS makes itself where
// it runs the stream on demand. The caller unlocks it if the error is nil.
func (s *Service) reshardable(t target, now time.Time) (*stream, error) {
	st, err := s.changeable(t, now)
	if err != nil {
		return nil, err
	}
	if st.mode == modeOnDemand {
		defer st.mu.Unlock()
		return nil, validation("Request is invalid. Stream %s under account %s is in On-Demand mode.", st.name, s.opts.Account)
	}
	return st, nil
}

// split closes a shard and opens two for its range. The caller holds mu.
func (st *stream) split(sh *shard, at hashKey, now time.Time) (low, high *shard) {
	st.closeShard(sh, now)
	return st.addShard(sh.start, at.prev(), now, sh), st.addShard(at, sh.end, now, sh)
}

type mergeShardsInput struct {
	target
	ShardToMerge         *string
	AdjacentShardToMerge *string
}

func (s *Service) mergeShards(in *mergeShardsInput) (any, error) {
	var c checks
	c.requiredName("shardToMerge", in.ShardToMerge)
	c.requiredName("adjacentShardToMerge", in.AdjacentShardToMerge)
	if err := c.err(); err != nil {
		return nil, err
	}
	now := s.opts.Now()
	st, err := s.reshardable(in.target, now)
	if err != nil {
		return nil, err
	}
	defer st.mu.Unlock()
	a, err := s.openShard(st, *in.ShardToMerge, now)
	if err != nil {
		return nil, err
	}
	b, err := s.openShard(st, *in.AdjacentShardToMerge, now)
	if err != nil {
		return nil, err
	}
	if a == b || !a.adjacent(b) {
		return nil, invalidArgument("Shards %s and %s in stream %s under account %s are not an adjacent pair of shards "+
			"eligible for merging", a.id, b.id, st.name, s.opts.Account)
	}
	st.begin(now, s.opts.Delay, statusUpdating, func(now time.Time) { st.merge(a, b, now) })
	return nil, nil
}

// adjacent tells whether one shard's range follows the other's. The last key
// has no successor: its shard is not adjacent to the first one.
func (s *shard) adjacent(o *shard) bool {
	if o.start.less(s.start) {
		s, o = o, s
	}
	return s.end.next() == o.start
}

// merge closes two adjacent shards and opens one for both ranges. The parent is
// a, the adjacent parent b. The caller holds mu.
func (st *stream) merge(a, b *shard, now time.Time) *shard {
	st.closeShard(a, now)
	st.closeShard(b, now)
	start, end := a.start, b.end
	if b.start.less(a.start) {
		start, end = b.start, a.end
	}
	return st.addShard(start, end, now, a, b)
}

type updateShardCountInput struct {
	target
	TargetShardCount *int
	ScalingType      *string
}

type updateShardCountOutput struct {
	StreamName, StreamARN               string
	CurrentShardCount, TargetShardCount int
}

func (s *Service) updateShardCount(in *updateShardCountInput) (any, error) {
	var c checks
	if required(&c, "targetShardCount", in.TargetShardCount) {
		c.within("targetShardCount", in.TargetShardCount, 1, maxShardCount)
	}
	c.oneOf("scalingType", in.ScalingType, "UNIFORM_SCALING")
	if err := c.err(); err != nil {
		return nil, err
	}
	now, open := s.opts.Now(), s.openShards()
	st, err := s.reshardable(in.target, now)
	if err != nil {
		return nil, err
	}
	defer st.mu.Unlock()
	current, want := len(st.open), *in.TargetShardCount
	if err := s.scalable(st, want, open, now); err != nil {
		return nil, err
	}
	if want != current {
		st.scalings = append(st.scalings, now)
		st.begin(now, s.opts.Delay, statusUpdating, func(now time.Time) { st.scale(want, now) })
	}
	return updateShardCountOutput{st.name, st.arn, current, want}, nil
}

// scalable checks the limits of UpdateShardCount. How often it may be called in
// a day is a quota, and can be switched off with the others. The caller holds
// the stream's lock.
func (s *Service) scalable(st *stream, want, open int, now time.Time) error {
	current := len(st.open)
	switch {
	case want > 2*current:
		return limitExceeded("UpdateShardCount cannot scale up over double your current open shard count. "+
			"Current open shard count: %d, Target shard count: %d", current, want)
	case 2*want < current:
		return limitExceeded("UpdateShardCount cannot scale down below half your current open shard count. "+
			"Current open shard count: %d, Target shard count: %d", current, want)
	case want > maxShardsPerStream:
		return limitExceeded("UpdateShardCount cannot scale a stream over %d shards. Target shard count: %d",
			maxShardsPerStream, want)
	}
	if err := s.roomForShards(open, want-current); want > current && err != nil {
		return err
	}
	for len(st.scalings) > 0 && now.Sub(st.scalings[0]) >= scalingWindow {
		st.scalings = st.scalings[1:]
	}
	if s.opts.Quotas && len(st.scalings) >= maxScalings {
		return limitExceeded("UpdateShardCount can be called at most %d times in a rolling 24-hour period. Stream %s "+
			"under account %s has reached that.", maxScalings, st.name, s.opts.Account)
	}
	return nil
}

// scale makes the open shards n of equal size, by splits and merges as AWS does,
// which leaves short-lived shards behind where the old and the new ranges cross.
// The caller holds mu.
func (st *stream) scale(n int, now time.Time) {
	starts := uniformStarts(n)
	for _, start := range starts {
		if sh := st.route(start); sh.start != start {
			st.split(sh, start, now)
		}
	}
	for i, start := range starts {
		end := lastHashKey
		if i+1 < n {
			end = starts[i+1].prev()
		}
		for sh := st.route(start); sh.end != end; {
			sh = st.merge(sh, st.route(sh.end.next()), now)
		}
	}
}
