package localstack_test

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

var readCases = []conformanceCase{
	{"GetRecords/gives back what was put", func(p *probe) {
		name := p.stream(1)
		data := []byte{0, 0xff, '\n', '"', 0xc3, 0x28}
		put := call(p, p.kinesis.PutRecord, &kinesis.PutRecordInput{
			StreamName: &name, PartitionKey: aws.String("clé \"1\""), Data: data,
		})
		out := p.get(p.horizon(name, 0))
		if len(out.Records) != 1 {
			p.stop("records: got %d, want 1", len(out.Records))
		}
		r := out.Records[0]
		equal(p, "data", r.Data, data)
		equal(p, "partition key", *r.PartitionKey, "clé \"1\"")
		equal(p, "sequence number", r.SequenceNumber, put.SequenceNumber)
		recent(p, "arrival", r.ApproximateArrivalTimestamp)
	}},
	{"GetRecords/answers no more than Limit and goes on from there", func(p *probe) {
		name, _ := p.three()
		out := call(p, p.kinesis.GetRecords, &kinesis.GetRecordsInput{ShardIterator: p.horizon(name, 0), Limit: aws.Int32(2)})
		equal(p, "first answer", texts(out.Records), []string{"1", "2"})
		equal(p, "second answer", texts(p.get(out.NextShardIterator).Records), []string{"3"})
	}},
	{"GetRecords/an iterator may be used again", func(p *probe) {
		name, _ := p.three()
		iterator := p.horizon(name, 0)
		equal(p, "once", texts(p.get(iterator).Records), []string{"1", "2", "3"})
		equal(p, "twice", texts(p.get(iterator).Records), []string{"1", "2", "3"})
	}},
	{"GetRecords/an empty answer has the next iterator", func(p *probe) {
		out := p.get(p.horizon(p.stream(1), 0))
		equal(p, "records", len(out.Records), 0)
		if out.NextShardIterator == nil {
			p.differs("next iterator: got none, want one")
		}
	}},
	{"GetRecords/is not behind at the tip", func(p *probe) {
		name, _ := p.three()
		equal(p, "behind", aws.ToInt64(p.get(p.horizon(name, 0)).MillisBehindLatest), 0)
	}},
	{"GetRecords/tells how far behind the tip it is", func(p *probe) {
		name, _ := p.three()
		time.Sleep(60 * time.Millisecond) // so that there is a distance
		out := call(p, p.kinesis.GetRecords, &kinesis.GetRecordsInput{ShardIterator: p.horizon(name, 0), Limit: aws.Int32(1)})
		if got := aws.ToInt64(out.MillisBehindLatest); got < 10 || got > 20_000 {
			p.differs("behind: got %d ms, want some 60", got) // from which record on, AWS leaves open
		}
	}},
	{"GetRecords/at the end of a shard has no iterator but the children", func(p *probe) {
		name, _ := p.three()
		p.split(name, 0, half)
		out := p.get(p.horizon(name, 0))
		equal(p, "records", texts(out.Records), []string{"1", "2", "3"})
		if out.NextShardIterator != nil {
			out = p.get(out.NextShardIterator)
		}
		equal(p, "next iterator", out.NextShardIterator, nil)
		equal(p, "children", childIDs(out.ChildShards), ids(1, 2))
	}},
	{"GetRecords/children come with parents and ranges", func(p *probe) {
		name := p.stream(2)
		p.merge(name, 0, 1)
		for shard := range 2 {
			out := p.get(p.horizon(name, shard))
			equal(p, "children", childIDs(out.ChildShards), ids(2))
			if len(out.ChildShards) == 1 {
				c := out.ChildShards[0]
				equal(p, "parents", c.ParentShards, ids(0, 1))
				equal(p, "range", *c.HashKeyRange.StartingHashKey+"-"+*c.HashKeyRange.EndingHashKey, lowKey+"-"+highKey)
			}
		}
	}},
	{"GetRecords/before the end of a closed shard has an iterator and no children", func(p *probe) {
		name, _ := p.three()
		p.split(name, 0, half)
		out := call(p, p.kinesis.GetRecords, &kinesis.GetRecordsInput{ShardIterator: p.horizon(name, 0), Limit: aws.Int32(2)})
		equal(p, "records", texts(out.Records), []string{"1", "2"})
		equal(p, "has a next iterator", out.NextShardIterator != nil, true)
		equal(p, "children", childIDs(out.ChildShards), nil)
	}},
	{"GetRecords/an iterator at the tip sees the shard close", func(p *probe) {
		name, _ := p.three()
		tip := p.get(p.horizon(name, 0)).NextShardIterator
		p.split(name, 0, half)
		out := p.get(tip)
		equal(p, "records", len(out.Records), 0)
		equal(p, "next iterator", out.NextShardIterator, nil)
		equal(p, "children", childIDs(out.ChildShards), ids(1, 2))
	}},
	{"GetRecords/refuses an iterator of its client's own", func(p *probe) {
		refused(p, p.kinesis.GetRecords, &kinesis.GetRecordsInput{ShardIterator: aws.String("garbage")}, invalidArgument)
	}},
	{"GetRecords/refuses a limit above 10,000", func(p *probe) {
		name := p.stream(1)
		refused(p, p.kinesis.GetRecords, &kinesis.GetRecordsInput{
			ShardIterator: p.horizon(name, 0), Limit: aws.Int32(10_001),
		}, outOfBounds...)
	}},
	{"GetRecords/refuses an iterator of a deleted stream", func(p *probe) {
		name := p.stream(1)
		iterator := p.horizon(name, 0)
		call(p, p.kinesis.DeleteStream, &kinesis.DeleteStreamInput{StreamName: &name})
		p.gone(name)
		refused(p, p.kinesis.GetRecords, &kinesis.GetRecordsInput{ShardIterator: iterator}, resourceNotFound)
	}},
}
