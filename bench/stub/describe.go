package stub

import (
	"fmt"
	"math/big"
	"strconv"
)

// maxShardsListed is how many shards one ListShards call lists at most.
const maxShardsListed = 1000

func (s *Service) arn() string {
	return "arn:aws:kinesis:us-east-1:000000000000:stream/" + s.cfg.Stream
}

func (s *Service) listShards(b, in []byte) ([]byte, error) {
	first := 0
	if token := field(in, "NextToken"); token != nil {
		n, err := strconv.Atoi(string(token))
		if err != nil || n < 0 || n > s.cfg.Shards {
			return nil, &apiError{"InvalidArgumentException", "no token of the stub"}
		}
		first = n
	}
	last := min(first+maxShardsListed, s.cfg.Shards)
	b = append(b, '{')
	if last < s.cfg.Shards {
		b = fmt.Appendf(b, `"NextToken":"%d",`, last)
	}
	b = append(b, `"Shards":[`...)
	return append(s.appendShards(b, first, last), "]}"...), nil
}

func (s *Service) appendShards(b []byte, first, last int) []byte {
	space := new(big.Int).Lsh(big.NewInt(1), 128)
	bound := func(shard int) *big.Int {
		n := new(big.Int).Mul(space, big.NewInt(int64(shard)))
		return n.Div(n, big.NewInt(int64(s.cfg.Shards)))
	}
	for shard := first; shard < last; shard++ {
		if shard > first {
			b = append(b, ',')
		}
		end := bound(shard + 1)
		b = fmt.Appendf(b, `{"HashKeyRange":{"EndingHashKey":"%s","StartingHashKey":"%s"},"SequenceNumberRange":{"StartingSequenceNumber":"%s%0*d"},"ShardId":"%s%012d"}`,
			end.Sub(end, big.NewInt(1)), bound(shard), sequencePrefix, sequenceDigits, 0, shardPrefix, shard)
	}
	return b
}

// appendStream appends what both ways to describe the stream have in common.
func (s *Service) appendStream(b []byte) []byte {
	return fmt.Appendf(b, `"EncryptionType":"NONE","EnhancedMonitoring":[{"ShardLevelMetrics":[]}],"RetentionPeriodHours":24,"StreamARN":%q,"StreamCreationTimestamp":%.3f,`+
		`"StreamModeDetails":{"StreamMode":"PROVISIONED"},"StreamName":%q,"StreamStatus":"ACTIVE"`,
		s.arn(), float64(s.created.UnixMilli())/1000, s.cfg.Stream)
}

func (s *Service) describeSummary(b []byte) []byte {
	b = s.appendStream(append(b, `{"StreamDescriptionSummary":{`...))
	return fmt.Appendf(b, `,"ConsumerCount":0,"OpenShardCount":%d}}`, s.cfg.Shards)
}

func (s *Service) describe(b []byte) []byte {
	b = s.appendStream(append(b, `{"StreamDescription":{`...))
	b = append(b, `,"HasMoreShards":false,"Shards":[`...)
	return append(s.appendShards(b, 0, s.cfg.Shards), "]}}"...)
}

// describeConsumer answers for any consumer of fan-out: it is there.
func (s *Service) describeConsumer(b []byte, operation string) []byte {
	name, stream := "ConsumerDescription", fmt.Sprintf(`,"StreamARN":%q`, s.arn())
	if operation == "RegisterStreamConsumer" {
		name, stream = "Consumer", ""
	}
	return fmt.Appendf(b, `{%q:{"ConsumerARN":"%s/consumer/bench:1","ConsumerCreationTimestamp":%.3f,"ConsumerName":"bench","ConsumerStatus":"ACTIVE"%s}}`,
		name, s.arn(), float64(s.created.UnixMilli())/1000, stream)
}
