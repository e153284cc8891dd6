package embed_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

func TestTags_OfStreamsAndConsumers(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.create("kore", 1)
	stream, consumer := s.endpoint.StreamARN("kore"), s.consumer("kore", "fan")
	tagged := func(arn string) string {
		t.Helper()
		out, err := s.kinesis.ListTagsForResource(t.Context(), &kinesis.ListTagsForResourceInput{ResourceARN: &arn})
		return joined(ok(s, out, err).Tags)
	}
	_, err := s.kinesis.AddTagsToStream(t.Context(), &kinesis.AddTagsToStreamInput{
		StreamARN: &stream, Tags: map[string]string{"a": "1", "b": "2", "c": ""},
	})
	ok(s, 0, err)
	_, err = s.kinesis.TagResource(t.Context(), &kinesis.TagResourceInput{ResourceARN: &stream, Tags: map[string]string{"b": "two"}})
	ok(s, 0, err)
	_, err = s.kinesis.TagResource(t.Context(), &kinesis.TagResourceInput{ResourceARN: &consumer, Tags: map[string]string{"who": "fan"}})
	ok(s, 0, err)
	wantEqual(s, "the stream's", tagged(stream), "a=1 b=two c=")
	wantEqual(s, "the consumer's", tagged(consumer), "who=fan")

	page, err := s.kinesis.ListTagsForStream(t.Context(), &kinesis.ListTagsForStreamInput{
		StreamName: aws.String("kore"), Limit: aws.Int32(1), ExclusiveStartTagKey: aws.String("a"),
	})
	wantEqual(s, "a page", joined(ok(s, page, err).Tags), "b=two")
	wantEqual(s, "has more", *page.HasMoreTags, true)

	_, err = s.kinesis.RemoveTagsFromStream(t.Context(), &kinesis.RemoveTagsFromStreamInput{StreamName: aws.String("kore"), TagKeys: []string{"a"}})
	ok(s, 0, err)
	_, err = s.kinesis.UntagResource(t.Context(), &kinesis.UntagResourceInput{ResourceARN: &stream, TagKeys: []string{"c", "none"}})
	ok(s, 0, err)
	wantEqual(s, "what is left", tagged(stream), "b=two")

	many := map[string]string{}
	for i := range 50 {
		many[fmt.Sprint(i)] = ""
	}
	_, err = s.kinesis.TagResource(t.Context(), &kinesis.TagResourceInput{ResourceARN: &stream, Tags: many})
	s.fails(err, "InvalidArgumentException", "50")
	_, err = s.kinesis.TagResource(t.Context(), &kinesis.TagResourceInput{ResourceARN: &stream, Tags: map[string]string{"a": "#"}})
	s.fails(err, "InvalidArgumentException", "invalid characters")
	wantEqual(s, "after refusals", tagged(stream), "b=two")
}

func joined(tags []types.Tag) string {
	var all []string
	for _, t := range tags {
		all = append(all, *t.Key+"="+aws.ToString(t.Value))
	}
	return strings.Join(all, " ")
}

func TestSettings_RetentionHasBoundsAndADirection(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.create("kore", 1)
	increase := func(hours int32) error {
		_, err := s.kinesis.IncreaseStreamRetentionPeriod(t.Context(), &kinesis.IncreaseStreamRetentionPeriodInput{
			StreamName: aws.String("kore"), RetentionPeriodHours: &hours,
		})
		return err
	}
	decrease := func(hours int32) error {
		_, err := s.kinesis.DecreaseStreamRetentionPeriod(t.Context(), &kinesis.DecreaseStreamRetentionPeriodInput{
			StreamARN: aws.String(s.endpoint.StreamARN("kore")), RetentionPeriodHours: &hours,
		})
		return err
	}
	ok(s, 0, increase(8760))
	wantEqual(s, "hours", *s.summary("kore").RetentionPeriodHours, 8760)
	s.fails(increase(8761), "InvalidArgumentException", "Maximum allowed retention period is 8760 hours.")
	s.fails(increase(48), "InvalidArgumentException", "can not be shorter than existing retention period (8760 hours)")
	ok(s, 0, decrease(24))
	s.fails(decrease(23), "InvalidArgumentException", "Minimum allowed retention period is 24 hours.")
	s.fails(decrease(48), "InvalidArgumentException", "can not be longer than existing retention period (24 hours)")
}

