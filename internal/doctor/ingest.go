package doctor

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// What a shard takes in a second, and the part of it that is near the limit:
// https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
const (
	shardKiB     = 1024
	shardRecords = 1000
	nearLimit    = 0.8
)

// A sample is what came to a shard within sampleSpan, of the first sampleShards:
// each costs two calls.
const (
	sampleSpan   = 10 * time.Second
	sampleShards = 16
)

// load is what comes to a shard in a second.
type load struct{ kib, records float64 }

func (l load) near() bool { return l.kib > nearLimit*shardKiB || l.records > nearLimit*shardRecords }

// checkIngest compares the shards with what comes to them: as the workers have
// measured it or, where they have not, by a sample.
func (e *exam) checkIngest(ctx context.Context) {
	const check = "ingest"
	loads := e.measured()
	if len(loads) == 0 {
		loads = e.sampled(ctx)
	}
	busy, where, worst := 0, "", load{}
	for shard, l := range loads {
		if l.near() {
			busy++
		}
		if where == "" || l.kib > worst.kib || l.kib == worst.kib && shard < where {
			where, worst = shard, l
		}
	}
	found := fmt.Sprintf("%.0f KiB/s on %s, the busiest shard", worst.kib, where)
	want := fmt.Sprintf("less than %.0f KiB/s and %.0f records/s a shard", nearLimit*shardKiB, nearLimit*shardRecords)
	switch {
	case where == "":
		e.ok(check, "not measured", want)
	case busy == 0 || e.report.Mode == string(types.StreamModeOnDemand): // which AWS scales
		e.ok(check, found, want)
	default:
		e.fault(check, fmt.Sprintf("%s; %d shards above the line", found, busy), want, "at 1 MiB or 1,000 records a second a shard refuses its producer, KORE",
			fmt.Sprintf("aws kinesis update-shard-count --stream-name %s --target-shard-count %d --scaling-type UNIFORM_SCALING", e.report.Stream, e.report.OpenShards+busy))
	}
}

// measured is what the workers have written down.
func (e *exam) measured() map[string]load {
	loads := make(map[string]load)
	for _, l := range e.table.Leases {
		if l.Throughput > 0 && !l.Finished() {
			loads[l.Shard] = load{kib: l.Throughput}
		}
	}
	return loads
}

// sampled reads what came lately. A shard that cannot be read is left out: that
// is found elsewhere.
func (e *exam) sampled(ctx context.Context) map[string]load {
	loads := make(map[string]load)
	shards, err := e.openShards(ctx)
	if err != nil {
		return loads
	}
	for _, shard := range shards[:min(len(shards), sampleShards)] {
		if l, err := e.sample(ctx, shard); err == nil {
			loads[shard] = l
		}
	}
	return loads
}

// sample reads one answer from the span's beginning. Where that does not reach the
// tip, the rate is over the time that it covers.
func (e *exam) sample(ctx context.Context, shard string) (load, error) {
	iterator, err := e.iteratorOf(ctx, &kinesis.GetShardIteratorInput{
		ShardId: &shard, ShardIteratorType: types.ShardIteratorTypeAtTimestamp, Timestamp: aws.Time(time.Now().Add(e.skew - sampleSpan)),
	})
	if err != nil {
		return load{}, err
	}
	in := &kinesis.GetRecordsInput{ShardIterator: iterator}
	_, in.StreamARN = e.address()
	out, err := e.c.Kinesis.GetRecords(ctx, in, once)
	if err != nil {
		return load{}, err
	}
	size := 0
	for _, r := range out.Records {
		size += len(r.Data) + len(aws.ToString(r.PartitionKey))
	}
	span := sampleSpan - time.Duration(aws.ToInt64(out.MillisBehindLatest))*time.Millisecond
	seconds := max(span, time.Second).Seconds()
	return load{float64(size) / 1024 / seconds, float64(len(out.Records)) / seconds}, nil
}
