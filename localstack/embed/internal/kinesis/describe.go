package kinesis

import (
	"encoding/json"
	"strconv"
	"time"
)

// timestamp is a time as AWS JSON has it: seconds since 1970, here with
// milliseconds.
type timestamp time.Time

var _ json.Marshaler = timestamp{}

func (t timestamp) MarshalJSON() ([]byte, error) {
	return appendSeconds(nil, time.Time(t).UnixMilli()), nil
}

// appendSeconds appends milliseconds since 1970 as seconds.
func appendSeconds(b []byte, milliseconds int64) []byte {
	if milliseconds < 0 {
		return strconv.AppendFloat(b, float64(milliseconds)/1000, 'f', 3, 64)
	}
	b = strconv.AppendInt(b, milliseconds/1000, 10)
	ms := milliseconds % 1000
	return append(b, '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10))
}

// milliseconds reads a time of a request: seconds since 1970, with a fraction.
func milliseconds(seconds float64) int64 {
	if seconds < 0 {
		return int64(seconds*1000 - 0.5)
	}
	return int64(seconds*1000 + 0.5)
}

type modeOutput struct{ StreamMode string }

type hashKeyRange struct{ StartingHashKey, EndingHashKey string }

type sequenceRange struct {
	StartingSequenceNumber string
	EndingSequenceNumber   string `json:",omitempty"`
}

type shardOutput struct {
	ShardID               string `json:"ShardId"`
	ParentShardID         string `json:"ParentShardId,omitempty"`
	AdjacentParentShardID string `json:"AdjacentParentShardId,omitempty"`
	HashKeyRange          hashKeyRange
	SequenceNumberRange   sequenceRange
}

func (s *shard) output() shardOutput {
	out := shardOutput{
		ShardID:             s.id,
		HashKeyRange:        hashKeyRange{s.start.String(), s.end.String()},
		SequenceNumberRange: sequenceRange{s.startSequence(), s.endSequence()},
	}
	if s.parent != nil {
		out.ParentShardID = s.parent.id
	}
	if s.adjacentParent != nil {
		out.AdjacentParentShardID = s.adjacentParent.id
	}
	return out
}

type enhancedMetrics struct{ ShardLevelMetrics []string }

// streamDescription is what DescribeStream and DescribeStreamSummary have in
// common.
type streamDescription struct {
	StreamName              string
	StreamARN               string
	StreamStatus            string
	StreamModeDetails       modeOutput
	RetentionPeriodHours    int
	StreamCreationTimestamp timestamp
	EnhancedMonitoring      []enhancedMetrics
	EncryptionType          string
	KeyID                   string `json:"KeyId,omitempty"`
}

// describe returns the description. The caller holds mu.
func (st *stream) describe() streamDescription {
	return streamDescription{
		StreamName: st.name, StreamARN: st.arn, StreamStatus: st.status,
		StreamModeDetails: modeOutput{st.mode}, RetentionPeriodHours: st.retention,
		StreamCreationTimestamp: timestamp(st.created),
		EnhancedMonitoring:      []enhancedMetrics{{metricsOutput(st.metrics)}},
		EncryptionType:          st.encryption, KeyID: st.keyID,
	}
}

func (st *stream) listed() streamSummary {
	st.mu.RLock()
	defer st.mu.RUnlock()
	return streamSummary{
		StreamARN: st.arn, StreamName: st.name, StreamStatus: st.status,
		StreamCreationTimestamp: timestamp(st.created), StreamModeDetails: modeOutput{st.mode},
	}
}

type describeStreamInput struct {
	target
	ExclusiveStartShardID *string `json:"ExclusiveStartShardId"`
	Limit                 *int
}

type describedStream struct {
	streamDescription
	HasMoreShards bool
	Shards        []shardOutput
}

type describeStreamOutput struct{ StreamDescription describedStream }

// defaultDescribeShards is also the most that one answer holds.
const defaultDescribeShards = 100

func (s *Service) describeStream(in *describeStreamInput) (any, error) {
	var c checks
	c.name("exclusiveStartShardId", in.ExclusiveStartShardID)
	c.within("limit", in.Limit, 1, 10_000)
	if err := c.err(); err != nil {
		return nil, err
	}
	now := s.opts.Now()
	st, err := s.lookup(in.target, now)
	if err != nil {
		return nil, err
	}
	limit := defaultDescribeShards
	if in.Limit != nil {
		limit = min(limit, *in.Limit)
	}
	st.mu.RLock()
	defer st.mu.RUnlock()
	out := describedStream{streamDescription: st.describe(), Shards: []shardOutput{}}
	first, err := st.after(in.ExclusiveStartShardID)
	if err != nil {
		return nil, err
	}
	for _, sh := range st.shards[first:] {
		if st.expired(sh, now) {
			continue
		}
		if len(out.Shards) == limit {
			out.HasMoreShards = true
			break
		}
		out.Shards = append(out.Shards, sh.output())
	}
	return describeStreamOutput{out}, nil
}

// after returns the place in shards that follows the given ID. The caller holds
// mu.
func (st *stream) after(id *string) (int, error) {
	if id == nil {
		return 0, nil
	}
	n, ok := shardNumber(*id)
	if !ok {
		return 0, invalidArgument("Shard ID %s is not valid.", *id)
	}
	return min(int(n)+1, len(st.shards)), nil
}

type describeStreamSummaryInput struct{ target }

type summarisedStream struct {
	streamDescription
	OpenShardCount     int
	ConsumerCount      int
	MaxRecordSizeInKiB int
}

type describeStreamSummaryOutput struct{ StreamDescriptionSummary summarisedStream }

func (s *Service) describeStreamSummary(in *describeStreamSummaryInput) (any, error) {
	st, err := s.lookup(in.target, s.opts.Now())
	if err != nil {
		return nil, err
	}
	st.mu.RLock()
	defer st.mu.RUnlock()
	return describeStreamSummaryOutput{summarisedStream{
		streamDescription: st.describe(), OpenShardCount: len(st.open),
		ConsumerCount: len(st.consumers), MaxRecordSizeInKiB: st.maxRecord,
	}}, nil
}

type describeLimitsInput struct{}

type describeLimitsOutput struct {
	ShardLimit, OpenShardCount, OnDemandStreamCount, OnDemandStreamCountLimit int
}

func (s *Service) describeLimits(*describeLimitsInput) (any, error) {
	s.mu.Lock()
	all := s.settleAll(s.opts.Now())
	s.mu.Unlock()
	out := describeLimitsOutput{ShardLimit: s.opts.ShardLimit, OnDemandStreamCountLimit: onDemandLimit}
	for _, st := range all {
		st.mu.RLock()
		out.OpenShardCount += len(st.open)
		if st.mode == modeOnDemand {
			out.OnDemandStreamCount++
		}
		st.mu.RUnlock()
	}
	return out, nil
}
