package embed_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

func TestRecords_ComeBackInOrder(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.create("kore", 1)
	last := ""
	for i := range 5 {
		out := s.put("kore", fmt.Sprintf("key \"%d\" é<>", i), fmt.Sprintf("r%d", i))
		if len(*out.SequenceNumber) != 56 || *out.SequenceNumber <= last {
			t.Errorf("sequence number %d: got %s after %s, want 56 growing digits", i, *out.SequenceNumber, last)
		}
		last = *out.SequenceNumber
	}
	page := s.get(s.iterator("kore", shard(0), types.ShardIteratorTypeTrimHorizon))
	wantEqual(s, "records", payloads(page.Records), "r0 r1 r2 r3 r4")
	wantEqual(s, "key", aws.ToString(page.Records[3].PartitionKey), `key "3" é<>`)
	wantEqual(s, "last number", aws.ToString(page.Records[4].SequenceNumber), last)
	wantEqual(s, "behind", aws.ToInt64(page.MillisBehindLatest), 0)
	s.put("kore", "k", "r5")
	wantEqual(s, "next page", payloads(s.get(*page.NextShardIterator).Records), "r5")
}
