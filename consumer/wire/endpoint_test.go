package wire_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"korestream/consumer/wire"
	"korestream/localstack/embed"
)

// readShard reads the shard to its end with GetRecords.
func (w *world) readShard(limit int32) (records int, last wire.Page) {
	w.Helper()
	it := w.iterator()
	for range 1000 {
		var page wire.Page
		_, err := w.client.GetRecords(wire.Into(w.Context(), &page, w.pool), &kinesis.GetRecordsInput{ShardIterator: it, Limit: &limit})
		w.must(nil, err)
		if !page.Filled() || page.WireBytes == 0 {
			w.Fatal("the SDK had to decode an answer of the endpoint")
		}
		records = w.check(&page, records)
		it = aws.String(page.NextShardIterator)
		if page.Ended {
			return records, page
		}
		page.Release()
	}
	w.Fatal("the shard does not end")
	return 0, wire.Page{}
}

func TestGetRecords_ReadsAShardToItsEnd(t *testing.T) {
	t.Parallel()
	for _, served := range []string{"in process", "over HTTP"} {
		t.Run(served, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if served == "over HTTP" {
				w.serve()
			}
			w.put(0, 500)
			w.put(500, 700)
			w.split()
			n, last := w.readShard(150)
			if n != 700 || len(last.ChildShards) != 2 || last.NextShardIterator != "" {
				t.Errorf("got %d records and children %v, want 700 and two", n, last.ChildShards)
			}
		})
	}
}

func TestGetRecords_AnExceptionIsTheSDKs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := wire.Page{Records: make([]wire.Record, 3)}
	_, err := w.client.GetRecords(wire.Into(t.Context(), &page, w.pool), &kinesis.GetRecordsInput{ShardIterator: aws.String("none")})
	var invalid *types.InvalidArgumentException
	if !errors.As(err, &invalid) || page.Filled() || len(page.Records) != 0 {
		t.Errorf("got %v and %d records, want InvalidArgumentException and none", err, len(page.Records))
	}
}

func TestGetRecords_ACutAnswerIsAnError(t *testing.T) {
	t.Parallel()
	for _, served := range []string{"in process", "over HTTP"} {
		t.Run(served, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if served == "over HTTP" {
				w.serve()
			}
			w.put(0, 10)
			it := w.iterator()
			w.endpoint.Faults().Add(embed.Fault{Operation: "GetRecords", Kind: embed.CutConnection})
			var page wire.Page
			_, err := w.client.GetRecords(wire.Into(t.Context(), &page, w.pool), &kinesis.GetRecordsInput{ShardIterator: it})
			if err == nil || page.Filled() {
				t.Errorf("got %d records and %v, want an error", len(page.Records), err)
			}
		})
	}
}

func TestGetRecords_WithoutAPageIsTheSDKs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(0, 3)
	out, err := w.client.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: w.iterator()})
	if err != nil || len(out.Records) != 3 {
		t.Fatalf("got %v, %v, want three records", out, err)
	}
	var page wire.Page
	wire.FromSDK(out, &page)
	if w.check(&page, 0) != 3 || page.NextShardIterator == "" || page.Ended || page.Filled() {
		t.Errorf("got %+v", page)
	}
}

// readStream reads a subscription until it ends.
func (w *world) readStream(ctx context.Context, s *wire.Subscription) (records int, last wire.Page, err error) {
	w.Helper()
	for {
		var page wire.Page
		if err := s.Next(ctx, &page); err != nil {
			if len(page.Records) > 0 {
				w.Fatalf("got %d records beside %v", len(page.Records), err)
			}
			return records, last, err
		}
		records, last = w.check(&page, records), page
		for _, r := range page.Records {
			r.Chunk.Release()
		}
	}
}

func inBubble(t *testing.T, test func(w *world)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { test(newWorld(t)) })
}
