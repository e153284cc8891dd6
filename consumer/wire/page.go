package wire

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// Record is one Kinesis record. Its strings may be kept; Data is valid until its
// Chunk is released.
type Record struct {
	// SequenceNumber and PartitionKey lie in blocks of some 8 KiB that records
	// share: one that is kept keeps its block in memory.
	SequenceNumber, PartitionKey string
	// ArrivedAt is the approximate time of arrival, zero if the answer has none.
	ArrivedAt time.Time
	Data      []byte
	// Chunk holds Data, and the record holds one reference of it. It is nil if
	// Data belongs to the garbage collector.
	Chunk *Chunk
}

// Page is one answer of GetRecords, or one event of SubscribeToShard. It is made
// to be filled again and again; it is not safe for concurrent use.
type Page struct {
	Records []Record
	// NextShardIterator is empty in events, and where Ended is set.
	NextShardIterator string
	// ContinuationSequenceNumber is where a subscription is taken up again; it is
	// empty in answers of GetRecords, and where Ended is set.
	ContinuationSequenceNumber string
	// Ended is set on the last page of a closed shard.
	Ended bool
	// MillisBehindLatest is -1 if the answer does not say.
	MillisBehindLatest int64
	// ChildShards are the ids of the shards that follow a shard which ended.
	ChildShards []string
	// Chunks are those that hold the records' data.
	Chunks []*Chunk
	// Bytes is the memory that the chunks hold, WireBytes the length of the answer.
	Bytes, WireBytes int

	strings arena
	// shape is what the next record is expected to be like, on the next page too.
	// It is made with the first record.
	shape  *shape
	filled bool
}

// Filled tells whether a call made under [Into] filled the page. Otherwise the
// SDK decoded the answer and the page is filled with [FromSDK].
func (p *Page) Filled() bool { return p.filled }

// Reset makes the page ready to be filled again. It releases nothing: whoever
// took a record off the page has its reference.
func (p *Page) Reset() {
	clear(p.Records)
	clear(p.Chunks)
	*p = Page{
		Records: p.Records[:0], Chunks: p.Chunks[:0],
		MillisBehindLatest: -1, strings: p.strings, shape: p.shape,
	}
}

// add appends an empty record.
func (p *Page) add() *Record {
	p.Records = append(p.Records, Record{})
	return &p.Records[len(p.Records)-1]
}

// Release gives up the reference of every record on the page and resets it. It
// is for pages of which no record was handed on.
func (p *Page) Release() {
	for i := range p.Records {
		if c := p.Records[i].Chunk; c != nil {
			c.Release()
		}
	}
	p.Reset()
}

// FromSDK fills a page from an answer that the SDK decoded. Its data has no
// chunks.
func FromSDK(out *kinesis.GetRecordsOutput, page *Page) {
	page.Reset()
	page.addSDK(out.Records, out.ChildShards, out.MillisBehindLatest)
	page.NextShardIterator = aws.ToString(out.NextShardIterator)
	page.Ended = out.NextShardIterator == nil
}

func (p *Page) addSDK(records []types.Record, children []types.ChildShard, behind *int64) {
	for _, r := range records {
		p.Records = append(p.Records, Record{
			SequenceNumber: aws.ToString(r.SequenceNumber),
			PartitionKey:   aws.ToString(r.PartitionKey),
			ArrivedAt:      aws.ToTime(r.ApproximateArrivalTimestamp),
			Data:           r.Data,
		})
	}
	for _, c := range children {
		p.ChildShards = append(p.ChildShards, aws.ToString(c.ShardId))
	}
	if behind != nil {
		p.MillisBehindLatest = *behind
	}
}
