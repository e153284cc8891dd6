package embed_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"korestream/localstack/embed"
)

// at asks for an iterator by sequence number or time.
func (t *stub) at(typ types.ShardIteratorType, number *string, stamp *time.Time) string {
	t.Helper()
	out, err := t.kinesis.GetShardIterator(t.Context(), &kinesis.GetShardIteratorInput{
		StreamName: aws.String("kore"), ShardId: aws.String(shard(0)), ShardIteratorType: typ,
		StartingSequenceNumber: number, Timestamp: stamp,
	})
	return *ok(t, out, err).ShardIterator
}

func TestIterator_BeginsExactlyWhereItIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStub(t)
		s.create("kore", 1)
		began := time.Now()
		var numbers []*string
		for _, data := range []string{"0", "1", "2", "3"} {
			numbers = append(numbers, s.put("kore", "k", data).SequenceNumber)
			time.Sleep(time.Minute)
		}
		tests := []struct {
			name   string
			typ    types.ShardIteratorType
			number *string
			after  time.Duration
			want   string
			behind time.Duration
		}{
			{"the horizon", types.ShardIteratorTypeTrimHorizon, nil, 0, "0 1 2 3", 0},
			{"the tip", types.ShardIteratorTypeLatest, nil, 0, "", 0},
			{"at a number", types.ShardIteratorTypeAtSequenceNumber, numbers[1], 0, "1 2 3", 0},
			{"after a number", types.ShardIteratorTypeAfterSequenceNumber, numbers[1], 0, "2 3", 0},
			{"after the last", types.ShardIteratorTypeAfterSequenceNumber, numbers[3], 0, "", 0},
			{"a record's time", types.ShardIteratorTypeAtTimestamp, nil, time.Minute, "1 2 3", 0},
			{"a moment later", types.ShardIteratorTypeAtTimestamp, nil, time.Minute + time.Millisecond, "2 3", 0},
			{"before the stream", types.ShardIteratorTypeAtTimestamp, nil, -100 * time.Hour, "0 1 2 3", 0},
			{"after all", types.ShardIteratorTypeAtTimestamp, nil, 200 * time.Second, "", 0},
		}
		for _, tt := range tests {
			var stamp *time.Time
			if tt.typ == types.ShardIteratorTypeAtTimestamp {
				stamp = aws.Time(began.Add(tt.after))
			}
			page := s.get(s.at(tt.typ, tt.number, stamp))
			wantEqual(s, tt.name, payloads(page.Records), tt.want)
			wantEqual(s, tt.name+": behind", aws.ToInt64(page.MillisBehindLatest), 0)
		}
		_, err := s.kinesis.GetShardIterator(t.Context(), &kinesis.GetShardIteratorInput{
			StreamName: aws.String("kore"), ShardId: aws.String(shard(0)), ShardIteratorType: types.ShardIteratorTypeAtTimestamp,
			Timestamp: aws.Time(time.Now().Add(time.Second)),
		})
		s.fails(err, "InvalidArgumentException", "cannot be greater than the currentTimestampInMillis")

		first, err := s.kinesis.GetRecords(t.Context(), &kinesis.GetRecordsInput{
			ShardIterator: aws.String(s.iterator("kore", shard(0), types.ShardIteratorTypeTrimHorizon)), Limit: aws.Int32(2),
		})
		wantEqual(s, "behind after the second record", *ok(s, first, err).MillisBehindLatest, (3 * time.Minute).Milliseconds())
		wantEqual(s, "arrival", first.Records[1].ApproximateArrivalTimestamp.UnixMilli(), began.Add(time.Minute).UnixMilli())

		// A checkpoint whose record is gone goes on with the oldest there is.
		time.Sleep(24*time.Hour - 150*time.Second)
		wantEqual(s, "after a trimmed number", payloads(s.get(s.at(types.ShardIteratorTypeAfterSequenceNumber, numbers[0], nil)).Records), "2 3")
		time.Sleep(time.Hour)
		wantEqual(s, "when all are trimmed", payloads(s.get(s.at(types.ShardIteratorTypeAtSequenceNumber, numbers[0], nil)).Records), "")
		s.put("kore", "k", "4")
		wantEqual(s, "and one has come", payloads(s.get(s.at(types.ShardIteratorTypeAfterSequenceNumber, numbers[3], nil)).Records), "4")
	})
}

