package handlers

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"

	"korestream/consumer"
)

// BenchmarkMux_Daemon is an event's way as the daemon sets it up: one route, the
// default policy, schemas and an observer. The handler does nothing.
func BenchmarkMux_Daemon(b *testing.B) {
	m := daemonMux(b)
	ds := daemonDeliveries(b, 1, 64)
	ctx := b.Context()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, err := m.Dispatch(ctx, ds[i%len(ds)]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

// BenchmarkMux_DaemonParallel is the same by all processors at once, each with a
// shard of its own.
func BenchmarkMux_DaemonParallel(b *testing.B) {
	m := daemonMux(b)
	ctx := b.Context()
	b.ReportAllocs()
	var shards atomic.Int64
	b.RunParallel(func(pb *testing.PB) {
		ds := daemonDeliveries(b, int(shards.Add(1)), 64)
		for i := 0; pb.Next(); i++ {
			if _, err := m.Dispatch(ctx, ds[i%len(ds)]); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func daemonMux(b *testing.B) *Mux {
	b.Helper()
	s, err := NewSchemaCheck(DefaultSchemaConfig(), zap.NewNop())
	if err != nil {
		b.Fatal(err)
	}
	nothing := HandlerFunc(func(context.Context, *consumer.Delivery) error { return nil })
	return newMux(b, &memoryBurier{}, DefaultRetryPolicy(), []Route{to(b, "h", nothing)}, WithSchemaCheck(s), WithObserver(silent{}))
}

// daemonDeliveries are events of two types of a shard, with the clock read already.
func daemonDeliveries(b *testing.B, shard, n int) []*consumer.Delivery {
	b.Helper()
	out := make([]*consumer.Delivery, n)
	for i := range out {
		eventType := sessionUpdated
		if i%8 == 0 {
			eventType = attachRejected
		}
		out[i] = delivery(b, fmt.Sprint("EZ", i), eventType)
		out[i].Shard = fmt.Sprintf("shardId-%012d", shard)
		out[i].ArrivedAt, out[i].BegunAt = time.Now(), time.Now()
		out[i].Event.Type = eventType // as the decoder does, one string for all of a type
	}
	return out
}
