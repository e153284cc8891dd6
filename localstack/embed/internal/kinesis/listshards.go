package kinesis

import (
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
)

// The types of shard filters.
const (
	filterAfterShard      = "AFTER_SHARD_ID"
	filterAtTrimHorizon   = "AT_TRIM_HORIZON"
	filterFromTrimHorizon = "FROM_TRIM_HORIZON"
	filterAtLatest        = "AT_LATEST"
	filterAtTimestamp     = "AT_TIMESTAMP"
	filterFromTimestamp   = "FROM_TIMESTAMP"
)

type shardFilter struct {
	Type      *string
	ShardID   *string `json:"ShardId"`
	Timestamp *float64
}

type listShardsInput struct {
	target
	ExclusiveStartShardID   *string `json:"ExclusiveStartShardId"`
	MaxResults              *int
	NextToken               *string
	ShardFilter             *shardFilter
	StreamCreationTimestamp *float64
}

type listShardsOutput struct {
	NextToken string `json:",omitempty"`
	Shards    []shardOutput
}

func (in *listShardsInput) check() error {
	var c checks
	c.name("exclusiveStartShardId", in.ExclusiveStartShardID)
	c.within("maxResults", in.MaxResults, 1, 10_000)
	c.length("nextToken", in.NextToken, 1, 1<<20)
	if f := in.ShardFilter; f != nil {
		c.oneOf("shardFilter.type", f.Type, filterAfterShard, filterAtTrimHorizon, filterFromTrimHorizon,
			filterAtLatest, filterAtTimestamp, filterFromTimestamp)
		c.name("shardFilter.shardId", f.ShardID)
	}
	if err := c.err(); err != nil {
		return err
	}
	if in.NextToken != nil {
		return in.checkNextToken()
	}
	if in.StreamName == nil && in.StreamARN == nil {
		return invalidArgument("Either NextToken or StreamName should be provided.")
	}
	return in.checkFilter()
}

// checkNextToken refuses what a token stands for already.
func (in *listShardsInput) checkNextToken() error {
	switch {
	case in.StreamName != nil:
		return invalidArgument("NextToken and StreamName cannot be provided together.")
	case in.StreamCreationTimestamp != nil:
		return invalidArgument("NextToken and StreamCreationTimestamp cannot be provided together.")
	case in.ExclusiveStartShardID != nil:
		return invalidArgument("NextToken and ExclusiveStartShardId cannot be provided together.")
	case in.ShardFilter != nil:
		return invalidArgument("NextToken and ShardFilter cannot be provided together.")
	}
	return nil
}

// checkFilter refuses a filter that has not exactly what its type needs.
func (in *listShardsInput) checkFilter() error {
	f := in.ShardFilter
	if f == nil {
		return nil
	}
	wantShard := *f.Type == filterAfterShard
	wantTime := *f.Type == filterAtTimestamp || *f.Type == filterFromTimestamp
	switch {
	case wantShard && f.ShardID == nil:
		return invalidArgument("ShardFilter of type %s requires ShardId.", *f.Type)
	case !wantShard && f.ShardID != nil:
		return invalidArgument("ShardFilter of type %s does not take ShardId.", *f.Type)
	case wantTime && f.Timestamp == nil:
		return invalidArgument("ShardFilter of type %s requires Timestamp.", *f.Type)
	case !wantTime && f.Timestamp != nil:
		return invalidArgument("ShardFilter of type %s does not take Timestamp.", *f.Type)
	case wantShard && in.ExclusiveStartShardID != nil:
		return invalidArgument("ExclusiveStartShardId and a ShardFilter of type %s cannot be provided together.", *f.Type)
	}
	return nil
}

