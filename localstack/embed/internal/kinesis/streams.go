package kinesis

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// lookup returns the stream that a request names.
func (s *Service) lookup(t target, now time.Time) (*stream, error) {
	name, err := s.nameOf(t)
	if err != nil {
		return nil, err
	}
	return s.byName(name, now)
}

// nameOf returns the name of the stream that a request names, after its checks.
func (s *Service) nameOf(t target) (string, error) {
	var c checks
	c.target(t)
	if err := c.err(); err != nil {
		return "", err
	}
	switch {
	case t.StreamARN == nil && t.StreamName == nil:
		return "", invalidArgument("Either StreamName or StreamARN must be specified.")
	case t.StreamARN == nil:
		return *t.StreamName, nil
	}
	name := streamNameOf(*t.StreamARN)
	if t.StreamName != nil && *t.StreamName != name {
		return "", invalidArgument("StreamName %s does not match the name in StreamARN %s.", *t.StreamName, *t.StreamARN)
	}
	if *t.StreamARN != s.arnOf(name) {
		return "", notFound("Stream %s not found.", *t.StreamARN)
	}
	return name, nil
}

// byName returns a stream as it is now.
func (s *Service) byName(name string, now time.Time) (*stream, error) {
	s.mu.RLock()
	st := s.streams[name]
	s.mu.RUnlock()
	if st == nil {
		return nil, s.streamNotFound(name)
	}
	st.settle(now)
	if st.gone.Load() {
		s.forget(st)
		return nil, s.streamNotFound(name)
	}
	return st, nil
}

// forget removes a stream whose deletion is complete.
func (s *Service) forget(st *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.streams[st.name] == st {
		delete(s.streams, st.name)
	}
}

// settleAll brings all streams up to date and returns them by name. The caller
// holds mu for writing.
func (s *Service) settleAll(now time.Time) []*stream {
	for name, st := range s.streams {
		st.settle(now)
		if st.gone.Load() {
			delete(s.streams, name)
		}
	}
	return slices.SortedFunc(maps.Values(s.streams), func(a, b *stream) int { return strings.Compare(a.name, b.name) })
}

// readable locks a stream for reading, and for putting records. What is not
// open yet is not found. The caller unlocks it if the error is nil.
func (s *Service) readable(st *stream) error {
	st.mu.RLock()
	if st.status == statusCreating {
		st.mu.RUnlock()
		return s.streamNotFound(st.name)
	}
	return nil
}

// lookupReadable is readable for the stream that a request names.
func (s *Service) lookupReadable(t target, now time.Time) (*stream, error) {
	st, err := s.lookup(t, now)
	if err != nil {
		return nil, err
	}
	return st, s.readable(st)
}

// changeable locks a stream for a change that needs it ACTIVE. The caller
// unlocks it if the error is nil.
func (s *Service) changeable(t target, now time.Time) (*stream, error) {
	st, err := s.lookup(t, now)
	if err != nil {
		return nil, err
	}
	st.mu.Lock()
	if st.status != statusActive {
		defer st.mu.Unlock()
		return nil, inUse("Stream %s under account %s not ACTIVE, instead in state %s",
			st.name, s.opts.Account, st.status)
	}
	return st, nil
}

type streamModeDetails struct{ StreamMode *string }

type createStreamInput struct {
	StreamName         *string
	ShardCount         *int
	StreamModeDetails  *streamModeDetails
	MaxRecordSizeInKiB *int
	Tags               map[string]string
}

func (in *createStreamInput) check() error {
	var c checks
	c.requiredName("streamName", in.StreamName)
	c.within("shardCount", in.ShardCount, 1, maxShardCount)
	c.within("maxRecordSizeInKiB", in.MaxRecordSizeInKiB, defaultMaxRecord, maxMaxRecord)
	c.mode(in.StreamModeDetails)
	c.tags("tags", in.Tags)
	return c.err()
}

func (c *checks) mode(d *streamModeDetails) {
	if d != nil {
		c.oneOf("streamModeDetails.streamMode", d.StreamMode, modeProvisioned, modeOnDemand)
	}
}

