package kinesis

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// consumer is a registered consumer of a stream. It is guarded by its stream's
// lock.
type consumer struct {
	name, arn string
	created   time.Time
	// active is when it leaves CREATING.
	active time.Time
	tags   map[string]string
	subs   map[*shard]*subscription
	calls  map[*shard]*bucket
}

func (c *consumer) status(now time.Time) string {
	// A clock that went back does not undo a creation.
	if !now.Before(c.created) && now.Before(c.active) {
		return statusCreating
	}
	return statusActive
}

type consumerOutput struct {
	ConsumerARN, ConsumerName, ConsumerStatus string
	ConsumerCreationTimestamp                 timestamp
	StreamARN                                 string `json:",omitempty"`
}

func (c *consumer) output(now time.Time) consumerOutput {
	return consumerOutput{
		ConsumerARN: c.arn, ConsumerName: c.name, ConsumerStatus: c.status(now),
		ConsumerCreationTimestamp: timestamp(c.created),
	}
}

type registerConsumerInput struct {
	StreamARN    *string
	ConsumerName *string
	Tags         map[string]string
}

type registerConsumerOutput struct{ Consumer consumerOutput }

func (s *Service) registerStreamConsumer(in *registerConsumerInput) (any, error) {
	var c checks
	required(&c, "streamARN", in.StreamARN)
	c.requiredName("consumerName", in.ConsumerName)
	c.tags("tags", in.Tags)
	if err := c.err(); err != nil {
		return nil, err
	}
	now := s.opts.Now()
	st, err := s.lookup(target{StreamARN: in.StreamARN}, now)
	if err != nil {
		return nil, err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.status == statusCreating || st.status == statusDeleting {
		return nil, inUse("Stream %s under account %s not ACTIVE, instead in state %s", st.name, s.opts.Account, st.status)
	}
	if err := s.roomForConsumer(st, *in.ConsumerName, now); err != nil {
		return nil, err
	}
	con := &consumer{
		name: *in.ConsumerName, created: now, active: now.Add(s.opts.Delay), tags: map[string]string{},
		subs: map[*shard]*subscription{}, calls: map[*shard]*bucket{},
	}
	con.arn = fmt.Sprintf("%s/consumer/%s:%d", st.arn, con.name, now.Unix())
	if err := mergeTags(con.tags, in.Tags); err != nil {
		return nil, err
	}
	st.consumers[con.name] = con
	return registerConsumerOutput{con.output(now)}, nil
}

// roomForConsumer checks the name and the limits. The caller holds the stream's
// lock.
func (s *Service) roomForConsumer(st *stream, name string, now time.Time) error {
	if st.consumers[name] != nil {
		return inUse("Consumer %s under stream %s already exists for account %s.", name, st.arn, s.opts.Account)
	}
	creating := 0
	for _, con := range st.consumers {
		if con.status(now) == statusCreating {
			creating++
		}
	}
	switch {
	case creating >= maxCreating:
		return limitExceeded("You have exceeded the limit of %d consumers in the CREATING state.", maxCreating)
	case len(st.consumers) >= maxConsumers:
		return limitExceeded("Limit of %d consumers exceeded for stream %s under account %s.",
			maxConsumers, st.name, s.opts.Account)
	}
	return nil
}

type consumerInput struct {
	ConsumerARN  *string
	ConsumerName *string
	StreamARN    *string
}

// consumerNotFound is the error of a consumer that is not registered.
func (s *Service) consumerNotFound(name string) error {
	return notFound("Consumer %s, account %s not found.", name, s.opts.Account)
}

// consumer returns the consumer that a request names by its ARN, or by its
// stream's ARN and its name, or by all of them. The caller unlocks the stream
// if the error is nil.
func (s *Service) consumer(in *consumerInput, now time.Time) (*stream, *consumer, error) {
	var c checks
	c.name("consumerName", in.ConsumerName)
	c.matches("consumerARN", in.ConsumerARN, consumerARNPattern)
	c.target(target{StreamARN: in.StreamARN})
	if err := c.err(); err != nil {
		return nil, nil, err
	}
	if in.ConsumerARN == nil {
		if in.StreamARN == nil || in.ConsumerName == nil {
			return nil, nil, invalidArgument("Either ConsumerARN or both StreamARN and ConsumerName must be specified.")
		}
		return s.consumerByName(in, now)
	}
	st, con, err := s.consumerByARN(*in.ConsumerARN, now)
	if err != nil {
		return nil, nil, err
	}
	if in.ConsumerName != nil && *in.ConsumerName != con.name || in.StreamARN != nil && *in.StreamARN != st.arn {
		defer st.mu.Unlock()
		return nil, nil, invalidArgument("ConsumerARN %s does not match the given ConsumerName or StreamARN.", con.arn)
	}
	return st, con, nil
}

func (s *Service) consumerByName(in *consumerInput, now time.Time) (*stream, *consumer, error) {
	st, err := s.lookup(target{StreamARN: in.StreamARN}, now)
	if err != nil {
		return nil, nil, err
	}
	st.mu.Lock()
	if con := st.consumers[*in.ConsumerName]; con != nil {
		return st, con, nil
	}
	defer st.mu.Unlock()
	return nil, nil, s.consumerNotFound(*in.ConsumerName)
}

// consumerByARN returns a consumer. The caller unlocks the stream if the error
// is nil.
func (s *Service) consumerByARN(arn string, now time.Time) (*stream, *consumer, error) {
	streamARN, rest, _ := strings.Cut(arn, "/consumer/")
	name, _, _ := strings.Cut(rest, ":")
	st, err := s.lookup(target{StreamARN: &streamARN}, now)
	if err != nil {
		return nil, nil, err
	}
	st.mu.Lock()
	if con := st.consumers[name]; con != nil && con.arn == arn {
		return st, con, nil
	}
	defer st.mu.Unlock()
	return nil, nil, s.consumerNotFound(arn)
}

type describeConsumerOutput struct{ ConsumerDescription consumerOutput }

func (s *Service) describeStreamConsumer(in *consumerInput) (any, error) {
	now := s.opts.Now()
	st, con, err := s.consumer(in, now)
	if err != nil {
		return nil, err
	}
	defer st.mu.Unlock()
	out := con.output(now)
	out.StreamARN = st.arn
	return describeConsumerOutput{out}, nil
}

func (s *Service) deregisterStreamConsumer(in *consumerInput) (any, error) {
	st, con, err := s.consumer(in, s.opts.Now())
	if err != nil {
		return nil, err
	}
	defer st.mu.Unlock()
	delete(st.consumers, con.name)
	for _, sub := range con.subs {
		sub.end(s.consumerNotFound(con.arn))
	}
	return nil, nil
}

type listConsumersInput struct {
	StreamARN               *string
	MaxResults              *int
	NextToken               *string
	StreamCreationTimestamp *float64
}

type listConsumersOutput struct {
	Consumers []consumerOutput
	NextToken string `json:",omitempty"`
}

// defaultListConsumers is also the most that one answer holds.
const defaultListConsumers = 100

func (s *Service) listStreamConsumers(in *listConsumersInput) (any, error) {
	var c checks
	required(&c, "streamARN", in.StreamARN)
	c.within("maxResults", in.MaxResults, 1, 10_000)
	if err := c.err(); err != nil {
		return nil, err
	}
	now := s.opts.Now()
	st, err := s.lookup(target{StreamARN: in.StreamARN}, now)
	if err != nil {
		return nil, err
	}
	after, err := s.listConsumersStart(st, in)
	if err != nil {
		return nil, err
	}
	limit := defaultListConsumers
	if in.MaxResults != nil {
		limit = min(limit, *in.MaxResults)
	}
	st.mu.RLock()
	defer st.mu.RUnlock()
	var all []*consumer
	for _, con := range st.consumers {
		if con.name > after {
			all = append(all, con)
		}
	}
	slices.SortFunc(all, func(a, b *consumer) int { return cmp.Compare(a.name, b.name) })
	out := listConsumersOutput{Consumers: []consumerOutput{}}
	for _, con := range all[:min(limit, len(all))] {
		out.Consumers = append(out.Consumers, con.output(now))
	}
	if len(all) > limit {
		out.NextToken = s.newToken(tokenConsumers, strconv.FormatUint(st.id, 10), all[limit-1].name)
	}
	return out, nil
}

// listConsumersStart returns the name after which a listing goes on.
func (s *Service) listConsumersStart(st *stream, in *listConsumersInput) (string, error) {
	switch {
	case in.NextToken != nil && in.StreamCreationTimestamp != nil:
		return "", invalidArgument("NextToken and StreamCreationTimestamp cannot be provided together.")
	case in.NextToken == nil:
		if in.StreamCreationTimestamp != nil && milliseconds(*in.StreamCreationTimestamp) != st.created.UnixMilli() {
			return "", s.streamNotFound(st.name)
		}
		return "", nil
	}
	state, err := s.readToken(tokenConsumers, *in.NextToken)
	if err != nil {
		return "", err
	}
	if len(state) != 2 || state[0] != strconv.FormatUint(st.id, 10) {
		return "", invalidArgument("Invalid NextToken.")
	}
	return state[1], nil
}
