package consumer

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"

	"korestream/checkpoint"
	"korestream/consumer/wire"
)

// doneAtOnce is a dispatcher whose handlers are nothing.
type doneAtOnce struct{}

func (doneAtOnce) Dispatch(context.Context, *Delivery) (Outcome, error) { return Handled, nil }
func (doneAtOnce) Bury(context.Context, *DeadLetter) error              { return nil }

// BenchmarkShard_Accept is the way of a record from the page to done: decoded,
// into its lane, dispatched to nothing, out of the tracker. Processor time is
// reported, for the lanes use more than one.
func BenchmarkShard_Accept(b *testing.B) { benchmarkAccept(b, nil) }

// BenchmarkShard_AcceptFollowed is the same with somebody told of the batches.
func BenchmarkShard_AcceptFollowed(b *testing.B) { benchmarkAccept(b, unmoved{}) }

func benchmarkAccept(b *testing.B, observer BatchObserver) {
	for _, sims := range []int{10, 1000} {
		b.Run(fmt.Sprint("sims=", sims), func(b *testing.B) {
			const records = 1000
			page := &wire.Page{}
			for i := range records {
				text := fmt.Sprintf(`{"data":{"event_sid":"EZ%032d","sim_sid":"HS%032d","network":{"mcc":"310","mnc":"410","friendly_name":"AT&T"},"rat_type":"4G LTE","data_total":2048},"id":"EZ%032d","time":"2026-03-01T12:00:00.1234567+00:00","type":"com.kore.iot.supersim.connection.data-session.updated","source":"kore-events","dataschema":"/schemas/supersim/2","specversion":"1.0","datacontenttype":"application/json"}`, i, i%sims, i)
				page.Records = append(page.Records, wire.Record{SequenceNumber: fmt.Sprintf("%056d", i+1), PartitionKey: fmt.Sprintf("HS%032d", i%sims), Data: []byte(text)})
			}
			cfg := DefaultConfig()
			s := &shard{
				cfg: cfg, dispatcher: doneAtOnce{}, burier: doneAtOnce{}, log: zap.NewNop(), budget: newBudget(newPool(1<<40), 1<<40), pages: newPages(1 << 20),
				source: &source{resume: checkpoint.Position{SequenceNumber: checkpoint.TrimHorizon}},
				cutter: cutter{stream: "s", shard: "x"}, tracker: checkpoint.NewTracker(checkpoint.Position{}),
				work: b.Context(), batches: batches{observer: observer},
			}
			s.lanes = newLanes(cfg.Lanes, s.handle)
			var before, after syscall.Rusage
			_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				s.accept(b.Context(), page)
				for s.tracker.Pending() > 0 {
					time.Sleep(10 * time.Microsecond)
				}
				n += records
			}
			_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
			cpu := time.Duration(after.Utime.Nano() - before.Utime.Nano() + after.Stime.Nano() - before.Stime.Nano())
			b.ReportMetric(float64(cpu.Nanoseconds())/float64(n), "cpu-ns/record")
		})
	}
}
