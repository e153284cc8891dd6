package localstack_test

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// heavyCases put megabytes, which takes kinesis-local a quarter of a minute.
// They run against our endpoint only.
var heavyCases = []conformanceCase{
	{"PutRecords/refuses more than 10 MiB", func(p *probe) {
		name := p.stream(1)
		records := many(11)
		for i := range records {
			records[i].Data = make([]byte, 1<<20-16)
		}
		refused(p, p.kinesis.PutRecords, &kinesis.PutRecordsInput{StreamName: &name, Records: records}, outOfBounds...)
	}},
	{"GetRecords/answers 10 MiB at most", func(p *probe) {
		name := p.stream(1)
		for range 12 {
			call(p, p.kinesis.PutRecord, &kinesis.PutRecordInput{
				StreamName: &name, PartitionKey: aws.String("k"), Data: make([]byte, 1<<20-1),
			})
		}
		out := p.get(p.horizon(name, 0))
		if got := len(out.Records); got > 10 || got == 0 {
			p.differs("records of 1 MiB: got %d in one answer, want 10 at most", got)
		}
		equal(p, "behind", aws.ToInt64(out.MillisBehindLatest) > 0, true)
	}},
}
