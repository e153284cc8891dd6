package webhook

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
)

// PutAPI is what a [Handler] needs of *kinesis.Client, which has it.
type PutAPI interface {
	PutRecords(context.Context, *kinesis.PutRecordsInput, ...func(*kinesis.Options)) (*kinesis.PutRecordsOutput, error)
}

// What one PutRecords call takes at most, see
// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html.
// Streams whose records may be larger take more; this is what all do.
const (
	maxPutRecords = 500
	maxPutBytes   = 5 << 20
)

const (
	// callTimeout bounds one call, so that one that hangs leaves time for another.
	callTimeout = 1500 * time.Millisecond
	// The pauses between calls double from the one to the other.
	minPause, maxPause = 50 * time.Millisecond, 800 * time.Millisecond
)

// put puts the records on the stream, those that are refused again and again until
// ctx ends. Only a nil error says that all of them are there; with an error some may
// be. An answer that was lost makes records be put twice, which the consumer's
// dedupe takes out.
func (h *Handler) put(ctx context.Context, records []record) error {
	for pause := minPause; ; pause = min(2*pause, maxPause) {
		var left []record
		var failed error
		for _, part := range parts(records) {
			refused, err := h.putPart(ctx, part)
			left, failed = append(left, refused...), errors.Join(failed, err)
		}
		h.trouble.note(failed)
		if len(left) == 0 {
			return nil
		}
		h.stats.putRetries.Add(1)
		jittered := pause/2 + rand.N(pause/2)
		if end, ok := ctx.Deadline(); ok && time.Until(end) <= jittered || wait(ctx, jittered) != nil {
			return fmt.Errorf("put %d of %d events: %w", len(left), len(records), failed)
		}
		records = left
	}
}

// parts divides records into what one call takes.
func parts(records []record) (out [][]record) {
	begin, size := 0, 0
	for i, r := range records {
		n := len(r.data) + len(r.key)
		if i > begin && (i-begin == maxPutRecords || size+n > maxPutBytes) {
			out = append(out, records[begin:i])
			begin, size = i, 0
		}
		size += n
	}
	if begin < len(records) {
		out = append(out, records[begin:])
	}
	return out
}

// putPart makes one call, and returns what is to be put again with the first reason.
func (h *Handler) putPart(ctx context.Context, records []record) ([]record, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	in := &kinesis.PutRecordsInput{Records: make([]types.PutRecordsRequestEntry, len(records))}
	if isARN(h.cfg.Stream) {
		in.StreamARN = &h.cfg.Stream
	} else {
		in.StreamName = &h.cfg.Stream
	}
	for i, r := range records {
		in.Records[i] = types.PutRecordsRequestEntry{Data: r.data, PartitionKey: &records[i].key}
	}
	// The loop around this retries; it knows how much time there is.
	out, err := h.stream.PutRecords(ctx, in, func(o *kinesis.Options) { o.Retryer = aws.NopRetryer{} })
	if err != nil {
		return records, err
	}
	var left []record
	for i, r := range records {
		switch {
		case i >= len(out.Records):
			left, err = append(left, r), errShortAnswer
		case out.Records[i].ErrorCode != nil:
			left = append(left, r)
			if err == nil {
				err = &smithy.GenericAPIError{Code: *out.Records[i].ErrorCode, Message: aws.ToString(out.Records[i].ErrorMessage)}
			}
		default:
			h.stats.put.Add(1)
			if r.id != "" {
				h.ids.add(r.id, struct{}{})
			}
		}
	}
	return left, err
}

// errShortAnswer is for those who read the log: records without a result count as
// not put.
var errShortAnswer = errors.New("the answer to PutRecords lacks results")

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