func TestSettings_LargerRecordsAreTakenOnceAllowed(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.create("kore", 1)
	s.fails(s.putBytes("0", 1<<20+1), "InvalidArgumentException", "1024 KiB")
	ok(s, 0, s.putBytes("0", 1<<20))
	_, err := s.kinesis.UpdateMaxRecordSize(t.Context(), &kinesis.UpdateMaxRecordSizeInput{
		StreamARN: aws.String(s.endpoint.StreamARN("kore")), MaxRecordSizeInKiB: aws.Int32(10_240),
	})
	ok(s, 0, err)
	ok(s, 0, s.putBytes("0", 10<<20))
	page := s.get(s.iterator("kore", shard(0), types.ShardIteratorTypeTrimHorizon))
	wantEqual(s, "records in the first answer", len(page.Records), 1)
	page = s.get(*page.NextShardIterator)
	wantEqual(s, "bytes in the second", len(page.Records[0].Data), 10<<20-1)
}

func TestSettings_EncryptionMarksRecords(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.create("kore", 1)
	s.put("kore", "k", "plain")
	key := aws.String("alias/aws/kinesis")
	_, err := s.kinesis.StartStreamEncryption(t.Context(), &kinesis.StartStreamEncryptionInput{
		StreamName: aws.String("kore"), EncryptionType: types.EncryptionTypeKms, KeyId: key,
	})
	ok(s, 0, err)
	s.put("kore", "k", "secret")
	wantEqual(s, "key", aws.ToString(s.summary("kore").KeyId), *key)
	_, err = s.kinesis.StopStreamEncryption(t.Context(), &kinesis.StopStreamEncryptionInput{
		StreamName: aws.String("kore"), EncryptionType: types.EncryptionTypeKms, KeyId: key,
	})
	ok(s, 0, err)
	wantEqual(s, "type", s.summary("kore").EncryptionType, types.EncryptionTypeNone)
	page := s.get(s.iterator("kore", shard(0), types.ShardIteratorTypeTrimHorizon))
	wantEqual(s, "first", page.Records[0].EncryptionType, "")
	wantEqual(s, "second", page.Records[1].EncryptionType, types.EncryptionTypeKms)
}

func TestSettings_MonitoringAddsAndRemovesMetrics(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.create("kore", 1)
	on, err := s.kinesis.EnableEnhancedMonitoring(t.Context(), &kinesis.EnableEnhancedMonitoringInput{
		StreamName: aws.String("kore"), ShardLevelMetrics: []types.MetricsName{types.MetricsNameAll},
	})
	wantEqual(s, "before", len(ok(s, on, err).CurrentShardLevelMetrics), 0)
	wantEqual(s, "after", fmt.Sprint(on.DesiredShardLevelMetrics), "[ALL]")
	off, err := s.kinesis.DisableEnhancedMonitoring(t.Context(), &kinesis.DisableEnhancedMonitoringInput{
		StreamName: aws.String("kore"), ShardLevelMetrics: []types.MetricsName{types.MetricsNameIncomingBytes},
	})
	wantEqual(s, "before", fmt.Sprint(ok(s, off, err).CurrentShardLevelMetrics), "[ALL]")
	wantEqual(s, "after", len(s.summary("kore").EnhancedMonitoring[0].ShardLevelMetrics), 6)
}

func TestPut_OrderingAndDryRun(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.create("kore", 1)
	first := s.put("kore", "k", "1").SequenceNumber
	in := kinesis.PutRecordInput{StreamName: aws.String("kore"), PartitionKey: aws.String("k"), Data: []byte("2"), SequenceNumberForOrdering: first}
	out, err := s.kinesis.PutRecord(t.Context(), &in)
	if n := *ok(s, out, err).SequenceNumber; n <= *first {
		t.Errorf("the next number: got %s, want one above %s", n, *first)
	}
	in.SequenceNumberForOrdering = aws.String("12345")
	_, err = s.kinesis.PutRecord(t.Context(), &in)
	s.fails(err, "InvalidArgumentException", "ExclusiveMinimumSequenceNumber 12345 used in PutRecord on stream kore under account 000000000000 is invalid.")
	in.SequenceNumberForOrdering, in.DryRun = nil, aws.Bool(true)
	_, err = s.kinesis.PutRecord(t.Context(), &in)
	s.fails(err, "DryRunOperationException", "would have succeeded")
	wantEqual(s, "records", payloads(s.get(s.iterator("kore", shard(0), types.ShardIteratorTypeTrimHorizon)).Records), "1 2")
}
