package kinesis

import (
	"strings"

	"korestream/localstack/embed/internal/awsjson"
)

// locateInput holds every member that says which stream and shard a request is
// about.
type locateInput struct {
	target
	ConsumerARN     *string
	ResourceARN     *string
	ShardID         *string `json:"ShardId"`
	ShardIterator   *string
	ShardToSplit    *string
	ShardToMerge    *string
	PartitionKey    *string
	ExplicitHashKey *string
}

// Locate returns the stream and the shard that a request is about, as far as it
// says so: requests about a whole stream, and PutRecords, have no shard.
func (s *Service) Locate(operation string, body []byte) (stream, shard string) {
	var in locateInput
	if awsjson.Decode(body, &in) != nil {
		return "", ""
	}
	if in.ShardIterator != nil {
		it, ok := parseIterator(*in.ShardIterator)
		if !ok {
			return "", ""
		}
		return it.name, shardID(it.shard)
	}
	stream = in.streamName()
	for _, id := range []*string{in.ShardID, in.ShardToSplit, in.ShardToMerge} {
		if id != nil {
			return stream, fullShardID(*id)
		}
	}
	if operation == "PutRecord" && in.PartitionKey != nil {
		shard = s.shardOf(stream, *in.PartitionKey, in.ExplicitHashKey)
	}
	return stream, shard
}

func (in *locateInput) streamName() string {
	if in.StreamName != nil {
		return *in.StreamName
	}
	for _, arn := range []*string{in.StreamARN, in.ConsumerARN, in.ResourceARN} {
		if arn != nil && strings.Contains(*arn, ":stream/") {
			return streamNameOf(*arn)
		}
	}
	return ""
}

// shardOf returns the shard that a record would be put into; empty if there is
// none.
func (s *Service) shardOf(stream, key string, explicit *string) string {
	st, err := s.byName(stream, s.opts.Now())
	if err != nil || s.readable(st) != nil {
		return ""
	}
	defer st.mu.RUnlock()
	p, err := place(nil, key, explicit)
	if err != nil {
		return ""
	}
	return st.route(p.hash).id
}
