//go:build unix

package wire_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"korestream/consumer/wire"
)

func BenchmarkGetRecords(b *testing.B) {
	for _, size := range []int{512, 1083, 8192} {
		for _, n := range []int{10, 100, 1000} {
			text := body(n, size)
			name := fmt.Sprintf("records=%d/bytes=%d", n, size)
			b.Run("sdk/"+name, func(b *testing.B) { benchmarkSDK(b, text, n) })
			b.Run("wire/"+name, func(b *testing.B) { benchmarkWire(b, text, n) })
			inCBOR := forms["Jackson"].write(pageOf(n, size))
			b.Run("cbor/"+name, func(b *testing.B) { benchmarkCBOR(b, inCBOR, n) })
		}
	}
}

// perRecord reports the processor's time for a record, the collector's included:
// on a machine that does other things as well, the clock says little.
func perRecord(b *testing.B, n int, began time.Duration) {
	b.ReportMetric(float64((processorTime(b)-began).Nanoseconds())/float64(b.N)/float64(n), "cpu-ns/record")
}

// processorTime is what the process has used so far.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func benchmarkSDK(b *testing.B, text []byte, n int) {
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	protocol := sdkProtocol()
	began := processorTime(b)
	for b.Loop() {
		var out kinesis.GetRecordsOutput
		err := protocol.DeserializeResponse(context.Background(), getRecords, kinesis.TypeRegistry, answer(text), &out)
		if err != nil || len(out.Records) != n {
			b.Fatal(len(out.Records), err)
		}
	}
	perRecord(b, n, began)
}

func benchmarkWire(b *testing.B, text []byte, n int) {
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	protocol, pool := wire.NewProtocol(sdkProtocol()), wire.NewPool(testKept)
	var page wire.Page
	began := processorTime(b)
	for b.Loop() {
		var out kinesis.GetRecordsOutput
		ctx := wire.Into(context.Background(), &page, pool)
		err := protocol.DeserializeResponse(ctx, getRecords, kinesis.TypeRegistry, answer(text), &out)
		if err != nil || len(page.Records) != n || !page.Filled() {
			b.Fatal(len(page.Records), err)
		}
		page.Release()
	}
	perRecord(b, n, began)
}

func benchmarkCBOR(b *testing.B, text []byte, n int) {
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	c, pool := wire.NewCBOR(silently), wire.NewPool(testKept)
	var page wire.Page
	began := processorTime(b)
	for b.Loop() {
		if err := throughCBOR(c, answerCBOR(text), &page, pool); err != nil || len(page.Records) != n {
			b.Fatal(len(page.Records), err)
		}
		page.Release()
	}
	perRecord(b, n, began)
}

// BenchmarkSubscription reads a subscription of ten events of 100 records each,
// the call included.
func BenchmarkSubscription(b *testing.B) {
	const events, records = 10, 100
	text := string(body(records, 1083))
	text = strings.Replace(text, "NextShardIterator", "ContinuationSequenceNumber", 1)
	stream := message("{}", ":message-type", "event", ":event-type", "initial-response")
	for range events {
		stream = append(stream, event(text)...)
	}
	read := map[string]func(testing.TB, []byte) int{"sdk": drainSDK, "wire": drainWire}
	for _, name := range []string{"sdk", "wire"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(stream)))
			began := processorTime(b)
			for b.Loop() {
				if n := read[name](b, stream); n != events*records {
					b.Fatalf("got %d records", n)
				}
			}
			perRecord(b, events*records, began)
		})
	}
}

func drainWire(t testing.TB, stream []byte) (records int) {
	s := subscribeCanned(t, bytes.NewReader(stream), benchPool)
	defer s.Close()
	var page wire.Page
	for {
		err := s.Next(context.Background(), &page)
		if errors.Is(err, wire.ErrOver) {
			return records
		}
		if err != nil {
			t.Fatal(err)
		}
		records += len(page.Records)
		page.Release()
	}
}

// benchPool is one for all subscriptions, as a process has it.
var benchPool = wire.NewPool(testKept)

func drainSDK(t testing.TB, stream []byte) (records int) {
	out, err := cannedClient(bytes.NewReader(stream)).SubscribeToShard(context.Background(), cannedInput)
	if err != nil {
		t.Fatal(err)
	}
	defer out.GetStream().Close()
	for ev := range out.GetStream().Events() {
		records += len(ev.(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent).Value.Records)
	}
	return records
}