func TestIterator_AtTheEndOfAClosedShardSeesItClosed(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.create("kore", 1)
	last := s.put("kore", "k", "x").SequenceNumber
	s.split("kore", shard(0), half)
	end := s.shards("kore")[0].SequenceNumberRange.EndingSequenceNumber
	for name, it := range map[string]string{
		"after the last record": s.at(types.ShardIteratorTypeAfterSequenceNumber, last, nil),
		"the tip":               s.at(types.ShardIteratorTypeLatest, nil, nil),
		"the ending number":     s.at(types.ShardIteratorTypeAtSequenceNumber, end, nil),
		"after it":              s.at(types.ShardIteratorTypeAfterSequenceNumber, end, nil),
	} {
		page := s.get(it)
		wantEqual(s, name+": records", payloads(page.Records), "")
		wantEqual(s, name+": has an iterator", page.NextShardIterator != nil, false)
		wantEqual(s, name+": children", childIDs(page.ChildShards), shard(1)+" "+shard(2))
	}
}

func TestClock_ThatGoesBackBreaksNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStub(t)
		s.create("kore", 1)
		consumer := s.consumer("kore", "fan")
		old := s.subscribe(consumer, shard(0), fromHorizon)
		defer old.close()
		before := s.put("kore", "k", "before").SequenceNumber
		it := s.iterator("kore", shard(0), types.ShardIteratorTypeTrimHorizon)
		s.endpoint.Faults().SetClockOffset(-time.Hour)
		after := s.put("kore", "k", "after").SequenceNumber
		if *after <= *before {
			t.Errorf("sequence number after the clock went back: got %s, want one above %s", *after, *before)
		}
		page := s.get(it)
		wantEqual(s, "records", payloads(page.Records), "before after")
		wantEqual(s, "behind", *page.MillisBehindLatest, 0)
		wantEqual(s, "after the first", payloads(s.get(s.at(types.ShardIteratorTypeAfterSequenceNumber, before, nil)).Records), "after")
		s.endpoint.Faults().SetClockOffset(-2 * time.Hour)
		again := s.subscribe(consumer, shard(0), fromHorizon)
		defer again.close()
		wantEqual(s, "records of a subscription", again.read(2), "before after")
		s.split("kore", shard(0), half)
		last := again.next()
		wantEqual(s, "children", childIDs(last.ChildShards), shard(1)+" "+shard(2))

		s.endpoint.Faults().SetClockOffset(time.Hour)
		s.fails(s.tryGet(it), "ExpiredIteratorException", "")
	})
}

func TestClock_IsTheOneGiven(t *testing.T) {
	t.Parallel()
	now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	s := newStub(t, embed.WithClock(func() time.Time { return now }), embed.WithRegion("eu-west-1"), embed.WithAccount("123456789012"))
	s.create("kore", 1)
	s.put("kore", "k", "x")
	now = now.Add(time.Minute)
	page := s.get(s.iterator("kore", shard(0), types.ShardIteratorTypeTrimHorizon))
	wantEqual(s, "arrival", page.Records[0].ApproximateArrivalTimestamp.UTC().String(), "2027-01-01 00:00:00 +0000 UTC")
	out, err := s.kinesis.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{
		StreamARN: aws.String("arn:aws:kinesis:eu-west-1:123456789012:stream/kore"),
	})
	wantEqual(s, "creation", ok(s, out, err).StreamDescriptionSummary.StreamCreationTimestamp.UTC().String(), "2027-01-01 00:00:00 +0000 UTC")
}
