package kinesis

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestPut_LosesAndReordersNothingWhileTheStreamReshards(t *testing.T) {
	t.Parallel()
	s := newStub(t, nil)
	s.call("CreateStream", `{"StreamName":"kore","ShardCount":1}`)
	const writers, each = 4, 200
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				operation, entry := "PutRecord", fmt.Sprintf(`"PartitionKey":"key %d","Data":"eA==","ExplicitHashKey":"%d"`, w, 1000*w)
				if i%2 == 0 {
					operation, entry = "PutRecords", `"Records":[{`+entry+`}]`
				}
				if _, err := s.Call(t.Context(), operation, []byte(`{"StreamName":"kore",`+entry+`}`)); err != nil {
					t.Errorf("put %d: %v", i, err)
				}
			}
		})
	}
	written := make(chan struct{})
	go func() { wg.Wait(); close(written) }()
	counts := []int{2, 4, 3, 5, 3, 2, 1}
	for i, busy := 0, true; busy; i++ {
		select {
		case <-written:
			busy = false
		default:
		}
		s.call("UpdateShardCount", fmt.Sprintf(`{"StreamName":"kore","TargetShardCount":%d,"ScalingType":"UNIFORM_SCALING"}`, counts[i%len(counts)]))
	}
	got := map[string]int{}
	last := map[string]string{}
	for _, id := range s.shardIDs(`{"StreamName":"kore"}`) { // parents come first
		for _, r := range s.call("GetRecords", `{"ShardIterator":"`+s.horizonOf(id)+`"}`).Records {
			if r.SequenceNumber <= last[r.PartitionKey] {
				t.Errorf("%s: number %s in %s does not follow %s", r.PartitionKey, r.SequenceNumber, id, last[r.PartitionKey])
			}
			got[r.PartitionKey]++
			last[r.PartitionKey] = r.SequenceNumber
		}
	}
	for w := range writers {
		if key := fmt.Sprintf("key %d", w); got[key] != each {
			t.Errorf("%s: got %d records, want %d", key, got[key], each)
		}
	}
}

func TestPut_SaysWhatIsWrongAsAWSDoes(t *testing.T) {
	t.Parallel()
	s := newStub(t, nil)
	s.call("CreateStream", `{"StreamName":"kore","ShardCount":1}`)
	tests := []struct{ name, body, code, part string }{
		{"nothing", `{}`, codeValidation, "2 validation errors detected: Value null at 'data' failed to satisfy constraint: " +
			"Member must not be null; Value null at 'partitionKey' failed to satisfy constraint: Member must not be null"},
		{
			"empty key", `{"StreamName":"kore","Data":"","PartitionKey":""}`, codeValidation,
			"1 validation error detected: Value '' at 'partitionKey' failed to satisfy constraint: Member must have length greater than or equal to 1",
		},
		{"long key", `{"StreamName":"kore","Data":"","PartitionKey":"` + strings.Repeat("é", 257) + `"}`, codeValidation, "less than or equal to 256"},
		{"bad name", `{"StreamName":"a b","Data":"","PartitionKey":"k"}`, codeValidation, "regular expression pattern: [a-zA-Z0-9_.-]+"},
		{"hash key of words", `{"StreamName":"kore","Data":"","PartitionKey":"k","ExplicitHashKey":"x"}`, codeValidation, "'explicitHashKey'"},
		{
			"hash key out of range", `{"StreamName":"kore","Data":"","PartitionKey":"k","ExplicitHashKey":"340282366920938463463374607431768211456"}`,
			codeInvalidArgument, "[0, 2^128-1]",
		},
		{"no stream named", `{"Data":"","PartitionKey":"k"}`, codeInvalidArgument, "StreamARN"},
		{"no such stream", `{"StreamName":"none","Data":"","PartitionKey":"k"}`, codeResourceNotFound, "Stream none under account 123456789012 not found."},
		{"no such stream by ARN", `{"StreamARN":"arn:aws:kinesis:us-east-1:123456789012:stream/none","Data":"","PartitionKey":"k"}`, codeResourceNotFound, "none"},
		{"another account's", `{"StreamARN":"arn:aws:kinesis:us-east-1:000000000001:stream/kore","Data":"","PartitionKey":"k"}`, codeResourceNotFound, "000000000001"},
		{"number for a string", `{"StreamName":7}`, "SerializationException", "string"},
		{"no JSON", `{`, "SerializationException", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := s.refused("PutRecord", tt.body)
			if e.Code != tt.code || !strings.Contains(e.Message, tt.part) {
				t.Errorf("got %s: %q, want %s: …%q…", e.Code, e.Message, tt.code, tt.part)
			}
		})
	}
}
