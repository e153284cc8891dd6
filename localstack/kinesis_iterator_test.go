package localstack_test

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

var iteratorCases = []conformanceCase{
	{"GetShardIterator/TRIM_HORIZON reads from the oldest record", func(p *probe) {
		name, _ := p.three()
		equal(p, "records", p.read(p.horizon(name, 0)), []string{"1", "2", "3"})
	}},
	{"GetShardIterator/LATEST reads what is put afterwards", func(p *probe) {
		name, _ := p.three()
		iterator := p.iteratorAt(name, 0, types.ShardIteratorTypeLatest, nil)
		p.put(name, lowKey, "4")
		equal(p, "records", p.read(iterator), []string{"4"})
	}},
	{"GetShardIterator/AT_SEQUENCE_NUMBER reads from that record", func(p *probe) {
		name, numbers := p.three()
		equal(p, "records", p.read(p.bySequence(name, types.ShardIteratorTypeAtSequenceNumber, numbers[1])), []string{"2", "3"})
	}},
	{"GetShardIterator/AFTER_SEQUENCE_NUMBER reads from the next record", func(p *probe) {
		name, numbers := p.three()
		equal(p, "records", p.read(p.bySequence(name, types.ShardIteratorTypeAfterSequenceNumber, numbers[1])), []string{"3"})
	}},
	{"GetShardIterator/AFTER_SEQUENCE_NUMBER of the last record waits for the next", func(p *probe) {
		name, numbers := p.three()
		iterator := p.bySequence(name, types.ShardIteratorTypeAfterSequenceNumber, numbers[2])
		p.put(name, lowKey, "4")
		equal(p, "records", p.read(iterator), []string{"4"})
	}},
	{"GetShardIterator/AT_SEQUENCE_NUMBER takes the shard's first number", func(p *probe) {
		name, _ := p.three()
		first := p.shards(name)[0].SequenceNumberRange.StartingSequenceNumber
		equal(p, "records", p.read(p.bySequence(name, types.ShardIteratorTypeAtSequenceNumber, first)), []string{"1", "2", "3"})
	}},
	{"GetShardIterator/AT_TIMESTAMP reads from that time on", func(p *probe) {
		name := p.stream(1)
		p.put(name, lowKey, "1")
		time.Sleep(30 * time.Millisecond) // so that the time lies between the records
		at := time.Now()
		time.Sleep(30 * time.Millisecond)
		p.put(name, lowKey, "2")
		equal(p, "records", p.read(p.byTime(name, at)), []string{"2"})
	}},
	{"GetShardIterator/AT_TIMESTAMP before the first record is the trim horizon", func(p *probe) {
		name, _ := p.three()
		equal(p, "records", p.read(p.byTime(name, time.Now().Add(-time.Hour))), []string{"1", "2", "3"})
	}},
	{"GetShardIterator/AT_TIMESTAMP refuses the future", func(p *probe) {
		name := p.stream(1)
		refused(p, p.kinesis.GetShardIterator, &kinesis.GetShardIteratorInput{
			StreamName: &name, ShardId: shardID(0), ShardIteratorType: types.ShardIteratorTypeAtTimestamp,
			Timestamp: aws.Time(time.Now().Add(time.Hour)),
		}, invalidArgument)
	}},
	{"GetShardIterator/AT_TIMESTAMP needs a time", func(p *probe) {
		name := p.stream(1)
		refused(p, p.kinesis.GetShardIterator, &kinesis.GetShardIteratorInput{
			StreamName: &name, ShardId: shardID(0), ShardIteratorType: types.ShardIteratorTypeAtTimestamp,
		}, invalidArgument)
	}},
	{"GetShardIterator/AT_SEQUENCE_NUMBER needs a number", func(p *probe) {
		name := p.stream(1)
		refused(p, p.kinesis.GetShardIterator, &kinesis.GetShardIteratorInput{
			StreamName: &name, ShardId: shardID(0), ShardIteratorType: types.ShardIteratorTypeAtSequenceNumber,
		}, invalidArgument)
	}},
	{"GetShardIterator/refuses what is no sequence number", func(p *probe) {
		name := p.stream(1)
		refused(p, p.kinesis.GetShardIterator, &kinesis.GetShardIteratorInput{
			StreamName: &name, ShardId: shardID(0), ShardIteratorType: types.ShardIteratorTypeAtSequenceNumber,
			StartingSequenceNumber: aws.String("twelve"),
		}, outOfBounds...)
	}},
	{"GetShardIterator/refuses a sequence number of another shard", func(p *probe) {
		name := p.stream(2)
		other := p.put(name, highKey, "x").SequenceNumber
		refused(p, p.kinesis.GetShardIterator, &kinesis.GetShardIteratorInput{
			StreamName: &name, ShardId: shardID(0), ShardIteratorType: types.ShardIteratorTypeAfterSequenceNumber,
			StartingSequenceNumber: other,
		}, invalidArgument)
	}},
	{"GetShardIterator/refuses an unknown type", func(p *probe) {
		name := p.stream(1)
		refused(p, p.kinesis.GetShardIterator, &kinesis.GetShardIteratorInput{
			StreamName: &name, ShardId: shardID(0), ShardIteratorType: "AT_NOON",
		}, outOfBounds...)
	}},
	{"GetShardIterator/refuses an unknown shard", func(p *probe) {
		name := p.stream(1)
		refused(p, p.kinesis.GetShardIterator, &kinesis.GetShardIteratorInput{
			StreamName: &name, ShardId: shardID(7), ShardIteratorType: types.ShardIteratorTypeLatest,
		}, resourceNotFound)
	}},
	{"GetShardIterator/refuses an unknown stream", func(p *probe) {
		refused(p, p.kinesis.GetShardIterator, &kinesis.GetShardIteratorInput{
			StreamName: &p.name, ShardId: shardID(0), ShardIteratorType: types.ShardIteratorTypeLatest,
		}, resourceNotFound)
	}},
}

// three is a stream of one shard with the records 1, 2 and 3, and their
// sequence numbers.
func (p *probe) three() (stream string, numbers []*string) {
	name := p.stream(1)
	for _, data := range []string{"1", "2", "3"} {
		numbers = append(numbers, p.put(name, lowKey, data).SequenceNumber)
	}
	return name, numbers
}

func (p *probe) bySequence(stream string, typ types.ShardIteratorType, number *string) *string {
	return p.iteratorAt(stream, 0, typ, func(in *kinesis.GetShardIteratorInput) { in.StartingSequenceNumber = number })
}

func (p *probe) byTime(stream string, at time.Time) *string {
	return p.iteratorAt(stream, 0, types.ShardIteratorTypeAtTimestamp, func(in *kinesis.GetShardIteratorInput) {
		in.Timestamp = &at
	})
}