func (s *Service) createStream(in *createStreamInput) (any, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	st := &stream{
		name: *in.StreamName, arn: s.arnOf(*in.StreamName),
		retention: minRetention, mode: modeProvisioned, maxRecord: defaultMaxRecord, encryption: encryptionNone,
		tags: map[string]string{}, consumers: map[string]*consumer{},
	}
	if in.StreamModeDetails != nil {
		st.mode = *in.StreamModeDetails.StreamMode
	}
	if in.MaxRecordSizeInKiB != nil {
		st.maxRecord = *in.MaxRecordSizeInKiB
	}
	if err := mergeTags(st.tags, in.Tags); err != nil {
		return nil, err
	}
	shards := onDemandShards
	switch {
	case st.mode == modeOnDemand:
		if in.ShardCount != nil {
			return nil, invalidArgument("ShardCount cannot be specified for a stream in ON_DEMAND mode.")
		}
	case in.ShardCount == nil:
		return nil, invalidArgument("ShardCount must be specified for a stream in PROVISIONED mode.")
	default:
		shards = *in.ShardCount
	}
	return nil, s.admit(st, shards)
}

// admit adds a new stream unless its name is taken or a limit is reached.
func (s *Service) admit(st *stream, shards int) error {
	now := s.opts.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.settleAll(now)
	if s.streams[st.name] != nil {
		return inUse("Stream %s under account %s already exists.", st.name, s.opts.Account)
	}
	if err := s.roomFor(all, st, shards); err != nil {
		return err
	}
	s.lastStream++
	st.id, st.created = s.lastStream, now
	st.swept.Store(now.UnixMilli())
	s.streams[st.name] = st
	st.mu.Lock()
	defer st.mu.Unlock()
	st.begin(now, s.opts.Delay, statusCreating, func(at time.Time) {
		starts := uniformStarts(shards)
		for i, start := range starts {
			end := lastHashKey
			if i+1 < len(starts) {
				end = starts[i+1].prev()
			}
			st.addShard(start, end, at)
		}
	})
	return nil
}

// roomFor checks the account's limits. The caller holds mu.
func (s *Service) roomFor(all []*stream, st *stream, shards int) error {
	creating, open, onDemand := 0, 0, 0
	for _, other := range all {
		other.mu.RLock()
		if other.status == statusCreating {
			creating++
		}
		if other.mode == modeOnDemand {
			onDemand++
		} else {
			open += len(other.open)
		}
		other.mu.RUnlock()
	}
	switch {
	case creating >= maxCreating:
		return limitExceeded("You have exceeded the limit of %d streams in the CREATING state under account %s.",
			maxCreating, s.opts.Account)
	case st.mode == modeOnDemand && onDemand >= onDemandLimit:
		return limitExceeded("This request would exceed the on-demand stream limit for the account %s in %s. Limit: %d.",
			s.opts.Account, s.opts.Region, onDemandLimit)
	case st.mode == modeProvisioned:
		return s.roomForShards(open, shards)
	}
	return nil
}

// roomForShards checks the account's shard limit.
func (s *Service) roomForShards(open, more int) error {
	if open+more <= s.opts.ShardLimit {
		return nil
	}
	return limitExceeded("This request would exceed the shard limit for the account %s in %s. "+
		"Current shard count for the account: %d. Limit: %d. "+
		"Number of additional shards that would have resulted from this request: %d. "+
		"Refer to the AWS Service Limits page (http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) "+
		"for current limits and how to request higher limits.",
		s.opts.Account, s.opts.Region, open, s.opts.ShardLimit, more)
}

// openShards counts the account's open shards of provisioned streams.
func (s *Service) openShards() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	n := 0
	for _, st := range s.streams {
		st.mu.RLock()
		if st.mode == modeProvisioned {
			n += len(st.open)
		}
		st.mu.RUnlock()
	}
	return n
}

type deleteStreamInput struct {
	target
	EnforceConsumerDeletion *bool
}

func (s *Service) deleteStream(in *deleteStreamInput) (any, error) {
	now := s.opts.Now()
	st, err := s.lookup(in.target, now)
	if err != nil {
		return nil, err
	}
	if err := s.startDeletion(st, in.EnforceConsumerDeletion != nil && *in.EnforceConsumerDeletion, now); err != nil {
		return nil, err
	}
	if st.gone.Load() {
		s.forget(st)
	}
	return nil, nil
}

func (s *Service) startDeletion(st *stream, enforce bool, now time.Time) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.status == statusDeleting {
		return nil
	}
	if len(st.consumers) > 0 && !enforce {
		return inUse("Stream %s under account %s has enhanced fan-out consumers registered. "+
			"Deregister them or set EnforceConsumerDeletion.", st.name, s.opts.Account)
	}
	st.begin(now, s.opts.Delay, statusDeleting, func(time.Time) {
		st.status = statusDeleting
		st.gone.Store(true)
	})
	return nil
}