func (s *Service) listShards(in *listShardsInput) (any, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	now := s.opts.Now()
	st, in, err := s.listShardsStream(in, now)
	if err != nil {
		return nil, err
	}
	limit := maxListShards
	if in.MaxResults != nil {
		limit = min(limit, *in.MaxResults)
	}
	st.mu.RLock()
	defer st.mu.RUnlock()
	keep, err := st.filter(in.ShardFilter, now)
	if err != nil {
		return nil, err
	}
	after := in.ExclusiveStartShardID
	if in.ShardFilter != nil && in.ShardFilter.ShardID != nil && after == nil {
		after = in.ShardFilter.ShardID
	}
	first, err := st.after(after)
	if err != nil {
		return nil, err
	}
	out := listShardsOutput{Shards: []shardOutput{}}
	for _, sh := range st.shards[first:] {
		if st.expired(sh, now) || !keep(sh) {
			continue
		}
		if len(out.Shards) == limit {
			out.NextToken, err = s.listShardsToken(st, in, out.Shards[limit-1].ShardID)
			return out, err
		}
		out.Shards = append(out.Shards, sh.output())
	}
	return out, nil
}

// listShardsToken continues a listing after the given shard.
func (s *Service) listShardsToken(st *stream, in *listShardsInput, last string) (string, error) {
	filter, err := json.Marshal(in.ShardFilter)
	if err != nil {
		return "", err
	}
	return s.newToken(tokenShards, strconv.FormatUint(st.id, 10), st.name, last, string(filter)), nil
}

// listShardsStream returns the stream and the request, which for a next token
// is the one that the token continues.
func (s *Service) listShardsStream(in *listShardsInput, now time.Time) (*stream, *listShardsInput, error) {
	if in.NextToken == nil {
		st, err := s.lookup(in.target, now)
		if err == nil && in.StreamCreationTimestamp != nil && milliseconds(*in.StreamCreationTimestamp) != st.created.UnixMilli() {
			err = s.streamNotFound(st.name)
		}
		return st, in, err
	}
	state, err := s.readToken(tokenShards, *in.NextToken)
	if err != nil {
		return nil, nil, err
	}
	if len(state) != 4 {
		return nil, nil, invalidArgument("Invalid NextToken.")
	}
	next := &listShardsInput{ExclusiveStartShardID: &state[2], MaxResults: in.MaxResults}
	if err := json.Unmarshal([]byte(state[3]), &next.ShardFilter); err != nil {
		return nil, nil, invalidArgument("Invalid NextToken.")
	}
	st, err := s.byName(state[1], now)
	if err == nil && strconv.FormatUint(st.id, 10) != state[0] {
		err = s.streamNotFound(state[1])
	}
	return st, next, err
}

// filter returns which shards a filter keeps. The caller holds mu.
func (st *stream) filter(f *shardFilter, now time.Time) (func(*shard) bool, error) {
	all := func(*shard) bool { return true }
	if f == nil {
		return all, nil
	}
	horizon := st.horizon(now)
	if f.Timestamp != nil && milliseconds(*f.Timestamp) > now.UnixMilli() {
		return nil, invalidArgument("The Timestamp of the ShardFilter cannot be in the future.")
	}
	switch *f.Type {
	case filterAtLatest:
		return func(sh *shard) bool { return !sh.closed }, nil
	case filterAtTrimHorizon:
		// Not by time: a shard and its child may be of one millisecond, and the
		// child's records come after its parents'.
		return func(sh *shard) bool {
			return (sh.parent == nil || st.expired(sh.parent, now)) &&
				(sh.adjacentParent == nil || st.expired(sh.adjacentParent, now))
		}, nil
	case filterAtTimestamp:
		return openAt(max(horizon, milliseconds(*f.Timestamp))), nil
	case filterFromTimestamp:
		from := max(horizon, milliseconds(*f.Timestamp))
		return func(sh *shard) bool { return !sh.closed || sh.closedAt >= from }, nil
	}
	return all, nil
}

// openAt keeps the shards that were open at the given time.
func openAt(at int64) func(*shard) bool {
	return func(sh *shard) bool {
		return sh.createdAt <= at && (!sh.closed || sh.closedAt >= at)
	}
}
