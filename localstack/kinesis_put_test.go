package localstack_test

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

var putCases = []conformanceCase{
	{"PutRecord/places by the MD5 of the partition key", func(p *probe) {
		name := p.stream(2)
		// md5("a") begins with 0x0c, md5("b") with 0x92.
		for key, want := range map[string]*string{"a": shardID(0), "b": shardID(1)} {
			out := call(p, p.kinesis.PutRecord, &kinesis.PutRecordInput{
				StreamName: &name, PartitionKey: &key, Data: []byte("x"),
			})
			equal(p, "shard of "+key, out.ShardId, want)
		}
	}},
	{"PutRecord/an explicit hash key decides", func(p *probe) {
		name := p.stream(2)
		equal(p, "shard of the lowest key", p.put(name, lowKey, "x").ShardId, shardID(0))
		equal(p, "shard of the middle", p.put(name, half, "x").ShardId, shardID(1))
		equal(p, "shard of the highest key", p.put(name, highKey, "x").ShardId, shardID(1))
	}},
	{"PutRecord/sequence numbers of a shard grow", func(p *probe) {
		name := p.stream(1)
		last := number(p, p.put(name, lowKey, "x").SequenceNumber)
		for range 5 {
			next := number(p, p.put(name, lowKey, "x").SequenceNumber)
			if next.Cmp(last) <= 0 {
				p.differs("sequence numbers: got %v after %v, want it greater", next, last)
			}
			last = next
		}
	}},
	{"PutRecord/sequence numbers lie in the shard's range", func(p *probe) {
		name := p.stream(1)
		got := number(p, p.put(name, lowKey, "x").SequenceNumber)
		from := number(p, p.shards(name)[0].SequenceNumberRange.StartingSequenceNumber)
		if got.Cmp(from) <= 0 {
			p.differs("sequence number: got %v, want more than the shard's first, %v", got, from)
		}
	}},
	{"PutRecord/takes a sequence number for ordering", func(p *probe) {
		name := p.stream(1)
		first := p.put(name, lowKey, "x")
		second := call(p, p.kinesis.PutRecord, &kinesis.PutRecordInput{
			StreamName: &name, PartitionKey: aws.String("k"), Data: []byte("x"),
			SequenceNumberForOrdering: first.SequenceNumber,
		})
		if number(p, second.SequenceNumber).Cmp(number(p, first.SequenceNumber)) <= 0 {
			p.differs("got %s after %s, want it greater", *second.SequenceNumber, *first.SequenceNumber)
		}
	}},
	{"PutRecord/names the encryption", func(p *probe) {
		equal(p, "encryption", p.put(p.stream(1), lowKey, "x").EncryptionType, types.EncryptionTypeNone)
	}},
	{"PutRecord/refuses an unknown stream", func(p *probe) {
		refused(p, p.kinesis.PutRecord, &kinesis.PutRecordInput{
			StreamName: &p.name, PartitionKey: aws.String("k"), Data: []byte("x"),
		}, resourceNotFound)
	}},
	{"PutRecord/refuses a partition key of 257 characters", func(p *probe) {
		name := p.stream(1)
		refused(p, p.kinesis.PutRecord, &kinesis.PutRecordInput{
			StreamName: &name, PartitionKey: aws.String(strings.Repeat("k", 257)), Data: []byte("x"),
		}, outOfBounds...)
	}},
	{"PutRecord/refuses an empty partition key", func(p *probe) {
		name := p.stream(1)
		refused(p, p.kinesis.PutRecord, &kinesis.PutRecordInput{
			StreamName: &name, PartitionKey: aws.String(""), Data: []byte("x"),
		}, outOfBounds...)
	}},
	{"PutRecord/counts characters of a partition key, not bytes", func(p *probe) {
		name := p.stream(1)
		call(p, p.kinesis.PutRecord, &kinesis.PutRecordInput{
			StreamName: &name, PartitionKey: aws.String(strings.Repeat("ü", 256)), Data: []byte("x"),
		})
	}},
	{"PutRecord/refuses a hash key above 128 bits", func(p *probe) {
		name := p.stream(1)
		refused(p, p.kinesis.PutRecord, &kinesis.PutRecordInput{
			StreamName: &name, PartitionKey: aws.String("k"), Data: []byte("x"),
			ExplicitHashKey: aws.String("340282366920938463463374607431768211456"),
		}, invalidArgument)
	}},
	{"PutRecord/refuses a record above 1 MiB", func(p *probe) {
		name := p.stream(1)
		// Data and partition key count.
		refused(p, p.kinesis.PutRecord, &kinesis.PutRecordInput{
			StreamName: &name, PartitionKey: aws.String("k"), Data: make([]byte, 1<<20),
		}, outOfBounds...)
	}},
	{"PutRecord/takes a record of 1 MiB", func(p *probe) {
		name := p.stream(1)
		call(p, p.kinesis.PutRecord, &kinesis.PutRecordInput{
			StreamName: &name, PartitionKey: aws.String("k"), Data: make([]byte, 1<<20-1),
		})
	}},
	{"PutRecords/answers in the order of the request", func(p *probe) {
		name := p.stream(2)
		keys := []string{half, lowKey, highKey, lowKey}
		out := call(p, p.kinesis.PutRecords, &kinesis.PutRecordsInput{StreamName: &name, Records: entries(keys...)})
		equal(p, "failed", *out.FailedRecordCount, 0)
		var got []string
		for _, r := range out.Records {
			got = append(got, aws.ToString(r.ShardId))
			if r.SequenceNumber == nil || r.ErrorCode != nil {
				p.differs("result: got number %v and error %v", r.SequenceNumber, r.ErrorCode)
			}
		}
		equal(p, "shards", got, ids(1, 0, 1, 0))
		equal(p, "first shard", p.read(p.horizon(name, 0)), []string{"1", "3"})
		equal(p, "second shard", p.read(p.horizon(name, 1)), []string{"0", "2"})
	}},
	{"PutRecords/takes 500 records", func(p *probe) {
		name := p.stream(1)
		out := call(p, p.kinesis.PutRecords, &kinesis.PutRecordsInput{StreamName: &name, Records: many(500)})
		equal(p, "results", len(out.Records), 500)
	}},
	{"PutRecords/refuses 501 records", func(p *probe) {
		name := p.stream(1)
		refused(p, p.kinesis.PutRecords, &kinesis.PutRecordsInput{StreamName: &name, Records: many(501)}, outOfBounds...)
	}},
	{"PutRecords/refuses no records", func(p *probe) {
		name := p.stream(1)
		refused(p, p.kinesis.PutRecords, &kinesis.PutRecordsInput{
			StreamName: &name, Records: []types.PutRecordsRequestEntry{},
		}, outOfBounds...)
	}},
	{"PutRecords/refuses all for one bad hash key", func(p *probe) {
		name := p.stream(1)
		refused(p, p.kinesis.PutRecords, &kinesis.PutRecordsInput{
			StreamName: &name, Records: entries(lowKey, "340282366920938463463374607431768211456"),
		}, invalidArgument)
		equal(p, "records", p.read(p.horizon(name, 0)), nil)
	}},
	{"PutRecords/refuses an unknown stream", func(p *probe) {
		refused(p, p.kinesis.PutRecords, &kinesis.PutRecordsInput{StreamName: &p.name, Records: many(1)}, resourceNotFound)
	}},
}

// entries are records at the given hash keys; their data is their place.
func entries(hashKeys ...string) []types.PutRecordsRequestEntry {
	all := many(len(hashKeys))
	for i := range all {
		all[i].ExplicitHashKey = &hashKeys[i]
	}
	return all
}

// many are n records, whose data is their place.
func many(n int) []types.PutRecordsRequestEntry {
	all := make([]types.PutRecordsRequestEntry, n)
	for i := range all {
		all[i] = types.PutRecordsRequestEntry{PartitionKey: aws.String("k"), Data: fmt.Append(nil, i)}
	}
	return all
}
